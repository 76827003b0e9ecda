import { type DeploymentState, ENGINE_STATES } from '../src/deploy/deployment.ts'
import type { PlannedOperation } from '../src/deploy/plan.ts'
import type { By } from '../src/deploy/request.ts'
import { Refusal } from '../src/errors.ts'
import { canonicalOf, parseView } from '../src/schema/view/view.ts'
import { requireDeployRequest } from '../src/store/deploy-requests.ts'
import { applyEvent, listDeploymentsIn, type StoredDeployment } from '../src/store/deployments.ts'
import { findPlan } from '../src/store/plans.ts'
import type { Bell } from './bell.ts'
import { underLease } from './lease.ts'
import type { Parts } from './parts.ts'

/** A deployment that waits or runs, as far as the queue needs to know it. */
export type Waiting = {
  readonly id: number
  readonly state: DeploymentState
  /** Names the production branch. */
  readonly branch: string
  /** The tables and views that it changes. */
  readonly tables: readonly string[]
  /** What the views that it makes read. */
  readonly reads: readonly string[]
  /** False for a failure that somebody has unblocked. */
  readonly blocks: boolean
}

/**
 * The deployment that may start now; null when none may. One runs per production branch, in the order of
 * queueing; one whose tables are swapped and that can still be reverted holds up only those that share a table, or have
 * a view of a table that the other changes.
 */
export function nextToRun(waiting: readonly Waiting[]): number | null {
  const held = new Set<string>()
  for (const { branch, state, blocks } of waiting) {
    if (blocks && state !== 'queued' && state !== 'complete_pending_revert') held.add(branch)
  }
  const revertable = waiting.filter(({ state }) => state === 'complete_pending_revert')
  for (const { id, state, branch, tables, reads } of waiting) {
    if (state !== 'queued' || held.has(branch)) continue
    const shares = revertable.some((other) => {
      const changed = [...tables, ...reads]
      const meets =
        other.tables.some((table) => changed.includes(table)) ||
        other.reads.some((table) => tables.includes(table))
      return other.branch === branch && meets
    })
    if (!shares) return id
    // Who waits for a revert window keeps its place: nobody behind it overtakes.
    held.add(branch)
  }
  return null
}

const POLL_MS = 500
const BOT: By = { actor: 'crossfade', via: 'bot' }

/** Drives one deployment until it is over or the signal is aborted; a rejection makes it start again later. */
export type Drive = (id: number, signal: AbortSignal) => Promise<void>

type Options = {
  readonly parts: Parts
  readonly bell: Bell
  /** Names this process, so that no other works on the same deployment. */
  readonly owner: string
  readonly drive: Drive
  readonly signal: AbortSignal
}

/**
 * Starts what is queued and drives what is under way, until the signal is aborted; then it waits until every
 * drive has stopped where it is. A deployment left behind by a process that died is taken over as soon as
 * its lease is over.
 */
export async function runScheduler(options: Options): Promise<void> {
  const { parts, bell, signal } = options
  const driving = new Map<number, Promise<void>>()
  while (!signal.aborted) {
    try {
      await look(options, driving)
    } catch (error) {
      parts.log.error('the scheduler could not look', error)
    }
    await bell.wait(POLL_MS, signal)
  }
  await Promise.all(driving.values())
}

async function look(options: Options, driving: Map<number, Promise<void>>): Promise<void> {
  for (const { id } of await listDeploymentsIn(options.parts.store, ENGINE_STATES)) {
    if (driving.has(id)) continue
    const drive = driveUnderLease(options, id).finally(() => driving.delete(id))
    driving.set(id, drive)
  }
  await startNext(options)
}

/** Takes one deployment out of the queue; the next look drives it. */
async function startNext({ parts, bell, owner }: Options): Promise<void> {
  const { store, clock, log } = parts
  const queued = await listDeploymentsIn(store, ['queued'])
  if (queued.length === 0) return
  // Two processes that see different queues must not start two on one branch.
  await underLease(parts, { name: 'queue', owner }, async () => {
    const stored = await listDeploymentsIn(store, [...ENGINE_STATES, 'queued', 'complete_error'])
    const next = nextToRun(await Promise.all(stored.map((one) => toWaiting(parts, one))))
    const chosen = stored.find(({ id }) => id === next)
    if (!chosen) return
    try {
      await applyEvent(store, chosen, { type: 'submitted', at: clock.now() }, BOT)
      log.info('submitted', { deployment: chosen.id })
      bell.ring()
    } catch (error) {
      // Somebody cancelled it at this very moment, which is as good an end.
      if (!(error instanceof Refusal)) throw error
    }
  })
}

async function toWaiting({ store }: Parts, { id, deployRequestId, deployment }: StoredDeployment) {
  const { repository, database, branch } = await requireDeployRequest(store, deployRequestId)
  const plan = 'plan' in deployment ? await findPlan(store, deployment.plan) : null
  return {
    id,
    state: deployment.state,
    branch: `${repository.id}/${database}/${branch}`,
    tables: plan?.operations.map(({ table }) => table) ?? [],
    reads: plan?.operations.flatMap(readBy) ?? [],
    blocks: deployment.state !== 'complete_error' || deployment.blocksQueue,
  }
}

function readBy({ kind, statement }: PlannedOperation): readonly string[] {
  const isMade = kind === 'create_view' || kind === 'replace_view'
  return isMade ? parseView(canonicalOf(statement)).uses : []
}

/** How long a deployment rests after a drive that the world made fail. */
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000] as const

async function driveUnderLease(options: Options, id: number): Promise<void> {
  const { parts, owner, signal } = options
  try {
    await underLease(parts, { name: `deployment:${id}`, owner, signal }, (held) =>
      driveToEnd(options, id, held),
    )
  } catch (error) {
    parts.log.error('a deployment could not be claimed', error, { deployment: id })
  }
}

async function driveToEnd(
  { parts, drive }: Options,
  id: number,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await drive(id, signal)
      return
    } catch (error) {
      if (signal.aborted) return
      const ms = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0
      parts.log.error('a deployment was interrupted', error, { deployment: id, retryMs: ms })
      // Being woken early means that it is over.
      await parts.clock.sleep(ms, { signal }).catch(() => undefined)
    }
  }
}
