import type { Clock } from '../../clock.ts'
import type { Session } from '../../mysql/session.ts'
import { excess, reasonOf, type Signal, Unreadable } from './signal.ts'

/** A number that is older than this is taken for unreadable. */
const STALE_AFTER_MS = 5_000
/** A server that needs longer for its answer is asked anew, on another connection. */
const ANSWER_WITHIN_MS = 3_000
const CONNECT_AGAIN_AFTER_MS = 500
const POLL_MS = 100

type Reading = { readonly atMs: number; readonly trouble: string | null }

/**
 * Reads one signal again and again, beside the copy, on a connection of its own. It fails closed: before the first
 * number, after an error and after a silence the copy has to pause.
 */
export class SignalWatch {
  readonly #signal: Signal
  readonly #clock: Clock
  #last: Reading | null = null

  constructor(signal: Signal, clock: Clock) {
    this.#signal = signal
    this.#clock = clock
  }

  /** Why the copy must pause because of this signal, in words; null when it need not. */
  get trouble(): string | null {
    if (this.#last === null) return `${this.#signal.name}: not read yet`
    const ageMs = this.#now - this.#last.atMs
    if (ageMs <= STALE_AFTER_MS) return this.#last.trouble
    return this.#unreadable(`no answer for ${Math.round(ageMs / 1_000)} s`)
  }

  /** Reads whenever `wanted` says that somebody looks; never fails, ends only by the signal. */
  async run(wanted: () => boolean, signal: AbortSignal): Promise<never> {
    for (;;) {
      try {
        await this.#readOften(wanted, signal)
      } catch (error) {
        signal.throwIfAborted()
        this.#note(this.#unreadable(reasonOf(error)))
        await this.#clock.sleep(CONNECT_AGAIN_AFTER_MS, { signal })
      }
    }
  }

  async #readOften(wanted: () => boolean, signal: AbortSignal): Promise<never> {
    const session = await this.#open(signal)
    try {
      for (;;) {
        const value = await this.#inTime(this.#signal.read(session), signal)
        this.#note(excess(this.#signal, value))
        await this.#clock.sleep(this.#signal.everyMs, { signal })
        while (!wanted()) {
          this.#last = null
          await this.#clock.sleep(POLL_MS, { signal })
        }
      }
    } finally {
      // Without a farewell: a server that does not answer would not hear it.
      session.destroy()
    }
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const opening = this.#signal.open()
    try {
      return await this.#inTime(opening, signal)
    } catch (error) {
      // A connection that comes too late is nobody's; that it failed has been said.
      void opening.then(
        (late) => late.destroy(),
        () => null,
      )
      throw error
    }
  }

  async #inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    const done = new AbortController()
    const late = this.#clock
      .sleep(ANSWER_WITHIN_MS, { signal: AbortSignal.any([signal, done.signal]) })
      .then(() => {
        throw new Unreadable(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`)
      })
    try {
      return await Promise.race([work, late])
    } finally {
      done.abort()
    }
  }

  #unreadable(why: string): string {
    return `${this.#signal.name} cannot be read: ${why}`
  }

  #note(trouble: string | null): void {
    this.#last = { atMs: this.#now, trouble }
  }

  get #now(): number {
    return this.#clock.now().getTime()
  }
}
