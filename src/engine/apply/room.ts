import type { Clock } from '../../clock.ts'

/** About 300 bytes each for a key of one number. */
const MAX_PENDING_KEYS = 20_000
const POLL_MS = 10
/** So long may all that waits be such that nothing of it can be applied, before more is read. */
const STUCK_MS = 1_000
/** So many keys more are let in then. */
const MORE_KEYS = 5_000

export type Work = {
  /** How many keys wait to be applied. */
  readonly pending: number
  /** How many were applied since the start. */
  readonly applied: number
}

/**
 * How much of what changed may wait in this process. A statement can change millions of rows at once: their keys wait on
 * the server.
 *
 * Where nothing at all can be applied, more is let in all the same: what waits can lie in chunks that are being copied,
 * and those can wait for a value that only a later change takes out of their way; so can values of a unique key that move
 * from row to row.
 */
export class Room {
  readonly #clock: Clock
  readonly #work: () => Work
  #limit = MAX_PENDING_KEYS

  constructor(clock: Clock, work: () => Work) {
    this.#clock = clock
    this.#work = work
  }

  /** Resolves when there is room for more changes. */
  async wait(signal: AbortSignal): Promise<void> {
    let applied = -1
    let sinceMs = 0
    for (;;) {
      const now = this.#clock.now().getTime()
      const seen = this.#work()
      if (seen.pending <= MAX_PENDING_KEYS) this.#limit = MAX_PENDING_KEYS
      if (seen.pending <= this.#limit) return
      if (seen.applied !== applied) [applied, sinceMs] = [seen.applied, now]
      else if (now - sinceMs >= STUCK_MS) this.#limit = seen.pending + MORE_KEYS
      else await this.#clock.sleep(POLL_MS, { signal })
    }
  }
}
