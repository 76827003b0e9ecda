import type { Clock } from '../clock.ts'

/**
 * Slows the row copy down: it can be paused, and made to rest for a share of its time. Applying changes is never
 * slowed, or the lag would grow.
 */
export class Throttle {
  readonly #clock: Clock
  #ratio: number
  #paused = false
  #resumed: (() => void) | null = null
  #whenResumed: Promise<void> = Promise.resolve()

  constructor(clock: Clock, ratio: number) {
    this.#clock = clock
    this.#ratio = ratio
  }

  /** 0–95: the percentage of time in which the copy rests. */
  get ratio(): number {
    return this.#ratio
  }

  get paused(): boolean {
    return this.#paused
  }

  setRatio(ratio: number): void {
    this.#ratio = ratio
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenResumed = promise
    this.#resumed = resolve
  }

  resume(): void {
    this.#paused = false
    this.#resumed?.()
    this.#resumed = null
  }

  /** Rests as long as the ratio asks for after `workedMs` of work, and for as long as the copy is paused. */
  async rest(workedMs: number, signal: AbortSignal): Promise<void> {
    const restMs = (workedMs * this.#ratio) / (100 - this.#ratio)
    if (restMs >= 1) await this.#clock.sleep(restMs, { signal })
    while (this.#paused) {
      // A pause is looked at every now and then as well, so that an abort is noticed.
      await Promise.race([this.#whenResumed, this.#clock.sleep(500, { signal })])
    }
  }
}
