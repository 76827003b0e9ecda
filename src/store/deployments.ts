import { sql } from 'kysely'
import {
  type Deployment,
  type DeploymentEvent,
  type DeploymentSettings,
  type DeploymentState,
  newDeployment,
  planOf,
} from '../deploy/deployment.ts'
import type { DeploymentProgress } from '../deploy/progress.ts'
import type { By } from '../deploy/request.ts'
import { mayHappen, transition } from '../deploy/transition.ts'
import { Refusal } from '../errors.ts'
import { recordAction } from './audit.ts'
import type { DeploymentRow, Store } from './database.ts'
import { toColumns, toDeployment } from './deployment-row.ts'
import { inTransaction } from './transaction.ts'

/** A deployment as stored; `version` guards against two writers. */
export type StoredDeployment = {
  readonly id: number
  readonly deployRequestId: number
  readonly version: number
  readonly deployment: Deployment
  /** What the engine last said; null before it said something. */
  readonly progress: DeploymentProgress | null
}

/** A deployment at its beginning; it becomes the current one of its deploy request. */
export async function createDeployment(
  store: Store,
  deployRequestId: number,
  settings: DeploymentSettings,
  { at, by }: { readonly at: Date; readonly by: By },
): Promise<StoredDeployment> {
  return inTransaction(store, async (trx) => {
    await touch(trx, deployRequestId, at)
    const deployment = newDeployment(settings, at)
    const { insertId } = await trx
      .insertInto('deployment')
      .values({
        deploy_request_id: deployRequestId,
        version: 1,
        created_at: at,
        progress: null,
        ...toColumns(deployment),
      })
      .executeTakeFirstOrThrow()
    const id = Number(insertId)
    const { state } = deployment
    const entry = { deployRequestId, deploymentId: id, at, by, state, detail: settings }
    await recordAction(trx, { ...entry, action: 'created' })
    return { id, deployRequestId, version: 1, deployment, progress: null }
  })
}

/**
 * Moves a deployment on and records who did it, in one transaction.
 * A fact that is told again changes nothing and is not recorded again.
 *
 * @throws {Refusal} DEPLOY_STATE when the event cannot happen now, STALE_WRITE when another writer was first.
 */
export async function applyEvent(
  store: Store,
  stored: StoredDeployment,
  event: DeploymentEvent,
  by: By,
): Promise<StoredDeployment> {
  const deployment = transition(stored.deployment, event)
  if (deployment === stored.deployment) return stored
  const version = stored.version + 1
  await inTransaction(store, async (trx) => {
    await touch(trx, stored.deployRequestId, event.at)
    const { numUpdatedRows } = await trx
      .updateTable('deployment')
      .set({ ...toColumns(deployment), version })
      .where('id', '=', stored.id)
      .where('version', '=', stored.version)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) {
      throw new Refusal('STALE_WRITE', 'Another command changed the deployment first.', {
        next: 'Look at its state and give the command again.',
      })
    }
    const { type, at, ...detail } = event
    await recordAction(trx, {
      deployRequestId: stored.deployRequestId,
      deploymentId: stored.id,
      at,
      by,
      action: type,
      digest: planOf(deployment),
      state: deployment.state,
      detail,
    })
  })
  return { ...stored, version, deployment }
}

const ATTEMPTS = 10

/**
 * {@link applyEvent} on whatever the deployment is now: for facts, which are true whoever wrote first.
 *
 * @throws {Refusal} DEPLOY_STATE when the event cannot happen now.
 */
export async function recordFact(
  store: Store,
  id: number,
  event: DeploymentEvent,
  by: By,
): Promise<StoredDeployment> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await applyEvent(store, await requireDeployment(store, id), event, by)
    } catch (error) {
      const stale = error instanceof Refusal && error.code === 'STALE_WRITE'
      if (!stale || attempt === ATTEMPTS) throw error
    }
  }
}

