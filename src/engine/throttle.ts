import type { Clock } from '../clock.ts'
import type { Signal } from './signal/signal.ts'
import { SignalWatch } from './signal/watch.ts'

/** How often whoever has to pause looks again. */
const POLL_MS = 50
/** The signals are read as long as somebody has asked within this time: for days at the gate, nobody does. */
const WANTED_FOR_MS = 10_000

/**
 * Slows the row copy down: it can be paused, made to rest for a share of its time, and it pauses while a signal is
 * above its limit or cannot be read. Applying changes is never slowed, or the lag would grow.
 */
export class Throttle {
  readonly #clock: Clock
  readonly #watches: readonly SignalWatch[]
  #ratio: number
  #paused = false
  /** How many workers wait for the signals now. */
  #heldUp = 0
  #askedAtMs = Number.NEGATIVE_INFINITY

  constructor({
    clock,
    ratio,
    signals,
  }: {
    readonly clock: Clock
    readonly ratio: number
    readonly signals: readonly Signal[]
  }) {
    this.#clock = clock
    this.#ratio = ratio
    this.#watches = signals.map((signal) => new SignalWatch(signal, clock))
  }

  /** 0–95: the percentage of time in which the copy rests. */
  get ratio(): number {
    return this.#ratio
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Which signals hold somebody up now, with value and limit; null when nobody waits for one. */
  get throttledBy(): string | null {
    return this.#heldUp === 0 ? null : this.#trouble
  }

  setRatio(ratio: number): void {
    this.#ratio = ratio
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
  }

  /** Reads the signals until the signal is aborted; without it every one counts as unreadable. */
  async watch(signal: AbortSignal): Promise<void> {
    const wanted = () => this.#now - this.#askedAtMs < WANTED_FOR_MS
    await Promise.all(this.#watches.map((each) => each.run(wanted, signal)))
  }

  /** Rests as long as the ratio asks for after `workedMs` of work, and for as long as the copy is to pause. */
  async rest(workedMs: number, signal: AbortSignal): Promise<void> {
    const restMs = (workedMs * this.#ratio) / (100 - this.#ratio)
    if (restMs >= 1) await this.#clock.sleep(restMs, { signal })
    await this.giveWay(signal)
    while (this.#paused) {
      await this.#clock.sleep(POLL_MS, { signal })
      await this.giveWay(signal)
    }
  }

  /**
   * Waits while a signal is above its limit or cannot be read, but not for a pause: for work that goes on when nobody
   * could resume it, such as the comparison at the gate. The caller aborts it when something more urgent is wanted.
   */
  async giveWay(signal: AbortSignal): Promise<void> {
    this.#askedAtMs = this.#now
    if (this.#trouble === null) return
    this.#heldUp += 1
    try {
      while (this.#trouble !== null) {
        await this.#clock.sleep(POLL_MS, { signal })
        this.#askedAtMs = this.#now
      }
    } finally {
      this.#heldUp -= 1
    }
  }

  /** What all signals say that keeps the copy from going on; null when nothing does. */
  get #trouble(): string | null {
    const troubles = this.#watches.flatMap(({ trouble }) => trouble ?? [])
    return troubles.length === 0 ? null : troubles.join('; ')
  }

  get #now(): number {
    return this.#clock.now().getTime()
  }
}
