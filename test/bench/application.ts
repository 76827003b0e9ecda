import { sql } from 'kysely'
import { systemClock } from '../../src/clock.ts'
import { connect, type Target } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'

/** How long writes took, in milliseconds. */
export type Latencies = { readonly writes: number; readonly p50Ms: number; readonly p99Ms: number }

const CONNECTIONS = 8

/** An application that updates random rows of `sbtest` from eight connections, as many per second as it is told. */
export class Application implements AsyncDisposable {
  readonly #sessions: readonly Session[]
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>
  #taken: number[] = []
  #errors = 0

  private constructor(
    sessions: readonly Session[],
    { rows, writesPerSecond }: { readonly rows: number; readonly writesPerSecond: number },
  ) {
    this.#sessions = sessions
    const everyMs = (1000 * CONNECTIONS) / writesPerSecond
    this.#running = Promise.all(sessions.map((session) => this.#write(session, rows, everyMs)))
  }

  static async start(
    target: Target,
    options: { readonly rows: number; readonly writesPerSecond: number },
  ): Promise<Application> {
    const sessions = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(target)))
    return new Application(sessions, options)
  }

  get errors(): number {
    return this.#errors
  }

  /** What the writes took since the last call. */
  takeLatencies(): Latencies {
    const sorted = this.#taken.toSorted((some, other) => some - other)
    this.#taken = []
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
    return { writes: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) }
  }

  async #write(session: Session, rows: number, everyMs: number): Promise<void> {
    let due = performance.now() + Math.random() * everyMs
    while (!this.#stop.signal.aborted) {
      const waitMs = due - performance.now()
      if (waitMs > 0) await systemClock.sleep(waitMs)
      const id = 1 + Math.floor(Math.random() * rows)
      const begunAt = performance.now()
      try {
        await session.run(sql`UPDATE sbtest SET k = k + 1 WHERE id = ${id}`)
      } catch {
        this.#errors += 1
      }
      this.#taken.push(performance.now() - begunAt)
      // Not from when it was due: an application that waits does not send the writes of that time afterwards.
      due = Math.max(due + everyMs, performance.now())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
    await Promise.all(this.#sessions.map((session) => session[Symbol.asyncDispose]()))
  }
}