/**
 * Makes the deploy check of a request due again: the current deployment goes back to `pending`, or a new one
 * follows one that has run. Null while the engine is at work on the current one: that goes on with its plan.
 */
export async function planAgain(
  store: Store,
  deployRequestId: number,
  settings: DeploymentSettings,
  { at, by }: { readonly at: Date; readonly by: By },
): Promise<StoredDeployment | null> {
  return inTransaction(store, async (trx) => {
    const current = await currentDeployment(trx, deployRequestId)
    if (!current) return createDeployment(trx, deployRequestId, settings, { at, by })
    if (mayHappen(current.deployment, 'replanned')) {
      return applyEvent(trx, current, { type: 'replanned', at }, by)
    }
    if (!ENDED.has(current.deployment.state)) return null
    if (mayHappen(current.deployment, 'unblocked')) {
      await applyEvent(trx, current, { type: 'unblocked', at }, by)
    }
    return createDeployment(trx, deployRequestId, settings, { at, by })
  })
}

/** The states of a deployment that has run and of which the engine holds nothing more. */
const ENDED: ReadonlySet<DeploymentState> = new Set([
  'complete',
  'complete_cancel',
  'complete_error',
  'complete_revert',
])

/** Keeps what the engine last said. It is not versioned: the deployment's lease says who may write it. */
export async function saveProgress(
  store: Store,
  { id, deployRequestId }: Pick<StoredDeployment, 'id' | 'deployRequestId'>,
  progress: DeploymentProgress,
  at: Date,
): Promise<void> {
  await inTransaction(store, async (trx) => {
    await touch(trx, deployRequestId, at)
    await trx
      .updateTable('deployment')
      .set({ progress: JSON.stringify(progress) })
      .where('id', '=', id)
      .execute()
  })
}

export async function findDeployment(store: Store, id: number): Promise<StoredDeployment | null> {
  const row = await store
    .selectFrom('deployment')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row ? toStored(row) : null
}

/** The deployment with this id, which is known to exist. */
export async function requireDeployment(store: Store, id: number): Promise<StoredDeployment> {
  const stored = await findDeployment(store, id)
  if (!stored) throw new TypeError(`there is no deployment with the id ${id}`)
  return stored
}

/** The newest deployment of a deploy request; null before the first. */
export async function currentDeployment(
  store: Store,
  deployRequestId: number,
): Promise<StoredDeployment | null> {
  const row = await store
    .selectFrom('deployment')
    .selectAll()
    .where('deploy_request_id', '=', deployRequestId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ? toStored(row) : null
}

/** The deployments in these states; those that were queued first come first. */
export async function listDeploymentsIn(
  store: Store,
  states: readonly DeploymentState[],
): Promise<StoredDeployment[]> {
  const rows = await store
    .selectFrom('deployment')
    .selectAll()
    .where('state', 'in', [...states])
    .orderBy('queued_at')
    .orderBy('id')
    .execute()
  return rows.map(toStored)
}

/** Tells the projector that the request changed. Comes first in every transaction: it is the lock that orders them. */
async function touch(store: Store, deployRequestId: number, at: Date): Promise<void> {
  await store
    .updateTable('deploy_request')
    .set({ updated_at: at, revision: sql`revision + 1` })
    .where('id', '=', deployRequestId)
    .execute()
}

function toStored(row: DeploymentRow): StoredDeployment {
  return {
    id: row.id,
    deployRequestId: row.deploy_request_id,
    version: row.version,
    deployment: toDeployment(row),
    progress: row.progress === null ? null : toProgress(row.progress),
  }
}

/** Also one that an earlier version has written, which knew of no throttle. */
function toProgress(json: string): DeploymentProgress {
  // Sound: only saveProgress writes this column.
  const progress = JSON.parse(json) as Omit<DeploymentProgress, 'throttledBy'>
  return { throttledBy: null, ...progress }
}
