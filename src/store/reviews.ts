import type { PlanDigest } from '../deploy/digest.ts'
import type { Acceptance, Review } from '../deploy/review.ts'
import type { Store } from './database.ts'

/** The line of the record by which somebody accepts what a rule found in a plan. */
export const ACCEPTED = 'accepted'

/** What such a line says besides who, when and of which plan. */
export type AcceptedDetail = Pick<Acceptance, 'rule' | 'reason'>

/** A plan of a deploy request. */
export type ReviewKey = { readonly deployRequestId: number; readonly digest: PlanDigest }

/** Keeps what is said of a plan. Acceptances are lines of the record, which `recordAction` adds. */
export async function saveReview(
  store: Store,
  { deployRequestId, digest }: ReviewKey,
  { lint, diagram }: Omit<Review, 'acceptances'>,
  at: Date,
): Promise<void> {
  const values = { body: JSON.stringify({ lint, diagram }), updated_at: at }
  await store
    .insertInto('review')
    .values({ deploy_request_id: deployRequestId, plan_digest: digest, ...values })
    .onDuplicateKeyUpdate(values)
    .execute()
}

/** Null for a plan that was made before there were reviews. */
export async function findReview(
  store: Store,
  { deployRequestId, digest }: ReviewKey,
): Promise<Review | null> {
  const row = await store
    .selectFrom('review')
    .select('body')
    .where('deploy_request_id', '=', deployRequestId)
    .where('plan_digest', '=', digest)
    .executeTakeFirst()
  if (!row) return null
  const acceptances = await listAcceptances(store, { deployRequestId, digest })
  // Sound: `body` is written by `saveReview` alone.
  return { ...(JSON.parse(row.body) as Omit<Review, 'acceptances'>), acceptances }
}

async function listAcceptances(
  store: Store,
  { deployRequestId, digest }: ReviewKey,
): Promise<readonly Acceptance[]> {
  const lines = await store
    .selectFrom('audit')
    .select(['actor', 'detail'])
    .where('deploy_request_id', '=', deployRequestId)
    .where('plan_digest', '=', digest)
    .where('action', '=', ACCEPTED)
    .orderBy('id')
    .execute()
  const given = lines.map(({ actor, detail }) => {
    // Sound: lines with this action are written with this detail.
    const { rule, reason } = JSON.parse(detail ?? '{}') as AcceptedDetail
    return [rule, { rule, reason, by: actor }] as const
  })
  return [...new Map(given).values()]
}
