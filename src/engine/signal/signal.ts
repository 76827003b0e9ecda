import { Refusal } from '../../errors.ts'
import { codeOf, errnoOf, isDenied } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'

/**
 * One number that says how busy the server or a replica is. Above its limit the row copy pauses; a number that cannot be
 * read pauses it too.
 */
export type Signal = {
  /** What is measured and where, for people: `replica lag of db2.example:3306`. Never a user or a password. */
  readonly name: string
  readonly limit: number
  readonly unit: 'milliseconds' | 'count'
  /** How often it is read while the copy is running. */
  readonly everyMs: number
  /** Connects; the session is used for this signal alone. */
  readonly open: () => Promise<Session>
  /** @throws {Unreadable} or what the server throws. */
  readonly read: (session: Session) => Promise<number>
  /** Whether it can ever be read, asked before the deployment has made anything; throws as `read` does. */
  readonly probe: (session: Session) => Promise<unknown>
  /** What to do when it cannot be read: one imperative sentence. */
  readonly next: string
}

/** Why a number cannot be read, in words: `no heartbeat has arrived`. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

/** What the server's own errors mean for somebody who asks for a number. */
const WORDS: Readonly<Record<number, string>> = {
  1045: 'the server refuses the user or the password',
  1054: 'it names an unknown column',
  1064: 'the server does not understand it',
  1146: 'it names an unknown table',
  1241: 'it gives more than one column',
  1242: 'it gives more than one row',
  1305: 'it names an unknown function',
  1792: 'it writes',
  1969: 'it takes too long',
  3024: 'it takes too long',
}

/** Why reading failed, without the driver's text, which may quote a statement or an account. */
export function reasonOf(error: unknown): string {
  if (error instanceof Unreadable) return error.message
  // A connection that is refused has the driver's error as its cause.
  const cause = error instanceof Refusal ? error.cause : error
  if (isDenied(cause)) return 'the account may not read it'
  const errno = errnoOf(cause)
  if (errno !== null) return WORDS[errno] ?? `the server answers with error ${errno}`
  return `no answer (${codeOf(cause) ?? 'unknown error'})`
}

/** Why the copy must pause by this number; null when it need not. */
export function excess({ name, limit, unit }: Signal, value: number): string | null {
  if (value <= limit) return null
  return `${name}: ${inWords(value, unit)}, limit ${inWords(limit, unit)}`
}

function inWords(value: number, unit: Signal['unit']): string {
  if (unit === 'count') return value.toLocaleString('en')
  return value < 1_000 ? `${Math.round(value)} ms` : `${Math.round(value / 100) / 10} s`
}
