import { seededRandom } from '../seeded-random.ts'
import type { Ledger, Row } from './ledger.ts'

/** One statement of a workload, with `?` for values and `??` for names. */
export type Statement = {
  readonly kind: 'insert' | 'update' | 'delete' | 'move'
  readonly sql: string
  readonly values: readonly unknown[]
}

/** What one transaction is about to do, and what it leaves behind once it is acknowledged. */
export type Plan = {
  readonly statements: readonly Statement[]
  readonly changes: ReadonlyMap<Ledger, ReadonlyMap<number, Row | null>>
  /** It is rolled back at its end, so it changes nothing. */
  readonly rollsBack: boolean
}

/** Reads an initial row before it is first written, so that the columns an update leaves alone are known too. */
export type ReadRow = (ledger: Ledger, n: number) => Promise<Row | null>

/** The rows of one table that one writer, and no other, writes: n ≡ writer + 1 (mod writers). */
type Share = { readonly ledger: Ledger; highest: number }

type Kind = 'insert' | 'reinsert' | 'update' | 'delete' | 'move'

/** How often each kind of write happens: inserts outweigh deletes a little, so that a table grows slowly. */
const MIX: Readonly<Record<Kind, number>> = {
  insert: 2,
  reinsert: 3,
  update: 6,
  delete: 4,
  move: 2,
}

// Sound: the keys of a literal of this type are its kinds.
const KINDS = (Object.keys(MIX) as Kind[]).flatMap((kind) => Array<Kind>(MIX[kind]).fill(kind))

const TRANSACTIONS = 0.15
const ROLLBACKS = 0.3

/** Thinks up what one writer does next; the same seed thinks up the same. */
export class Planner {
  readonly #writer: number
  readonly #writers: number
  readonly #random: () => number
  readonly #shares: readonly Share[]

  constructor(
    ledgers: readonly Ledger[],
    { writer, writers, seed }: { writer: number; writers: number; seed: number },
  ) {
    this.#writer = writer
    this.#writers = writers
    this.#random = seededRandom(seed * 1_000_003 + writer)
    this.#shares = ledgers.map((ledger) => ({
      ledger,
      highest: Math.floor((ledger.initialRows - writer - 1 + writers) / writers),
    }))
  }

  /** One statement, or several in a transaction that may go over all tables. */
  async next(read: ReadRow): Promise<Plan> {
    const inTransaction = this.#random() < TRANSACTIONS
    const draft = new Draft()
    const statements: Statement[] = []
    const length = inTransaction ? 2 + Math.floor(this.#random() * 3) : 1
    for (let step = 0; step < length; step += 1) statements.push(await this.#step(draft, read))
    const rollsBack = inTransaction && this.#random() < ROLLBACKS
    return { statements, changes: draft.changes, rollsBack }
  }

  async #step(draft: Draft, read: ReadRow): Promise<Statement> {
    const share = this.#pick(this.#shares)
    const kind = this.#kind()
    if (kind === 'insert') return this.#insert(share, draft, this.#fresh(share))
    if (kind === 'reinsert') return this.#insert(share, draft, this.#absent(share, draft))
    const n = this.#present(share, draft)
    if (n === null) return this.#insert(share, draft, this.#fresh(share))
    const { ledger } = share
    if (draft.state(ledger, n) === undefined) ledger.saw(n, await read(ledger, n))
    const row = draft.state(ledger, n) ?? null
    if (row === null) return this.#insert(share, draft, n)
    if (kind === 'update') return this.#update(share, draft, { n, row })
    if (kind === 'delete') return remove(share, draft, n)
    return move(share, draft, { n, row, to: this.#absent(share, draft) })
  }

  #insert({ ledger }: Share, draft: Draft, n: number): Statement {
    const row = ledger.table.values(this.#random)
    const all = { ...ledger.table.key(n), ...row }
    draft.set(ledger, n, row)
    return {
      kind: 'insert',
      sql: 'INSERT INTO ?? (??) VALUES (?)',
      values: [ledger.table.name, Object.keys(all), Object.values(all)],
    }
  }

  #update({ ledger }: Share, draft: Draft, { n, row }: { n: number; row: Row }): Statement {
    const values = Object.entries(ledger.table.values(this.#random))
    const some = values.filter(() => this.#random() < 0.5)
    const changed = some.length === 0 ? values : some
    draft.set(ledger, n, { ...row, ...Object.fromEntries(changed) })
    const where = whereKey(ledger, n)
    return {
      kind: 'update',
      sql: `UPDATE ?? SET ${changed.map(() => '?? = ?').join(', ')} WHERE ${where.sql}`,
      values: [ledger.table.name, ...changed.flat(), ...where.values],
    }
  }

  #fresh(share: Share): number {
    share.highest += 1
    return this.#own(share.highest)
  }

  #absent(share: Share, draft: Draft): number {
    return this.#find(share, (n) => draft.state(share.ledger, n) === null) ?? this.#fresh(share)
  }

  #present(share: Share, draft: Draft): number | null {
    return this.#find(share, (n) => draft.state(share.ledger, n) !== null)
  }

  /** One of the writer's rows for which `fits` holds; null when a few tries find none. */
  #find(share: Share, fits: (n: number) => boolean): number | null {
    for (let attempt = 0; attempt < 20 && share.highest > 0; attempt += 1) {
      const n = this.#own(1 + Math.floor(this.#random() * share.highest))
      if (!share.ledger.isDoubtful(n) && fits(n)) return n
    }
    return null
  }

  #own(index: number): number {
    return (index - 1) * this.#writers + this.#writer + 1
  }

  #kind(): Kind {
    return this.#pick(KINDS)
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#random() * items.length)]
    if (item === undefined) throw new TypeError('a workload needs a table')
    return item
  }
}

/** The rows as they will be once the transaction that is thought up has been committed. */
class Draft {
  readonly changes = new Map<Ledger, Map<number, Row | null>>()

  state(ledger: Ledger, n: number): Row | null | undefined {
    const changed = this.changes.get(ledger)?.get(n)
    return changed === undefined ? ledger.state(n) : changed
  }

  set(ledger: Ledger, n: number, state: Row | null): void {
    const known = this.changes.get(ledger) ?? new Map()
    this.changes.set(ledger, known.set(n, state))
  }
}

function remove({ ledger }: Share, draft: Draft, n: number): Statement {
  draft.set(ledger, n, null)
  const where = whereKey(ledger, n)
  return {
    kind: 'delete',
    sql: `DELETE FROM ?? WHERE ${where.sql}`,
    values: [ledger.table.name, ...where.values],
  }
}

function move(
  { ledger }: Share,
  draft: Draft,
  { n, row, to }: { n: number; row: Row; to: number },
): Statement {
  draft.set(ledger, n, null)
  draft.set(ledger, to, row)
  const key = Object.entries(ledger.table.key(to))
  const where = whereKey(ledger, n)
  return {
    kind: 'move',
    sql: `UPDATE ?? SET ${key.map(() => '?? = ?').join(', ')} WHERE ${where.sql}`,
    values: [ledger.table.name, ...key.flat(), ...where.values],
  }
}

/** The condition that row `n` alone meets. */
export function whereKey(ledger: Ledger, n: number): { sql: string; values: unknown[] } {
  const key = Object.entries(ledger.table.key(n))
  return { sql: key.map(() => '?? = ?').join(' AND '), values: key.flat() }
}
