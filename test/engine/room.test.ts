import { expect, test } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { Room, type Work } from '../../src/engine/apply/room.ts'

const NEVER = new AbortController().signal

test('lets the stream go on at once while few keys wait', async () => {
  const { waitedMs } = room(() => ({ pending: 20_000, applied: 0, missed: 0 }))

  expect(await waitedMs()).toBe(0)
})

test('waits until enough keys are applied', async () => {
  const { waitedMs } = room((ms) => ({ pending: 30_000 - ms, applied: ms, missed: ms }))

  expect(await waitedMs()).toBe(10_000)
})

test('lets some thousand in where a change to come is missed, and then looks anew', async () => {
  let pending = 25_000
  const { waitedMs } = room((ms) => ({ pending, applied: Math.min(ms, 2_000), missed: ms }))

  const first = await waitedMs()
  expect(first).toBeGreaterThanOrEqual(3_000)
  expect(first).toBeLessThan(3_100)
  pending = 37_500
  expect(await waitedMs()).toBe(0)
  pending = 37_501
  expect(await waitedMs()).toBeGreaterThanOrEqual(1_000)
})

test('lets nothing in, for hours, where no change to come is missed', async () => {
  const { waitedMs } = room((ms) => ({
    pending: ms < 7_200_000 ? 25_000 : 20_000,
    applied: 0,
    missed: 7,
  }))

  expect(await waitedMs()).toBe(7_200_000)
})

test('goes back to what it lets in at most once there is room again', async () => {
  let pending = 25_000
  const { waitedMs } = room((ms) => ({ pending, applied: 0, missed: ms }))
  await waitedMs()

  pending = 20_000
  expect(await waitedMs()).toBe(0)
  pending = 25_000
  expect(await waitedMs()).toBeGreaterThanOrEqual(1_000)
})

function room(work: (ms: number) => Work) {
  let nowMs = 0
  const clock: Clock = {
    now: () => new Date(nowMs),
    random: () => 0,
    sleep: async (ms) => {
      nowMs += ms
    },
  }
  const wanted = new Room(clock, () => work(nowMs))
  const waitedMs = async () => {
    const from = nowMs
    await wanted.wait(NEVER)
    return nowMs - from
  }
  return { waitedMs }
}
