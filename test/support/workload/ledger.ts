import { sql } from 'kysely'
import type { Session } from '../../../src/mysql/session.ts'

/** A value as it is written, or as the server gives it back. */
export type Value = string | number | bigint | boolean | Buffer | object | null

/** Values by column. */
export type Row = Readonly<Record<string, Value>>

/** A row that must be there with these values, or must not be there. */
type State = Row | null

/** What a workload needs to know of a table. All its columns must exist before and after the change under test. */
export type WorkloadTable = {
  readonly name: string
  /** The key of row `n`, counted from 1: another one for every `n`, always of the same columns. */
  readonly key: (n: number) => Row
  /** New values for all other columns that the workload writes; `random` gives a number from 0 up to 1. */
  readonly values: (random: () => number) => Row
  /** The rows 1 to this one are in the table when the workload starts; they are written too. */
  readonly initialRows?: number
  /** What initial row `n` holds besides its key. Without it an initial row counts from its first write on. */
  readonly initial?: (n: number) => Row
}

/** Keys of rows, and in words what differs; all empty when nothing was lost. */
export type Differences = {
  /** How many rows the table has. */
  readonly compared: number
  readonly missing: readonly string[]
  readonly phantom: readonly string[]
  readonly different: readonly string[]
}

/** The rows of a table, by key, and the columns that count. */
type Compared = {
  readonly found: ReadonlyMap<string, Row>
  readonly columns: readonly string[]
}

/** A write of which nobody knows whether it happened: all of `before` holds, or all of `after`. */
type Doubt = {
  readonly before: ReadonlyMap<number, State>
  readonly after: ReadonlyMap<number, State>
}

/** What must be in one table: the sum of all writes that were acknowledged. */
export class Ledger {
  readonly table: WorkloadTable
  readonly initialRows: number
  readonly keyColumns: readonly string[]
  /** The columns that are written, but for those of the key. */
  readonly columns: readonly string[]
  readonly #states = new Map<number, State>()
  readonly #doubts: Doubt[] = []
  readonly #doubtful = new Set<number>()

  constructor(table: WorkloadTable) {
    this.table = table
    this.initialRows = table.initialRows ?? 0
    this.keyColumns = Object.keys(table.key(1))
    this.columns = Object.keys(table.values(() => 0))
  }

  /** What is known of row `n`; undefined for an initial row that was neither read nor written yet. */
  state(n: number): State | undefined {
    const known = this.#states.get(n)
    if (known !== undefined) return known
    return n <= this.initialRows ? this.table.initial?.(n) : null
  }

  /** The row was read before it was first written. */
  saw(n: number, row: State): void {
    this.#states.set(n, row)
  }

  isDoubtful(n: number): boolean {
    return this.#doubtful.has(n)
  }

  /** The writes were acknowledged. */
  acknowledge(changes: ReadonlyMap<number, State>): void {
    for (const [n, state] of changes) this.#states.set(n, state)
  }

  /** The acknowledgement was lost: these rows are left alone from now on. */
  doubt(changes: ReadonlyMap<number, State>): void {
    const before = new Map([...changes.keys()].map((n) => [n, this.state(n) ?? null] as const))
    this.#doubts.push({ before, after: new Map(changes) })
    for (const n of changes.keys()) this.#doubtful.add(n)
  }

  /** How the rows of a table differ from what they must be. */
  async compare(
    session: Session,
    table: string,
    columns: readonly string[] = this.columns,
  ): Promise<Differences> {
    const names = [...new Set([...this.keyColumns, ...columns])].map((name) => sql.ref(name))
    const rows = await session.rows(sql<Row>`SELECT ${sql.join(names)} FROM ${sql.table(table)}`)
    const found = new Map(rows.map((row) => [this.#keyText(row), row]))
    const known = this.#known()
    const expected = [...known].filter((n) => !this.#doubtful.has(n))
    const missing = expected.filter((n) => this.state(n) !== null && !found.has(this.#key(n)))
    const phantom = expected.filter((n) => this.state(n) === null && found.has(this.#key(n)))
    const accounted = new Set([...known].map((n) => this.#key(n)))
    const invented = [...found.keys()].filter((key) => !accounted.has(key))
    return {
      compared: found.size,
      missing: missing.map((n) => this.#key(n)),
      phantom: [...phantom.map((n) => this.#key(n)), ...invented],
      different: [
        ...expected.flatMap((n) => this.#differences(n, this.state(n) ?? null, { found, columns })),
        ...this.#contradictions({ found, columns }),
      ],
    }
  }

  /** How row `n` differs from `state` where both are there. */
  #differences(n: number, state: State, { found, columns }: Compared): string[] {
    const key = this.#key(n)
    const actual = found.get(key)
    if (!state || !actual) return []
    return columns
      .filter((name) => name in state)
      .map((name) => ({ name, is: toText(actual[name]), should: toText(state[name]) }))
      .filter(({ is, should }) => is !== should)
      .map(({ name, is, should }) => `${key}: ${name} is ${is} instead of ${should}`)
  }

  /** Writes in doubt of which a part happened and a part did not. */
  #contradictions(compared: Compared): string[] {
    const isSo = ([n, state]: readonly [number, State]) =>
      (state !== null) === compared.found.has(this.#key(n)) &&
      this.#differences(n, state, compared).length === 0
    return this.#doubts
      .filter(({ before, after }) => ![...before].every(isSo) && ![...after].every(isSo))
      .map(({ before }) => [...before.keys()].map((n) => this.#key(n)).join(' and '))
      .map((keys) => `${keys}: neither as before nor as after the write in doubt`)
  }

  #known(): Set<number> {
    const initial = Array.from({ length: this.initialRows }, (_, index) => index + 1)
    return new Set([...initial, ...this.#states.keys(), ...this.#doubtful])
  }

  #key(n: number): string {
    return this.#keyText(this.table.key(n))
  }

  #keyText(row: Row): string {
    return this.keyColumns.map((name) => `${name}=${toText(row[name])}`).join(' ')
  }
}

/**
 * A value as text by which two values are compared. Zeros at the end of a fraction are left out, because a
 * change may give a column more decimals.
 */
function toText(value: Value | undefined): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`
  if (typeof value === 'object') return JSON.stringify(value)
  const text = String(value)
  return /^[-\d: ]+\.\d+$/.test(text) ? text.replace(/\.?0+$/, '') : text
}
