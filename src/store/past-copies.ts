import type { PastCopy } from '../deploy/forecast.ts'
import type { Plan } from '../deploy/plan.ts'
import type { DeploymentProgress } from '../deploy/progress.ts'
import type { DeployRequest } from '../deploy/request.ts'
import type { Store } from './database.ts'

/** As many of the last deployments as say something about the next one. */
const MOST = 20

/** The last deployments of the same branch that came to be in sync, newest first; instant ones copy nothing. */
export async function listPastCopies(
  store: Store,
  { repository, database, branch }: Pick<DeployRequest, 'repository' | 'database' | 'branch'>,
): Promise<readonly PastCopy[]> {
  const rows = await store
    .selectFrom('deployment as d')
    .innerJoin('deploy_request as r', 'r.id', 'd.deploy_request_id')
    .innerJoin('plan as p', 'p.digest', 'd.plan_digest')
    .select(['d.started_at', 'd.ready_to_cutover_at', 'd.progress', 'p.body'])
    .where('r.repository_id', '=', repository.id)
    .where('r.database_name', '=', database)
    .where('r.branch_name', '=', branch)
    .where('d.started_at', 'is not', null)
    .where('d.ready_to_cutover_at', 'is not', null)
    .where('d.progress', 'is not', null)
    .orderBy('d.id', 'desc')
    .limit(MOST)
    .execute()
  return rows.flatMap(({ started_at, ready_to_cutover_at, progress, body }) => {
    if (!started_at || !ready_to_cutover_at || progress === null) return []
    // Sound: both are written by this room alone, from values of these types.
    const { rowsCopied } = JSON.parse(progress) as DeploymentProgress
    const { operations } = JSON.parse(body) as Plan
    const copied = operations.filter(({ kind }) => kind === 'alter')
    const bytes = copied.reduce((sum, { bytesEstimated }) => sum + (bytesEstimated ?? 0), 0)
    const seconds = (ready_to_cutover_at.getTime() - started_at.getTime()) / 1_000
    return rowsCopied > 0 && seconds > 0 ? [{ rows: rowsCopied, bytes, seconds }] : []
  })
}
