import { describe, expect } from 'vitest'
import type { DeploymentEvent } from '../../src/deploy/deployment.ts'
import { makePlan } from '../../src/deploy/plan.ts'
import type { Store } from '../../src/store/database.ts'
import {
  applyEvent,
  createDeployment,
  requireDeployment,
  saveProgress,
} from '../../src/store/deployments.ts'
import { listPastCopies } from '../../src/store/past-copies.ts'
import { savePlan } from '../../src/store/plans.ts'
import { COPYING, CREATE, OPERATION } from '../render/a-view.ts'
import { ALICE, AT, aRequest, ENGINE, test } from './a-store.ts'

const SETTINGS = { autoCutover: false, revertWindowMs: null }
const STARTED = new Date('2026-03-01T12:00:00.000Z')
const IN_SYNC = new Date('2026-03-01T12:00:30.000Z')

describe('listPastCopies', () => {
  test('tells what was copied on the same branch, and how long it took', async ({ store }) => {
    const request = await aRequest(store)
    expect(await listPastCopies(store, request)).toEqual([])

    await deployed(store, request.id)
    await deployed(store, (await aRequest(store, { pullRequest: 8, branch: 'staging' })).id)

    expect(await listPastCopies(store, request)).toEqual([
      { rows: COPYING.rowsCopied, bytes: OPERATION.bytesEstimated, seconds: 30 },
    ])
  })

  test('leaves out what copied nothing or never was in sync', async ({ store }) => {
    const request = await aRequest(store)
    await deployed(store, request.id, { rowsCopied: 0 })
    await deployed(store, (await aRequest(store, { pullRequest: 8 })).id, { isInSync: false })

    expect(await listPastCopies(store, request)).toEqual([])
  })
})

async function deployed(
  store: Store,
  requestId: number,
  { rowsCopied = COPYING.rowsCopied, isInSync = true } = {},
): Promise<void> {
  const plan = makePlan([OPERATION, CREATE], { liveFingerprint: 'f', engineOptions: {} })
  await savePlan(store, plan, AT)
  const events: readonly DeploymentEvent[] = [
    { type: 'checked', at: STARTED, result: { kind: 'ready', plan: plan.digest } },
    { type: 'enqueued', at: STARTED, ...SETTINGS },
    { type: 'submitted', at: STARTED },
    { type: 'started', at: STARTED },
    ...(isInSync ? [{ type: 'in_sync', verifiedRows: 1, at: IN_SYNC } as const] : []),
  ]
  const { id } = await createDeployment(store, requestId, SETTINGS, { at: STARTED, by: ALICE })
  for (const event of events)
    await applyEvent(store, await requireDeployment(store, id), event, ENGINE)
  await saveProgress(store, { id, deployRequestId: requestId }, { ...COPYING, rowsCopied }, IN_SYNC)
}
