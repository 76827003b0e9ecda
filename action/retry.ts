import { type Clock, systemClock } from '../src/clock.ts'

/** How long to wait before each further try: half a minute in all, enough for a restart of the other side. */
const DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 16_000] as const

/**
 * What `work` returns. While it fails in a way that may pass by itself it is tried again, later and later; the
 * last failure is thrown. `work` must be safe to repeat when it cannot tell whether it happened.
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  mayPass: (error: unknown) => boolean,
  clock: Clock = systemClock,
): Promise<T> {
  for (const delayMs of DELAYS_MS) {
    try {
      return await work()
    } catch (error) {
      if (!mayPass(error)) throw error
      await clock.sleep(delayMs)
    }
  }
  return await work()
}

/** Whether an HTTP status says "not now" rather than "no". */
export function isBusyStatus(status: number): boolean {
  return status === 429 || status >= 500
}
