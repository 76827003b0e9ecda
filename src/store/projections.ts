import type { Store } from './database.ts'
import { serverNow } from './transaction.ts'

/** What was last written to GitHub about a subject. */
export type Projection = {
  /** The thing it is about, as in `comment:42:7` or `check:12:production:<head>`. */
  readonly subject: string
  /** GitHub's id of the comment, check run or reaction; null where it has none. */
  readonly githubId: number | null
  /** The hash of what was written: equal means there is nothing to send. */
  readonly hash: string
  readonly writtenAt: Date
}

export async function findProjection(store: Store, subject: string): Promise<Projection | null> {
  const row = await store
    .selectFrom('projection')
    .selectAll()
    .where('subject', '=', subject)
    .executeTakeFirst()
  if (!row) return null
  const { github_id, hash, written_at } = row
  return { subject, githubId: github_id, hash, writtenAt: written_at }
}

/** Remembers what was written. */
export async function saveProjection(
  store: Store,
  { subject, githubId, hash }: Omit<Projection, 'writtenAt'>,
): Promise<void> {
  const values = { github_id: githubId, hash, written_at: serverNow }
  await store
    .insertInto('projection')
    .values({ subject, ...values })
    .onDuplicateKeyUpdate(values)
    .execute()
}

/** Forgets what was written: it is gone from GitHub, or must be written anew. */
export async function forgetProjection(store: Store, subject: string): Promise<void> {
  await store.deleteFrom('projection').where('subject', '=', subject).execute()
}
