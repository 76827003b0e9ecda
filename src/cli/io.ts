/** What a command of the CLI gets from its process, so that tests can run it in their own. */
export type CommandIo = {
  /** Prints one line to standard output. */
  readonly out: (line: string) => void
  /** Prints one line to standard error. */
  readonly err: (line: string) => void
  /** Standard input, line by line; read only by commands that take orders while they run. */
  readonly lines: AsyncIterable<string>
  /** Calls `handler` at every Ctrl-C; once it is set, Ctrl-C no longer ends the process by itself. */
  readonly onInterrupt: (handler: () => void) => void
  readonly env: Readonly<Record<string, string | undefined>>
}
