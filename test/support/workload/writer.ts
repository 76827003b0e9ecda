import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { systemClock } from '../../../src/clock.ts'
import type { Target } from '../../../src/mysql/connect.ts'
import { codeOf, errnoOf, isConnectionLost } from '../../../src/mysql/errno.ts'
import type { Ledger, Row } from './ledger.ts'
import { type Plan, type Planner, whereKey } from './plan.ts'
import type { Tally } from './tally.ts'

/** How long a writer without a connection waits before it asks for one again. */
const RECONNECT_MS = 50

/** Comes as text, as sessions give it; everything else as the driver reads it. */
const AS_TEXT = ['LONGLONG', 'NEWDECIMAL', 'DATE', 'DATETIME', 'TIMESTAMP', 'TIME']

export type WriterOptions = {
  readonly target: Target
  readonly planner: Planner
  readonly tally: Tally
  /** The time between two writes at least; 0 for as fast as possible. */
  readonly intervalMs: number
  readonly reconnect: boolean
}

/** One writer with a connection of its own, as an application has: the server's defaults, nothing of ours. */
export class Writer {
  readonly #options: WriterOptions
  readonly #stopping = new AbortController()
  #connection: Connection | null = null
  /** What runs or waits, one after the other: a transaction, or a hold. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: WriterOptions) {
    this.#options = options
  }

  async connect(): Promise<void> {
    const { host, port, user, password, schema } = this.#options.target
    const connection = await createConnection({
      host,
      port,
      user,
      password,
      database: schema ?? '',
    })
    // A connection that dies between two statements says so at the next one.
    connection.on('error', () => {})
    this.#connection = connection
  }

  /** Writes until it is stopped, or until its connection is gone and must not be renewed. */
  async run(): Promise<void> {
    const { intervalMs, reconnect } = this.#options
    let due = performance.now()
    while (!this.#stopping.signal.aborted) {
      if (this.#connection === null && !(reconnect && (await this.#renew()))) return
      await this.exclusive(() => this.#write())
      if (intervalMs === 0) continue
      due = Math.max(due + intervalMs, performance.now() - intervalMs)
      await this.#pause(due - performance.now())
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#turn
  }

  async disconnect(): Promise<void> {
    await this.#connection?.end().catch(() => this.#connection?.destroy())
  }

  /** Runs `work` when no transaction of this writer is open, and keeps it from beginning one. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #write(): Promise<void> {
    const { planner, tally } = this.#options
    const connection = this.#connection
    if (this.#stopping.signal.aborted || !connection) return
    let plan: Plan | null = null
    let decisive = false
    try {
      plan = await planner.next((ledger, n) => read(connection, ledger, n))
      const { statements, rollsBack } = plan
      const single = statements.length === 1
      if (!single) await connection.beginTransaction()
      for (const { sql, values } of statements) {
        decisive = single
        await tally.timed(sql, () => connection.query(sql, [...values]))
      }
      decisive = !rollsBack
      if (!single) {
        await (rollsBack ? connection.rollback() : tally.timed('COMMIT', () => connection.commit()))
      }
      if (rollsBack) tally.rolledBack()
      else acknowledge(plan, tally)
    } catch (error) {
      await this.#failed(error, decisive ? plan : null)
    }
  }

  /** `plan` is what may have happened all the same; null when it cannot have. */
  async #failed(error: unknown, plan: Plan | null): Promise<void> {
    const { tally } = this.#options
    const lost = isConnectionLost(error)
    tally.failed({
      at: systemClock.now(),
      code: codeOf(error) ?? '',
      errno: errnoOf(error),
      message: error instanceof Error ? error.message : String(error),
      connectionLost: lost,
    })
    if (lost) {
      if (plan) {
        for (const [ledger, changes] of plan.changes) ledger.doubt(changes)
        tally.inDoubt()
      }
      this.#connection?.destroy()
      this.#connection = null
      return
    }
    // What the server refused it has undone itself, or this undoes it with the rest of its transaction.
    await this.#connection?.rollback().catch(() => this.#connection?.destroy())
  }

  async #renew(): Promise<boolean> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.connect()
        return true
      } catch {
        // The server is not back yet.
        await this.#pause(RECONNECT_MS)
      }
    }
    return false
  }

  async #pause(ms: number): Promise<void> {
    if (ms <= 0) return
    const { signal } = this.#stopping
    await systemClock.sleep(ms, { signal }).catch((error) => {
      if (!signal.aborted) throw error
    })
  }
}

function acknowledge({ statements, changes }: Plan, tally: Tally): void {
  for (const [ledger, rows] of changes) ledger.acknowledge(rows)
  tally.acknowledged(statements)
}

async function read(connection: Connection, ledger: Ledger, n: number): Promise<Row | null> {
  const where = whereKey(ledger, n)
  const [rows] = await connection.query<(Row & RowDataPacket)[]>({
    sql: `SELECT ?? FROM ?? WHERE ${where.sql}`,
    values: [ledger.columns, ledger.table.name, ...where.values],
    typeCast: (field, next) => (AS_TEXT.includes(field.type) ? field.string() : next()),
  })
  return rows[0] ? { ...rows[0] } : null
}
