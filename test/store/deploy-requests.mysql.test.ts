import { describe, expect } from 'vitest'
import { makePlan } from '../../src/deploy/plan.ts'
import { type CommitSha, parseDeployRequestNumber } from '../../src/deploy/request.ts'
import type { Submission } from '../../src/deploy/submission.ts'
import { listAudit } from '../../src/store/audit.ts'
import {
  closeDeployRequest,
  findDeployRequest,
  findDeployRequestByNumber,
  listDeployRequests,
  listUnprojected,
  markProjected,
  openDeployRequest,
  projectAgain,
} from '../../src/store/deploy-requests.ts'
import { findPlan, findSubmission, savePlan, saveSubmission } from '../../src/store/plans.ts'
import { CREATE } from '../render/a-view.ts'
import { ALICE, AT, anOpening, aRequest, LATER, test } from './a-store.ts'

const NEW_HEAD = 'c'.repeat(40) as CommitSha

describe('openDeployRequest', () => {
  test('opens it with the next number, and finds it again by each of its names', async ({
    store,
  }) => {
    const { request, change } = await openDeployRequest(store, anOpening(), { at: AT, by: ALICE })

    expect(change).toBe('created')
    expect(request).toEqual({
      ...anOpening(),
      id: request.id,
      number: 1,
      state: 'open',
      createdAt: AT,
      updatedAt: AT,
      closedAt: null,
    })
    expect(await findDeployRequest(store, request.id)).toEqual(request)
    const key = { repositoryId: 42, database: 'shop', number: parseDeployRequestNumber(1) }
    expect(await findDeployRequestByNumber(store, key)).toEqual(request)
    expect(await findDeployRequestByNumber(store, { ...key, database: 'Shop' })).toBeNull()
    expect(await listDeployRequests(store, { repositoryId: 42, pullRequest: 7 })).toEqual([request])
  })

  test('opens one when many ask at once, and gives different ones different numbers', async ({
    store,
  }) => {
    const same = Array.from({ length: 6 }, () => anOpening())
    const others = [8, 9, 10].map((pullRequest) => anOpening({ pullRequest }))

    const opened = await Promise.all(
      [...same, ...others].map((opening) =>
        openDeployRequest(store, opening, { at: AT, by: ALICE }),
      ),
    )

    const numbers = opened.map(({ request }) => request.number)
    expect(new Set(numbers.slice(0, 6)).size).toBe(1)
    expect([...new Set(numbers)].sort()).toEqual([1, 2, 3, 4])
    expect(opened.filter(({ change }) => change === 'created')).toHaveLength(4)
  })

  test('counts numbers for each database on its own', async ({ store }) => {
    const shop = await aRequest(store)
    const staging = await aRequest(store, { branch: 'staging' })
    const other = await aRequest(store, { database: 'billing' })

    expect([shop.number, staging.number, other.number]).toEqual([1, 2, 1])
  })

  test('follows the pull request to a new head, and opens again what was closed', async ({
    store,
  }) => {
    const { id } = await aRequest(store)
    const by = { at: LATER, by: ALICE }

    const same = await openDeployRequest(store, anOpening(), by)
    const moved = await openDeployRequest(store, anOpening({ head: NEW_HEAD }), by)
    const closed = await closeDeployRequest(store, id, by)
    const closedAgain = await closeDeployRequest(store, id, by)
    const reopened = await openDeployRequest(store, anOpening({ head: NEW_HEAD }), by)

    expect([same.change, moved.change, reopened.change]).toEqual(['none', 'head_moved', 'reopened'])
    expect([closed, closedAgain]).toEqual([true, false])
    expect(moved.request).toMatchObject({ id, head: NEW_HEAD, number: 1 })
    expect(reopened.request).toMatchObject({ id, state: 'open', closedAt: null })
    expect((await listAudit(store, id)).map(({ action }) => action)).toEqual([
      'opened',
      'head_moved',
      'closed',
      'reopened',
    ])
  })
})

describe('the projector’s list', () => {
  test('holds what changed since it was shown, also when it changed while it was shown', async ({
    store,
  }) => {
    const { id } = await aRequest(store)
    const [seen] = await listUnprojected(store, 10)
    if (!seen) throw new Error('the new request is not listed')
    await projectAgain(store, id)

    await markProjected(store, seen)
    const [left] = await listUnprojected(store, 10)
    if (!left) throw new Error('the change was lost')
    await markProjected(store, left)
    await markProjected(store, seen)

    expect(left).toEqual({ id, revision: seen.revision + 1 })
    expect(await listUnprojected(store, 10)).toEqual([])
  })
})

describe('plans and submissions', () => {
  test('come back as they were saved, the last one', async ({ store }) => {
    const { id } = await aRequest(store)
    const submission: Submission = {
      version: 1,
      database: 'shop',
      headSha: NEW_HEAD,
      baseSha: 'b'.repeat(40) as CommitSha,
      baseSchema: {},
      wantedSchema: { 'tische🪑': 'CREATE TABLE `tische🪑` (\n  `id` int\n)' },
      filesDigest: 'd'.repeat(64),
      renames: { orders: { paid_at: 'settled' } },
      suppressions: [{ table: 'tische🪑', rule: 'float', reason: 'it’s “fine”' }],
    }
    const operation = {
      ...CREATE,
      table: 'tische🪑',
      statement: 'CREATE TABLE `tische🪑` (`id` int)',
    }
    const plan = makePlan([operation], { liveFingerprint: 'f', engineOptions: {} })
    const grown = { ...plan, operations: [{ ...operation, rowsEstimated: 5 }] }

    await saveSubmission(store, id, { ...submission, wantedSchema: {}, suppressions: [] }, AT)
    await saveSubmission(store, id, submission, LATER)
    await savePlan(store, plan, AT)
    await savePlan(store, grown, LATER)

    expect(await findSubmission(store, id)).toEqual(submission)
    expect(await findSubmission(store, id + 1)).toBeNull()
    expect(await findPlan(store, plan.digest)).toEqual(grown)
  })

  test('takes a plan that was kept before plans had forecasts', async ({ store }) => {
    const plan = makePlan([CREATE], { liveFingerprint: 'f', engineOptions: {} })
    const { why, instant, losses, order, forecast, ...former } = CREATE
    const body = JSON.stringify({ ...plan, operations: [former] })
    await store.insertInto('plan').values({ digest: plan.digest, body, updated_at: AT }).execute()

    expect((await findPlan(store, plan.digest))?.operations).toEqual([
      {
        ...former,
        why: '',
        instant: null,
        losses: [],
        order: { first: 'either', why: '' },
        forecast: null,
      },
    ])
  })
})
