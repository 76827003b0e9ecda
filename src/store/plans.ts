import type { PlanDigest } from '../deploy/digest.ts'
import type { Plan, PlannedOperation } from '../deploy/plan.ts'
import { parseSubmission, type Submission } from '../deploy/submission.ts'
import type { Store } from './database.ts'
import { inTransaction } from './transaction.ts'

/** Keeps a plan under its digest. The same plan again brings its estimates up to date. */
export async function savePlan(store: Store, plan: Plan, at: Date): Promise<void> {
  const values = { body: JSON.stringify(plan), updated_at: at }
  await store
    .insertInto('plan')
    .values({ digest: plan.digest, ...values })
    .onDuplicateKeyUpdate(values)
    .execute()
}

export async function findPlan(store: Store, digest: PlanDigest): Promise<Plan | null> {
  const row = await store
    .selectFrom('plan')
    .select('body')
    .where('digest', '=', digest)
    .executeTakeFirst()
  // Sound: `body` is written by `savePlan` alone.
  return row ? withForecasts(JSON.parse(row.body) as Plan) : null
}

/** What a plan lacks that was kept before plans had forecasts. */
function withForecasts(plan: Plan): Plan {
  const operations = plan.operations.map((operation) => ({ ...UNFORESEEN, ...operation }))
  return { ...plan, operations }
}

const UNFORESEEN = {
  why: '',
  instant: null,
  losses: [],
  order: { first: 'either', why: '' },
  forecast: null,
} as const satisfies Partial<PlannedOperation>

/** Keeps the last submission of a deploy request, from which its plan can be made again at any time. */
export async function saveSubmission(
  store: Store,
  deployRequestId: number,
  submission: Submission,
  at: Date,
): Promise<void> {
  const values = {
    head_sha: submission.headSha,
    base_sha: submission.baseSha,
    files_digest: submission.filesDigest,
    base_schema: JSON.stringify(submission.baseSchema),
    wanted_schema: JSON.stringify(submission.wantedSchema),
    received_at: at,
  }
  const { suppressions, renames } = submission
  const detail = { body: JSON.stringify({ suppressions, renames }) }
  await inTransaction(store, async (trx) => {
    await trx
      .insertInto('submission_detail')
      .values({ deploy_request_id: deployRequestId, ...detail })
      .onDuplicateKeyUpdate(detail)
      .execute()
    await trx
      .insertInto('submission')
      .values({ deploy_request_id: deployRequestId, ...values })
      .onDuplicateKeyUpdate(values)
      .execute()
  })
}

export async function findSubmission(
  store: Store,
  deployRequestId: number,
): Promise<Submission | null> {
  const row = await store
    .selectFrom('submission as s')
    .innerJoin('deploy_request as r', 'r.id', 's.deploy_request_id')
    .select(['s.head_sha', 's.base_sha', 's.files_digest', 's.base_schema', 's.wanted_schema'])
    .leftJoin('submission_detail as d', 'd.deploy_request_id', 's.deploy_request_id')
    .select(['r.database_name', 'd.body'])
    .where('s.deploy_request_id', '=', deployRequestId)
    .executeTakeFirst()
  if (!row) return null
  return parseSubmission({
    version: 1,
    database: row.database_name,
    headSha: row.head_sha,
    baseSha: row.base_sha,
    filesDigest: row.files_digest,
    baseSchema: JSON.parse(row.base_schema),
    wantedSchema: JSON.parse(row.wanted_schema),
    ...JSON.parse(row.body ?? '{}'),
  })
}
