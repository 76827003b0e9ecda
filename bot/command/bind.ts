import { type CommitSha, shortSha } from '../../src/deploy/request.ts'
import { Refusal } from '../../src/errors.ts'

/** What the plan was made of. */
export type Reviewed = { readonly head: CommitSha; readonly filesDigest: string }

/** The pull request's head, and on demand the digest of its schema files; null when GitHub cannot list them all. */
export type HeadNow = {
  readonly sha: CommitSha
  readonly filesDigest: () => Promise<string | null>
}

/**
 * Binds a command to the plan that was reviewed, and gives the head that the plan is of now.
 *
 * A head that moved without a change of the schema has the same plan, so the command goes on silently.
 *
 * @throws {Refusal} PLAN_CHANGED with both commits.
 */
export async function bindHead(
  reviewed: Reviewed,
  now: HeadNow,
  at: string | null,
): Promise<CommitSha> {
  const named = [reviewed.head, now.sha].some((sha) => at === null || sha.startsWith(at))
  if (!named) {
    throw changed(`The command is for \`${at}\`, the pull request is at \`${shortSha(now.sha)}\`.`)
  }
  if (now.sha === reviewed.head) return now.sha
  const digest = await now.filesDigest()
  if (digest === reviewed.filesDigest) return now.sha
  const moved = `The plan is of \`${shortSha(reviewed.head)}\`, the pull request is at \`${shortSha(now.sha)}\``
  throw changed(
    digest === null
      ? `${moved}, and GitHub does not list all schema files of it.`
      : `${moved} and its schema files differ.`,
  )
}

function changed(message: string): Refusal {
  return new Refusal('PLAN_CHANGED', message, {
    next: 'Wait until the Action has brought the plan up to date, look at it, and give the command again.',
  })
}
