import type { Clock } from '../../clock.ts'
import type { Session } from '../../mysql/session.ts'
import type { EngineEvent, Verified } from '../port.ts'
import type { Sync } from '../sync.ts'

export type VerifiedEvent = Omit<EngineEvent & { readonly event: 'verified' }, 'at' | 'event'>

export type ComparisonOptions = {
  readonly clock: Clock
  readonly onVerified: (verified: Verified, told: VerifiedEvent) => void
}

/** Who waits looks this often whether it is over. */
const WATCH_EVERY_MS = 50
/** Between the end of one comparison and the begin of the next. */
const AGAIN_AFTER_MS = 10 * 60_000
/** The share of the time in which rows are compared while somebody waits, for days perhaps: it is to cost little. */
const DUTY = 0.1
const DAY_MS = 24 * 3_600_000

/**
 * Compares all rows of a deployment: once before the gate opens, as fast as the copy may go, and again and again beside
 * the waiting at the gate and in the revert window, slowly.
 */
export class Comparison {
  readonly #sync: Sync
  readonly #options: ComparisonOptions
  #session: Session | null = null
  #finishedAt = Number.NEGATIVE_INFINITY
  /** How long one takes at full speed. */
  #fullMs = 0

  constructor(sync: Sync, options: ComparisonOptions) {
    this.#sync = sync
    this.#options = options
  }

  /** Whether the last comparison is young enough to cut over on it: a day, or what a slow one could need three times. */
  get isCurrent(): boolean {
    const mayBeMs = Math.max(DAY_MS, (3 * this.#fullMs) / DUTY)
    return this.#now - this.#finishedAt <= mayBeMs
  }

  /**
   * Compares all rows at once and returns how many there are. `rest` is called between two chunks.
   *
   * @throws {Refusal} VALUE_DOES_NOT_FIT or DRIFT_FOUND.
   */
  async now(rest: (workedMs: number) => Promise<void>, signal: AbortSignal): Promise<number> {
    const begunAt = this.#now
    const rows = await this.#compare('gate', rest, signal)
    this.#fullMs = this.#now - begunAt
    return rows
  }

  /**
   * Compares all rows slowly, again and again, until `isOver`; whoever waits for that is not held up by it.
   *
   * @throws {Refusal} VALUE_DOES_NOT_FIT or DRIFT_FOUND.
   */
  async until(
    isOver: () => boolean,
    side: 'gate' | 'revert_window',
    signal: AbortSignal,
  ): Promise<void> {
    // The other way round it is another comparison, and the first one is due.
    if (side === 'revert_window') this.#finishedAt = Number.NEGATIVE_INFINITY
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    let failure: { readonly error: unknown } | null = null
    const comparing = this.#keepComparing(side, either).catch((error: unknown) => {
      if (!over.signal.aborted || error !== over.signal.reason) failure = { error }
    })
    const throwIfFailed = () => {
      if (failure) throw failure.error
    }
    try {
      while (!isOver()) {
        throwIfFailed()
        await this.#options.clock.sleep(WATCH_EVERY_MS, { signal })
      }
    } finally {
      over.abort(new DOMException('Nobody waits any more.', 'AbortError'))
      await comparing
    }
    // Drift that was found at the last moment counts.
    throwIfFailed()
  }

  async #keepComparing(side: 'gate' | 'revert_window', signal: AbortSignal): Promise<never> {
    const { clock } = this.#options
    const rest = async (workedMs: number) => {
      await clock.sleep(workedMs * (1 / DUTY - 1), { signal })
      await this.#sync.throttle.giveWay(signal)
    }
    for (;;) {
      const waitMs = this.#finishedAt + AGAIN_AFTER_MS - this.#now
      if (waitMs > 0) await clock.sleep(waitMs, { signal })
      await this.#compare(side, rest, signal)
    }
  }

  async #compare(
    side: 'gate' | 'revert_window',
    rest: (workedMs: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number> {
    this.#session ??= await this.#sync.session()
    const begunAt = this.#now
    const compared = await this.#sync.verify(this.#session, rest, signal)
    const at = this.#options.clock.now()
    this.#finishedAt = at.getTime()
    const tookMs = this.#finishedAt - begunAt
    this.#options.onVerified({ at, ...compared }, { ...compared, tookMs, side })
    return compared.rows
  }

  get #now(): number {
    return this.#options.clock.now().getTime()
  }
}
