import type { Problem } from '../file/forbidden.ts'
import type { Token } from '../tokens.ts'

/** Why a statement is not run: it leaves the tables and views of the schema as they are. */
export type SkipReason =
  /** It reads or changes rows. */
  | 'rows'
  /** It makes or drops a stored program or a sequence, which are no part of what is deployed. */
  | 'program'
  /** It is about accounts and their rights. */
  | 'account'
  /** It is about a temporary table. */
  | 'temporary'
  /** It makes or chooses the one schema that everything is about. */
  | 'schema'
  /** It sets up the session, or begins or ends a transaction. */
  | 'session'

/** What becomes of a statement. */
export type Verdict =
  | { readonly kind: 'run' }
  | { readonly kind: 'skip'; readonly reason: SkipReason }
  | { readonly kind: 'refuse'; readonly problem: Problem }

export const RUN: Verdict = { kind: 'run' }

export function skip(reason: SkipReason): Verdict {
  return { kind: 'skip', reason }
}

export function refuse(token: Token | undefined, what: string, next: string): Verdict {
  return { kind: 'refuse', problem: { token, what, next } }
}

/** Run, unless there is a problem. */
export function runUnless(problem: Problem | null): Verdict {
  return problem ? { kind: 'refuse', problem } : RUN
}

/** Skipped, unless there is a problem. */
export function skipUnless(problem: Problem | null, reason: SkipReason): Verdict {
  return problem ? { kind: 'refuse', problem } : skip(reason)
}
