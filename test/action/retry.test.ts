import { describe, expect, test } from 'vitest'
import { withRetries } from '../../action/retry.ts'
import type { Clock } from '../../src/clock.ts'

/** A clock that waits for nothing and remembers how long it was asked to. */
function recordingClock() {
  const waitedMs: number[] = []
  const clock: Clock = {
    now: () => new Date(0),
    random: () => 0,
    sleep: async (ms) => {
      waitedMs.push(ms)
    },
  }
  return { clock, waitedMs }
}

/** Work that fails `times` times and then returns `done`. */
function failing(times: number) {
  let left = times
  return async () => {
    left -= 1
    if (left >= 0) throw new RangeError('not now')
    return 'done'
  }
}

const isRangeError = (error: unknown) => error instanceof RangeError

describe('withRetries', () => {
  test('waits longer before each further try', async () => {
    const { clock, waitedMs } = recordingClock()

    expect(await withRetries(failing(3), isRangeError, clock)).toBe('done')
    expect(waitedMs).toEqual([1_000, 2_000, 4_000])
  })

  test('gives up with the last failure after half a minute', async () => {
    const { clock, waitedMs } = recordingClock()

    await expect(withRetries(failing(100), isRangeError, clock)).rejects.toThrow('not now')
    expect(waitedMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
  })

  test('does not repeat what will fail again', async () => {
    const { clock, waitedMs } = recordingClock()

    await expect(withRetries(failing(1), () => false, clock)).rejects.toThrow('not now')
    expect(waitedMs).toEqual([])
  })
})
