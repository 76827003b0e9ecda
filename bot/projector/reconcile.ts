import { createHash } from 'node:crypto'
import type { Check } from '../../src/render/check.ts'
import type { Markdown } from '../../src/render/markdown.ts'
import type { Store } from '../../src/store/database.ts'
import { findProjection, saveProjection } from '../../src/store/projections.ts'
import type { PullRequestRef } from '../events.ts'
import type { Parts } from '../parts.ts'
import type { Reaction, RepositoryClient } from './github.ts'

/** Where something is written. */
export type Place = { readonly client: RepositoryClient; readonly pull: PullRequestRef }

/** The name of the required check. */
export const CHECK_NAME = 'schema'

/** What the store calls the check of a commit. */
export function checkSubject(repositoryId: number, headSha: string): string {
  return `check:${repositoryId}:${headSha}:${CHECK_NAME}`
}

/** What the store calls the living comment of a pull request. */
export function commentSubject(pull: { readonly repositoryId: number; readonly number: number }) {
  return `comment:${pull.repositoryId}:${pull.number}`
}

/** Makes the required check of a commit show `check`. */
export async function writeCheck(
  { store, pullRequestUrl }: Parts,
  { client, pull, headSha }: Place & { readonly headSha: string },
  check: Check,
): Promise<void> {
  const run = { name: CHECK_NAME, headSha, check, detailsUrl: pullRequestUrl(pull) }
  await reconcile(store, checkSubject(pull.repositoryId, headSha), check, async (id) => {
    if (id === null) return await client.createCheck(run)
    await client.updateCheck(id, run)
    return id
  })
}

/** Makes the living comment of a pull request show `body`; one that somebody deleted is written anew. */
export async function writeComment(
  { store }: Parts,
  { client, pull, quiet }: Place & { readonly quiet: boolean },
  body: Markdown,
): Promise<void> {
  if (quiet && !(await findProjection(store, commentSubject(pull)))) return
  await reconcile(store, commentSubject(pull), body, async (id) => {
    if (id !== null && (await client.updateComment(id, body))) return id
    return await client.createComment(pull.number, body)
  })
}

/** Posts a comment that is never changed, once per subject. */
export async function writeReceipt(
  { store }: Parts,
  { client, pull, subject }: Place & { readonly subject: string },
  body: Markdown,
): Promise<void> {
  if (await findProjection(store, subject)) return
  await reconcile(store, subject, body, () => client.createComment(pull.number, body))
}

/** Adds a reaction to a comment, once. */
export async function writeReaction(
  { store }: Parts,
  { client, pull }: Place,
  { commentId, content }: { readonly commentId: number; readonly content: Reaction },
): Promise<void> {
  const subject = `reaction:${pull.repositoryId}:${commentId}:${content}`
  await reconcile(store, subject, content, async () => {
    await client.react(commentId, content)
    return null
  })
}

/** Calls GitHub when `value` is not what was written last, and remembers what was written. */
async function reconcile(
  store: Store,
  subject: string,
  value: unknown,
  write: (githubId: number | null) => Promise<number | null>,
): Promise<void> {
  const hash = createHash('sha256').update(JSON.stringify(value)).digest('hex')
  const written = await findProjection(store, subject)
  if (written?.hash === hash) return
  const githubId = await write(written?.githubId ?? null)
  await saveProjection(store, { subject, githubId, hash })
}
