import { describe, expect } from 'vitest'
import { DEPLOYMENT_STATES, type DeploymentEvent } from '../../src/deploy/deployment.ts'
import { digestOf } from '../../src/deploy/digest.ts'
import type { DeploymentProgress } from '../../src/deploy/progress.ts'
import { Refusal } from '../../src/errors.ts'
import { listAudit } from '../../src/store/audit.ts'
import type { Store } from '../../src/store/database.ts'
import { listUnprojected, markProjected } from '../../src/store/deploy-requests.ts'
import {
  applyEvent,
  createDeployment,
  currentDeployment,
  findDeployment,
  listDeploymentsIn,
  planAgain,
  recordFact,
  type StoredDeployment,
  saveProgress,
} from '../../src/store/deployments.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { ALICE, AT, aRequest, ENGINE, LATER, test } from './a-store.ts'

const PLAN = digestOf({ statements: ['x'], liveFingerprint: 'f', engineOptions: {} })
const SETTINGS = { autoCutover: false, revertWindowMs: 1_800_000 }
const FAILURE = { code: 'DUPLICATE_KEY', message: 'Two rows.', next: 'Remove one.' } as const

const TO_SWAPPED: readonly DeploymentEvent[] = [
  { type: 'checked', at: AT, result: { kind: 'ready', plan: PLAN } },
  { type: 'enqueued', at: AT, ...SETTINGS },
  { type: 'submitted', at: AT },
  { type: 'started', at: AT },
  { type: 'in_sync', verifiedRows: 1, at: AT },
  { type: 'cutover_requested', at: AT },
  { type: 'swapped', at: AT, revertUntil: LATER },
]

describe('applyEvent', () => {
  test('keeps every field of every state it passes', async ({ store }) => {
    const ends: readonly (readonly DeploymentEvent[])[] = [
      [{ type: 'checked', at: AT, result: { kind: 'no_changes' } }],
      [{ type: 'checked', at: AT, result: { kind: 'error', errors: [FAILURE] } }],
      [...TO_SWAPPED.slice(0, 4), { type: 'failed', at: AT, failure: FAILURE }],
      [...TO_SWAPPED, { type: 'revert_impossible', at: AT, reason: 'A row is too long.' }],
      [
        ...TO_SWAPPED,
        { type: 'revert_requested', at: AT },
        { type: 'revert_failed', at: AT, failure: FAILURE },
      ],
      [...TO_SWAPPED, { type: 'revert_window_closed', at: LATER }],
    ]

    for (const [index, events] of ends.entries()) {
      let stored = await aDeployment(store, index + 1)
      for (const event of events) {
        stored = await applyEvent(store, stored, event, ENGINE)
        expect(await findDeployment(store, stored.id)).toEqual(stored)
      }
    }
  })

  test('STATE-1: lets one of two writers through, and records only that one', async ({ store }) => {
    const seen = await aDeployment(store)
    const ready: DeploymentEvent = {
      type: 'checked',
      at: AT,
      result: { kind: 'ready', plan: PLAN },
    }
    const refused: DeploymentEvent = { type: 'checked', at: AT, result: { kind: 'no_changes' } }

    const outcomes = await Promise.allSettled([
      applyEvent(store, seen, ready, ALICE),
      applyEvent(store, seen, refused, ENGINE),
    ])

    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? codeOf(outcome) : ''))
    expect(codes.sort()).toEqual(['', 'STALE_WRITE'])
    const audit = await listAudit(store, seen.deployRequestId)
    expect(audit.filter(({ action }) => action === 'checked')).toHaveLength(1)
    expect(await findDeployment(store, seen.id)).toMatchObject({ version: 2 })
  })

  test('records who did what, from where, under which plan', async ({ store }) => {
    const stored = await walk(store, TO_SWAPPED.slice(0, 1))

    await applyEvent(store, stored, { type: 'enqueued', at: LATER, ...SETTINGS }, ALICE)

    expect((await listAudit(store, stored.deployRequestId)).at(-1)).toEqual({
      deployRequestId: stored.deployRequestId,
      deploymentId: stored.id,
      at: LATER,
      by: ALICE,
      action: 'enqueued',
      digest: PLAN,
      state: 'queued',
      detail: SETTINGS,
    })
  })

  test('changes and records nothing when a fact is told again', async ({ store }) => {
    const stored = await walk(store, TO_SWAPPED)
    const before = await listAudit(store, stored.deployRequestId)

    const again = await applyEvent(store, stored, { type: 'started', at: LATER }, ENGINE)

    expect(again).toBe(stored)
    expect(await listAudit(store, stored.deployRequestId)).toEqual(before)
  })

  test('leaves nothing behind when the transaction around it fails', async ({ store }) => {
    const stored = await aDeployment(store)
    const work = inTransaction(store, async (trx) => {
      await applyEvent(
        trx,
        stored,
        { type: 'checked', at: AT, result: { kind: 'no_changes' } },
        ALICE,
      )
      throw new RangeError('later')
    })

    await expect(work).rejects.toThrow('later')
    expect(await findDeployment(store, stored.id)).toEqual(stored)
    expect(await listAudit(store, stored.deployRequestId)).toHaveLength(2)
  })

  test('puts the deploy request on the projector’s list', async ({ store }) => {
    const stored = await aDeployment(store)
    for (const seen of await listUnprojected(store, 10)) await markProjected(store, seen)

    await applyEvent(
      store,
      stored,
      { type: 'checked', at: LATER, result: { kind: 'no_changes' } },
      ALICE,
    )

    expect(await listUnprojected(store, 10)).toMatchObject([{ id: stored.deployRequestId }])
  })
})

