import { type RawBuilder, sql } from 'kysely'
import { connect, type Target } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { Row } from '../support/workload/ledger.ts'
import type { ChaosTable } from './shape.ts'

/** In one statement, and so in one event of the binlog of some hundred kilobytes. */
const ROWS = 3_000
/** Far from the rows of the workload. */
const FIRST = 1_000_000
const PAUSE_MS = 200

/**
 * Writes many rows of a table in one statement and takes them away in another, again and again: what is read of the
 * binlog at once is then nearly always a piece of an event. In the end nothing of it is left.
 */
export class Ballast {
  readonly #target: Target
  readonly #table: ChaosTable
  readonly #over = new AbortController()
  readonly #running: Promise<void>
  #times = 0

  constructor(target: Target, table: ChaosTable) {
    this.#target = target
    this.#table = table
    this.#running = this.#run()
  }

  /** How often the rows were written. */
  get times(): number {
    return this.#times
  }

  /** Ends the writing; the rows may still be there. */
  async stop(): Promise<void> {
    this.#over.abort()
    await this.#running
  }

  /** Takes the rows away. */
  async clear(session: Session): Promise<void> {
    await session.run(this.#deletion())
  }

  async #run(): Promise<void> {
    const random = seededRandom(FIRST)
    while (!this.#over.signal.aborted) {
      try {
        await using session = await connect(this.#target)
        while (!this.#over.signal.aborted) {
          await this.clear(session)
          await session.run(this.#insertion(random))
          this.#times += 1
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
        }
      } catch {
        // The server was killed, or somebody holds the table: what was not written does no harm.
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      }
    }
  }

  #insertion(random: () => number): RawBuilder<unknown> {
    const { name, key, values } = this.#table.workload
    const rows = this.#keys().map((n): Row => ({ ...key(n), ...values(random) }))
    const columns = Object.keys(rows[0] ?? {}).map((column) => sql.id(column))
    const tuples = rows.map((row) => sql`(${sql.join(Object.values(row))})`)
    return sql`INSERT INTO ${sql.id(name)} (${sql.join(columns)}) VALUES ${sql.join(tuples)}`
  }

  #deletion(): RawBuilder<unknown> {
    const { name, key } = this.#table.workload
    const keys = this.#keys().map(key)
    const columns = Object.keys(keys[0] ?? {}).map((column) => sql.id(column))
    const tuples = keys.map((row) => sql`(${sql.join(Object.values(row))})`)
    return sql`DELETE FROM ${sql.id(name)} WHERE (${sql.join(columns)}) IN (${sql.join(tuples)})`
  }

  #keys(): readonly number[] {
    return Array.from({ length: ROWS }, (_, index) => FIRST + index)
  }
}
