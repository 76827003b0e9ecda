/** What a line of the log may carry beside its message; never a payload, a credential or row values. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Where the bot says what it does: one JSON object per line. */
export type Log = {
  readonly info: (message: string, fields?: LogFields) => void
  readonly warn: (message: string, fields?: LogFields) => void
  /** For our own bugs: the stack is in the log and nowhere else. */
  readonly error: (message: string, error: unknown, fields?: LogFields) => void
}

/** A log that writes lines with `write`, stamped by `now`. */
export function createLog(write: (line: string) => void, now: () => Date): Log {
  const line = (level: string, message: string, fields: LogFields) =>
    write(`${JSON.stringify({ at: now().toISOString(), level, message, ...fields })}\n`)
  return {
    info: (message, fields = {}) => line('info', message, fields),
    warn: (message, fields = {}) => line('warn', message, fields),
    error: (message, error, fields = {}) =>
      line('error', message, { ...fields, ...describeError(error) }),
  }
}

/** An error as fields of a log line: name, message, code and stack, and those of its cause. */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) }
  const code = 'code' in error ? String(error.code) : undefined
  const cause = error.cause instanceof Error ? error.cause.message : undefined
  return { error: `${error.name}: ${error.message}`, code, cause, stack: error.stack }
}
