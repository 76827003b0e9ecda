import type { DeploymentState, Failure } from './deployment.ts'
import type { PlanDigest } from './digest.ts'
import type { PlannedOperation } from './plan.ts'
import type { CommitSha, DeployRequestNumber } from './request.ts'

/** Each table's name with its canonical `CREATE TABLE`. */
export type CanonicalSchema = Readonly<Record<string, string>>

/**
 * What the Action sends to the bot for one database of a pull request. Who sends it, for which repository,
 * and for which pull request comes from the OIDC token alone.
 */
export type Submission = {
  readonly version: 1
  readonly database: string
  readonly headSha: CommitSha
  readonly baseSha: CommitSha
  /** The schema in the pull request's base, and the one in its head. */
  readonly baseSchema: CanonicalSchema
  readonly wantedSchema: CanonicalSchema
  /** The digest of the schema files of the head: lets the bot tell whether a later commit changed one. */
  readonly filesDigest: string
}

/** What the bot answers. */
export type SubmissionAnswer = {
  readonly version: 1
  readonly number: DeployRequestNumber
  readonly branch: string
  readonly state: DeploymentState
  /** The page of the deploy request. */
  readonly url: string
  /** Null when there is no plan: nothing to change, or the check failed. */
  readonly digest: PlanDigest | null
  readonly operations: readonly PlannedOperation[]
  /** Why the check failed; empty otherwise. */
  readonly errors: readonly Failure[]
  /** The living comment; null while it is not posted yet. */
  readonly commentUrl: string | null
}

/** Limits of a submission; the bot refuses what exceeds them before it looks at anything else. */
export const SUBMISSION_LIMITS = {
  tables: 5000,
  bytesPerTable: 512 * 1024,
  bytes: 16 * 1024 * 1024,
} as const

/** @throws {Refusal} INPUT_INVALID naming the field, PAYLOAD_TOO_LARGE naming the limit. */
export function parseSubmission(_json: unknown): Submission {
  throw new Error('not yet')
}

/** @throws {Refusal} INPUT_INVALID naming the field: the bot is not one that this Action understands. */
export function parseSubmissionAnswer(_json: unknown): SubmissionAnswer {
  throw new Error('not yet')
}

/** The digest of a set of files by path and git blob SHA, whatever their order. */
export function filesDigest(
  _files: readonly { readonly path: string; readonly sha: string }[],
): string {
  throw new Error('not yet')
}
