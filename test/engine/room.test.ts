import { expect, test } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { type Work, waitForRoom } from '../../src/engine/apply/room.ts'

const NEVER = new AbortController().signal

test('lets the stream go on at once while few keys wait', async () => {
  expect(await waitedMs(() => ({ pending: 50_000, applied: 0 }))).toBe(0)
})

test('waits until enough keys are applied', async () => {
  const waited = await waitedMs((ms) => ({ pending: 60_000 - ms, applied: ms }))

  expect(waited).toBe(10_000)
})

test('lets a little through where nothing that waits can be applied', async () => {
  const waited = await waitedMs((ms) => ({ pending: 60_000, applied: Math.min(ms, 2_000) }))

  expect(waited).toBeGreaterThanOrEqual(3_000)
  expect(waited).toBeLessThan(3_100)
})

async function waitedMs(work: (ms: number) => Work): Promise<number> {
  let nowMs = 0
  const clock: Clock = {
    now: () => new Date(nowMs),
    random: () => 0,
    sleep: async (ms) => {
      nowMs += ms
    },
  }
  await waitForRoom({ clock, work: () => work(nowMs) }, NEVER)
  return nowMs
}
