import type { Clock } from '../../clock.ts'
import type { Session } from '../../mysql/session.ts'
import type { Throttle } from '../throttle.ts'
import { CommitProbe } from './commit-probe.ts'
import type { TableCopy } from './copy.ts'
import { MAX_WORKERS, type Pace } from './pace.ts'

/** How often a worker that is not wanted now looks whether it is. */
const IDLE_MS = 20
const PROBE_EVERY_MS = 100
const BASELINE_PROBES = 10
const BASELINE_EVERY_MS = 5
/** A copy of fewer rows is over before a probe could tell anything. */
const FEW_ROWS = 20_000

export type RowCopyContext = {
  readonly id: string
  readonly clock: Clock
  readonly pace: Pace
  readonly throttle: Throttle
  /** Opens a session that the copy ends. */
  readonly open: () => Promise<Session>
  /** Whether anybody but the engine has written to the server lately. */
  readonly othersWrite: () => boolean
}

/** The row copy of a deployment: workers that go from table to table, as many of them as its {@link Pace} allows. */
export class RowCopy {
  readonly tables: readonly TableCopy[]
  readonly #context: RowCopyContext
  /** Tables that one worker at a time may copy, and that have one. */
  readonly #taken = new Set<TableCopy>()
  #working = 0

  constructor(tables: readonly TableCopy[], context: RowCopyContext) {
    this.tables = tables
    this.#context = context
  }

  /** Copies every row that is not copied yet. All workers have ended when it returns or throws. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const either = AbortSignal.any([signal, stop.signal])
    const work = async (task: () => Promise<void>) => {
      try {
        await task()
      } catch (error) {
        stop.abort(error)
        throw error
      }
    }
    const probe = await this.#openProbe(either)
    const over = new AbortController()
    const watching = AbortSignal.any([either, over.signal])
    const probing = Promise.allSettled(probe ? [work(() => this.#watch(probe, watching))] : [])
    // A chunk that is still written when this returns would be in the way of whoever tidies up.
    const copied = await Promise.allSettled(
      Array.from({ length: MAX_WORKERS }, () => work(() => this.#copyTables(either))),
    )
    over.abort()
    const ended = [...copied, ...(await probing)]
    if (ended.some(({ status }) => status === 'rejected')) throw either.reason
  }

  async #copyTables(signal: AbortSignal): Promise<void> {
    const { open } = this.#context
    if (!(await this.#isWanted(this.tables, signal))) return
    await using session = await open()
    for (const table of this.tables) await this.#copyTable(session, table, signal)
  }

  async #copyTable(session: Session, table: TableCopy, signal: AbortSignal): Promise<void> {
    if (table.serial && this.#taken.has(table)) return
    this.#taken.add(table)
    while (await this.#isWanted([table], signal)) {
      this.#working += 1
      try {
        // Whoever has waited for the pace must not begin what a signal or a pause forbids by now.
        await this.#context.throttle.rest(0, signal)
        await table.copyNext(session, this.#context, signal)
      } finally {
        this.#working -= 1
      }
    }
  }

  /** Waits until the pace allows one more worker; false when no chunk of `tables` is left to begin. */
  async #isWanted(tables: readonly TableCopy[], signal: AbortSignal): Promise<boolean> {
    const { clock, pace } = this.#context
    for (;;) {
      signal.throwIfAborted()
      if (tables.every(({ allBegun }) => allBegun)) return false
      // Whoever waits for a row that the application holds does not work: another one takes the next chunk.
      const waiting = this.tables.reduce((sum, table) => sum + table.waiting, 0)
      if (this.#working - waiting < pace.workers) return true
      await clock.sleep(IDLE_MS, { signal })
    }
  }

  /** A probe that has told the pace how long commits take before the copy; null where none is needed. */
  async #openProbe(signal: AbortSignal): Promise<Session | null> {
    const { id, clock, pace, open } = this.#context
    const rows = this.tables.reduce((sum, { pair }) => sum + pair.source.rowsEstimated, 0)
    if (pace.profile === 'fast' || rows < FEW_ROWS) return null
    const session = await open()
    try {
      const probe = new CommitProbe(session, { id, clock })
      const commitsMs: number[] = []
      while (commitsMs.length < BASELINE_PROBES) {
        commitsMs.push(await probe.measure())
        await clock.sleep(BASELINE_EVERY_MS, { signal })
      }
      pace.setBaseline(commitsMs)
      return session
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  async #watch(probeSession: Session, signal: AbortSignal): Promise<void> {
    const { id, clock, pace, othersWrite } = this.#context
    await using session = probeSession
    const probe = new CommitProbe(session, { id, clock })
    try {
      for (;;) {
        const commitMs = await probe.measure()
        pace.observe({ commitMs, othersWrite: othersWrite() })
        await clock.sleep(PROBE_EVERY_MS, { signal })
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