describe('recordFact', () => {
  test('goes through whoever writes at the same time', async ({ store }) => {
    const stored = await walk(store, TO_SWAPPED.slice(0, 4))
    const toggles = [1, 2, 3, 4].map((minute) =>
      recordFact(
        store,
        stored.id,
        { type: 'revert_window_set', at: LATER, revertWindowMs: minute * 60_000 },
        ALICE,
      ),
    )

    await Promise.all([
      ...toggles,
      recordFact(store, stored.id, { type: 'in_sync', verifiedRows: 1, at: LATER }, ENGINE),
    ])

    const end = await findDeployment(store, stored.id)
    expect(end?.deployment.state).toBe('pending_cutover')
    expect(end?.version).toBe(stored.version + 5)
  })

  test('refuses what cannot have happened', async ({ store }) => {
    const { id } = await aDeployment(store)

    const refused = recordFact(store, id, { type: 'in_sync', verifiedRows: 1, at: AT }, ENGINE)

    await expect(refused).rejects.toMatchObject({ code: 'DEPLOY_STATE' })
  })
})

describe('planAgain', () => {
  test('takes the same deployment before it ran and a new one after', async ({ store }) => {
    const ready = await walk(store, TO_SWAPPED.slice(0, 1))
    const by = { at: LATER, by: ALICE }

    const same = await planAgain(store, ready.deployRequestId, SETTINGS, by)
    const ran = await walkFrom(store, same, [
      ...TO_SWAPPED,
      { type: 'revert_window_closed', at: LATER },
    ])
    const next = await planAgain(store, ready.deployRequestId, SETTINGS, by)

    expect(same).toMatchObject({ id: ready.id, deployment: { state: 'pending' } })
    expect(next).toMatchObject({ deployment: { state: 'pending', attempt: 0 } })
    expect(next?.id).toBeGreaterThan(ran.id)
    expect(await currentDeployment(store, ready.deployRequestId)).toEqual(next)
  })

  test('leaves a deployment alone that the engine is at work on', async ({ store }) => {
    const copying = await walk(store, TO_SWAPPED.slice(0, 4))
    const by = { at: LATER, by: ALICE }

    expect(await planAgain(store, copying.deployRequestId, SETTINGS, by)).toBeNull()
    expect(await currentDeployment(store, copying.deployRequestId)).toEqual(copying)
  })

  test('lets the queue go on that a failed deployment was blocking', async ({ store }) => {
    const failed = await walk(store, [
      ...TO_SWAPPED.slice(0, 4),
      { type: 'failed', at: AT, failure: FAILURE },
    ])

    await planAgain(store, failed.deployRequestId, SETTINGS, { at: LATER, by: ALICE })

    expect(await findDeployment(store, failed.id)).toMatchObject({
      deployment: { state: 'complete_error', blocksQueue: false },
    })
  })
})

describe('saveProgress', () => {
  test('keeps what the engine last said and leaves the version to the states', async ({
    store,
  }) => {
    const stored = await walk(store, TO_SWAPPED.slice(0, 4))
    const progress: DeploymentProgress = {
      phase: 'copying',
      rowsCopied: 10,
      rowsEstimated: 20,
      rowsPerSecond: 5,
      etaSeconds: 2,
      lagMs: 40,
      verified: null,
      throttledBy: 'commit latency: 340 ms, limit 100 ms',
      tables: [{ table: 'orders', rowsCopied: 10, rowsEstimated: 20 }],
    }

    await saveProgress(store, stored, progress, LATER)
    const moved = await applyEvent(
      store,
      stored,
      { type: 'in_sync', verifiedRows: 1, at: LATER },
      ENGINE,
    )

    expect(await findDeployment(store, stored.id)).toEqual({ ...moved, progress })
  })
})

describe('listDeploymentsIn', () => {
  test('gives those in the states, the longest queued first', async ({ store }) => {
    const [enqueued] = [TO_SWAPPED[1]]
    if (enqueued?.type !== 'enqueued') throw new Error('the second event has changed')
    const late = await walkFrom(store, await aDeployment(store, 1), [
      ...TO_SWAPPED.slice(0, 1),
      { ...enqueued, at: LATER },
    ])
    const early = await walkFrom(store, await aDeployment(store, 2), TO_SWAPPED.slice(0, 2))
    await aDeployment(store, 3)

    expect(await listDeploymentsIn(store, ['queued'])).toEqual([early, late])
    expect(await listDeploymentsIn(store, DEPLOYMENT_STATES)).toHaveLength(3)
  })
})

async function aDeployment(store: Store, pullRequest = 1): Promise<StoredDeployment> {
  const { id } = await aRequest(store, { pullRequest })
  return createDeployment(store, id, SETTINGS, { at: AT, by: ALICE })
}

async function walk(store: Store, events: readonly DeploymentEvent[]): Promise<StoredDeployment> {
  return walkFrom(store, await aDeployment(store), events)
}

async function walkFrom(
  store: Store,
  start: StoredDeployment | null,
  events: readonly DeploymentEvent[],
): Promise<StoredDeployment> {
  if (!start) throw new Error('there is no deployment to begin with')
  let stored = start
  for (const event of events) stored = await applyEvent(store, stored, event, ENGINE)
  return stored
}

function codeOf({ reason }: PromiseRejectedResult): string {
  if (reason instanceof Refusal) return reason.code
  throw reason
}
