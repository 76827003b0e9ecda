import { describe, expect, test } from 'vitest'
import { nextToRun, type Waiting } from '../../bot/scheduler.ts'

const queued: Waiting = {
  id: 1,
  state: 'queued',
  branch: 'shop',
  tables: ['orders'],
  reads: [],
  blocks: true,
}

describe('nextToRun', () => {
  test('takes the first in the queue', () => {
    expect(nextToRun([queued, { ...queued, id: 2 }])).toBe(1)
    expect(nextToRun([])).toBeNull()
  })

  test.each(['submitting', 'in_progress', 'pending_cutover', 'in_progress_revert'] as const)(
    'lets one run at a time on a branch: %s holds it',
    (state) => {
      const running = { ...queued, id: 2, state, tables: ['items'] }

      expect(nextToRun([running, queued])).toBeNull()
      expect(nextToRun([{ ...running, branch: 'other' }, queued])).toBe(1)
    },
  )

  test('waits for a failure until somebody unblocks it', () => {
    const failed = { ...queued, id: 2, state: 'complete_error' } as const

    expect(nextToRun([failed, queued])).toBeNull()
    expect(nextToRun([{ ...failed, blocks: false }, queued])).toBe(1)
  })

  test('an open revert window holds up only those that share a table, and nobody overtakes them', () => {
    const revertable = { ...queued, id: 2, state: 'complete_pending_revert' } as const
    const other = { ...queued, id: 3, tables: ['items'] }

    expect(nextToRun([revertable, other])).toBe(3)
    expect(nextToRun([revertable, queued])).toBeNull()
    expect(nextToRun([revertable, queued, other])).toBeNull()
  })

  test('a view waits for the window of what it reads, and what it reads for its own', () => {
    const revertable = { ...queued, id: 2, state: 'complete_pending_revert' } as const
    const view = { tables: ['totals'], reads: ['orders'] }

    expect(nextToRun([revertable, { ...queued, ...view }])).toBeNull()
    expect(nextToRun([{ ...revertable, ...view }, queued])).toBeNull()
    // Two views of one table do not meet.
    expect(
      nextToRun([
        { ...revertable, ...view },
        { ...queued, ...view, tables: ['v'] },
      ]),
    ).toBe(1)
  })
})
