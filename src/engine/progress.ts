import type { Clock } from '../clock.ts'
import type { RunPhase, RunStatus } from './port.ts'
import type { Sync } from './sync.ts'
import type { Throttle } from './throttle.ts'

/** How much the newest rate counts: high enough to follow a throttle, low enough not to jump. */
const NEWEST_SHARE = 0.3
const MEASURE_EVERY_MS = 500

/** Turns what a deployment has done into rate and remaining time. */
export class Progress {
  readonly #clock: Clock
  #measuredAt: number | null = null
  #measuredRows = 0
  #rowsPerSecond = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  status(now: {
    readonly phase: RunPhase
    readonly sync: Sync | null
    readonly throttle: Throttle
  }): Omit<RunStatus, 'verified' | 'revertImpossible'> {
    const { sync, throttle, phase } = now
    const copied = sync?.rowsCopied ?? new Map<string, number>()
    const tables = (sync?.operations ?? []).flatMap(({ forward }) => {
      if (!forward) return []
      const { name, rowsEstimated } = forward.source
      const rowsCopied = copied.get(name) ?? 0
      return [{ table: name, rowsCopied, rowsEstimated: Math.max(rowsEstimated, rowsCopied) }]
    })
    const rowsCopied = tables.reduce((sum, table) => sum + table.rowsCopied, 0)
    const rowsEstimated = tables.reduce((sum, table) => sum + table.rowsEstimated, 0)
    const rowsPerSecond = this.#measure(rowsCopied)
    const remaining = rowsEstimated - rowsCopied
    return {
      phase,
      rowsCopied,
      rowsEstimated,
      rowsPerSecond,
      etaSeconds:
        phase === 'copying' && rowsPerSecond > 0 ? Math.ceil(remaining / rowsPerSecond) : null,
      lagMs: sync?.follower.lagMs ?? 0,
      pendingKeys: sync?.pendingKeys ?? 0,
      paused: throttle.paused,
      throttleRatio: throttle.ratio,
      throttledBy: throttle.throttledBy,
      tables,
    }
  }

  #measure(rows: number): number {
    const now = this.#clock.now().getTime()
    if (this.#measuredAt === null || rows < this.#measuredRows) {
      this.#measuredAt = now
      this.#measuredRows = rows
      return Math.round(this.#rowsPerSecond)
    }
    const elapsedMs = now - this.#measuredAt
    if (elapsedMs >= MEASURE_EVERY_MS) {
      const rate = ((rows - this.#measuredRows) * 1000) / elapsedMs
      this.#rowsPerSecond =
        this.#rowsPerSecond === 0
          ? rate
          : NEWEST_SHARE * rate + (1 - NEWEST_SHARE) * this.#rowsPerSecond
      this.#measuredAt = now
      this.#measuredRows = rows
    }
    return Math.round(this.#rowsPerSecond)
  }
}
