import type { Clock } from '../../clock.ts'

/** About 300 bytes each for a key of one number. */
const MAX_PENDING_KEYS = 20_000
const POLL_MS = 10
/** So long may all that waits be such that nothing of it can be applied, before more is read. */
const STUCK_MS = 1_000
/** So many keys more are let in then, or half of those that wait: what is missing can be far away. */
const MORE_KEYS = 5_000

export type Work = {
  /** How many keys wait to be applied. */
  readonly pending: number
  /** How many were applied since the start. */
  readonly applied: number
  /** How often since the start something could not be written for want of a change that may still be to come. */
  readonly missed: number
}

/**
 * How much of what changed may wait in this process. A statement can change millions of rows at once: their keys wait on
 * the server.
 *
 * Where nothing at all can be applied, more is let in if that can help: what waits can want a value that only a later
 * change takes out of its way, because values of a unique key move from row to row; or it lies in a chunk that does.
 * What others hold is helped by no change to come: while they hold it, for hours perhaps, no more is read.
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
    let stuck: { readonly since: Work; readonly atMs: number } | null = null
    for (;;) {
      const now = this.#clock.now().getTime()
      const seen = this.#work()
      if (seen.pending <= MAX_PENDING_KEYS) this.#limit = MAX_PENDING_KEYS
      if (seen.pending <= this.#limit) return
      if (seen.applied !== stuck?.since.applied) {
        stuck = { since: seen, atMs: now }
      } else if (now - stuck.atMs >= STUCK_MS && seen.missed > stuck.since.missed) {
        this.#limit = seen.pending + Math.max(MORE_KEYS, seen.pending / 2)
      } else {
        await this.#clock.sleep(POLL_MS, { signal })
      }
    }
  }
}
