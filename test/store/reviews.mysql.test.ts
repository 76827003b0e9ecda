import { describe, expect } from 'vitest'
import type { PlanDigest } from '../../src/deploy/digest.ts'
import { openErrors } from '../../src/deploy/review.ts'
import type { Finding } from '../../src/lint/rule.ts'
import { recordAction } from '../../src/store/audit.ts'
import { ACCEPTED, findReview, saveReview } from '../../src/store/reviews.ts'
import { ALICE, AT, aRequest, LATER, test } from './a-store.ts'

const DIGEST = 'd'.repeat(64) as PlanDigest
const OTHER = 'e'.repeat(64) as PlanDigest

const FINDING: Finding = {
  rule: 'drop-table',
  level: 'error',
  table: 'tische🪑',
  column: null,
  key: null,
  message: 'gone',
  fix: 'keep it',
  place: null,
  docs: 'docs/lint.md#drop-table',
}
const SAID = { lint: { findings: [FINDING], accepted: [] }, diagram: null }

describe('reviews', () => {
  test('come back as they were last saved, for their request and plan alone', async ({ store }) => {
    const { id } = await aRequest(store)
    const key = { deployRequestId: id, digest: DIGEST }

    await saveReview(store, key, { ...SAID, diagram: '' }, AT)
    await saveReview(store, key, SAID, LATER)

    expect(await findReview(store, key)).toEqual({ ...SAID, acceptances: [] })
    expect(await findReview(store, { ...key, digest: OTHER })).toBeNull()
    expect(await findReview(store, { ...key, deployRequestId: id + 1 })).toBeNull()
  })

  test('hold what was accepted of their plan, the last word on each rule', async ({ store }) => {
    const { id } = await aRequest(store)
    const line = { deployRequestId: id, at: AT, by: ALICE, action: ACCEPTED, digest: DIGEST }
    for (const digest of [DIGEST, OTHER]) {
      await saveReview(store, { deployRequestId: id, digest }, SAID, AT)
    }

    await recordAction(store, { ...line, detail: { rule: 'drop-table', reason: 'unused' } })
    await recordAction(store, { ...line, detail: { rule: 'float', reason: 'weights' } })
    await recordAction(store, { ...line, detail: { rule: 'drop-table', reason: 'archived' } })
    const review = await findReview(store, { deployRequestId: id, digest: DIGEST })
    const other = await findReview(store, { deployRequestId: id, digest: OTHER })

    expect(review?.acceptances).toEqual([
      { rule: 'drop-table', reason: 'archived', by: ALICE.actor },
      { rule: 'float', reason: 'weights', by: ALICE.actor },
    ])
    expect(review && openErrors(review)).toEqual([])
    expect(other && openErrors(other)).toEqual([FINDING])
  })
})
