import type { Target } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import { type Differences, Ledger, type WorkloadTable } from './workload/ledger.ts'
import { Planner } from './workload/plan.ts'
import { type Counts, type Latency, Tally, type WriteError } from './workload/tally.ts'
import { Writer } from './workload/writer.ts'

export type WorkloadOptions = {
  readonly target: Target
  readonly tables: readonly WorkloadTable[]
  readonly writers?: number
  /** Of all writers together; null for as fast as possible. */
  readonly writesPerSecond?: number | null
  readonly seed?: number
  /** Goes on with a new connection when one was lost; otherwise that writer ends. */
  readonly reconnect?: boolean
}

/** What a workload did, and the proof. */
export type Report = Counts & {
  readonly writes: number
  readonly rollbacks: number
  /** Writes whose acknowledgement was lost: they happened as a whole or not at all. */
  readonly doubts: number
  readonly errors: readonly WriteError[]
  readonly latency: Latency
  /**
   * Compares the rows of `table` with all writes that were acknowledged. The ledger is that of the table of
   * this name, or of the one that `ledger` names; all columns that were written, or those that `columns` names.
   */
  readonly compare: (
    session: Session,
    table: string,
    options?: { readonly ledger?: string; readonly columns?: readonly string[] },
  ) => Promise<Differences>
}

/**
 * Writers that never stop: inserts, updates, deletes, inserts of what was deleted, moves to another key, and
 * transactions over all tables, some of which are rolled back. Each writer has rows of its own, so
 * that the outcome of every write is known without asking.
 */
export class Workload implements AsyncDisposable {
  readonly #ledgers: readonly Ledger[]
  readonly #tally: Tally
  readonly #writers: readonly Writer[]
  readonly #running: Promise<unknown>

  constructor(
    ledgers: readonly Ledger[],
    { tally, writers }: { readonly tally: Tally; readonly writers: readonly Writer[] },
  ) {
    this.#ledgers = ledgers
    this.#tally = tally
    this.#writers = writers
    this.#running = Promise.all(writers.map((writer) => writer.run())).finally(() => tally.end())
  }

  /** How many writes have been acknowledged so far. */
  get writes(): number {
    return this.#tally.writes
  }

  get errors(): readonly WriteError[] {
    return this.#tally.errors
  }

  /** Resolves when `more` writes have been acknowledged from now on; rejects when nobody writes any more. */
  written(more: number): Promise<void> {
    return this.#tally.written(more)
  }

  /** Lets every writer end its transaction and wait while `work` runs: what is compared then holds still. */
  async whileHeld<T>(work: (report: Report) => Promise<T>): Promise<T> {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    await Promise.all(
      this.#writers.map(
        (writer) =>
          new Promise<void>((resolve, reject) => {
            writer
              .exclusive(() => {
                resolve()
                return released
              })
              .catch(reject)
          }),
      ),
    )
    try {
      return await work(this.#report())
    } finally {
      release()
    }
  }

  /** Lets every writer end its transaction, and says what was done. */
  async stop(): Promise<Report> {
    await Promise.all(this.#writers.map((writer) => writer.stop()))
    await this.#running
    await Promise.all(this.#writers.map((writer) => writer.disconnect()))
    return this.#report()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #report(): Report {
    const { writes, counts, rollbacks, doubts, errors } = this.#tally
    return {
      ...counts,
      writes,
      rollbacks,
      doubts,
      errors: [...errors],
      latency: this.#tally.latency(),
      compare: (session, table, { ledger: name = table, columns } = {}) => {
        const ledger = this.#ledgers.find((one) => one.table.name === name)
        if (!ledger) throw new TypeError(`the workload does not write ${name}`)
        return ledger.compare(session, table, columns)
      },
    }
  }
}

/** Connects the writers and lets them write. */
export async function startWorkload({
  target,
  tables,
  writers: count = 4,
  writesPerSecond = null,
  seed = 1,
  reconnect = false,
}: WorkloadOptions): Promise<Workload> {
  const ledgers = tables.map((table) => new Ledger(table))
  const tally = new Tally()
  const intervalMs = writesPerSecond === null ? 0 : (1000 * count) / writesPerSecond
  const writers = Array.from({ length: count }, (_, index) => {
    const planner = new Planner(ledgers, { writer: index, writers: count, seed })
    return new Writer({ target, planner, tally, intervalMs, reconnect })
  })
  await Promise.all(writers.map((writer) => writer.connect()))
  return new Workload(ledgers, { tally, writers })
}
