import { type RawBuilder, sql } from 'kysely'
import type { Key } from '../../src/binlog/key.ts'
import { applyKeys } from '../../src/engine/apply/apply.ts'
import { LOCK_OR_FAIL } from '../../src/engine/copy/copy-chunk.ts'
import { prepareEngineSchema } from '../../src/engine/engine-schema.ts'
import { pairTables, type TablePair } from '../../src/engine/table/pair.ts'
import { readShape } from '../../src/engine/table/table-shape.ts'
import type { Session } from '../../src/mysql/session.ts'
import type { MysqlTest } from '../support/mysql.ts'

/** A source `t` and a target `t_new` with a session of ours and one of the application. */
export type PairTest = {
  readonly pair: TablePair
  readonly session: Session
  readonly application: Session
  /** The clause of this server that locks or fails. */
  readonly lock: RawBuilder<unknown>
  /** Applies keys as an applier does. */
  readonly apply: (...keys: readonly Key[]) => Promise<void>
}

/** Creates `t` from its columns, fills it, and makes `t_new`: a copy, changed, that holds nothing. */
export async function aPair(
  mysql: MysqlTest,
  {
    columns,
    rows = [],
    change = null,
    towardsOld = false,
  }: {
    readonly columns: string
    readonly rows?: readonly string[]
    /** What ALTER TABLE does to the target. */
    readonly change?: string | null
    readonly towardsOld?: boolean
  },
): Promise<PairTest> {
  const session = await mysql.session()
  await prepareEngineSchema(session)
  await session.run(sql`CREATE TABLE t (${sql.raw(columns)}) DEFAULT CHARSET utf8mb4`)
  await session.run(sql`CREATE TABLE t_new LIKE t`)
  if (change !== null) await session.run(sql`ALTER TABLE t_new ${sql.raw(change)}`)
  if (rows.length > 0) await session.run(sql`INSERT INTO t VALUES ${sql.raw(rows.join(', '))}`)
  const lock = LOCK_OR_FAIL[mysql.flavour]
  const source = await readShape(session, mysql.schema, 't')
  const target = await readShape(session, mysql.schema, 't_new')
  if (!source || !target) throw new TypeError('the tables were just made')
  const pair = pairTables(source, target, { renames: new Map(), towardsOld })
  return {
    pair,
    session,
    application: await mysql.session(),
    lock,
    apply: async (...keys) => {
      await session.transaction(() => applyKeys(session, pair, lock, keys))
    },
  }
}

/** `(1, …), (2, …)` up to `count`. */
export function numbered(count: number, row: (n: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, index) => `(${row(index + 1)})`)
}

/** The rows of a table as texts, in the order of its first column. */
export async function rowsOf(session: Session, table: string): Promise<readonly string[]> {
  const rows = await session.rows(
    sql<Record<string, unknown>>`SELECT * FROM ${sql.id(table)} ORDER BY 1`,
  )
  return rows.map((row) => Object.values(row).map(String).join(' '))
}
