import { type RawBuilder, sql } from 'kysely'
import { ERRNO, errnoOf } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'
import { asTarget, columnOf, tableOf } from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import type { SharedColumn } from '../table/shared-column.ts'
import type { ShapeColumn } from '../table/table-shape.ts'

/** Nobody waits longer than this for a number that only helps. */
const WITHIN_SECONDS = 3

/**
 * How many rows of the source have values that another row has too, of the target's unique key `name`; null when that cannot
 * be told, or not soon. Read without locks, so it is a number for people.
 */
export async function countDuplicates(
  session: Session,
  pair: TablePair,
  name: string,
): Promise<number | null> {
  const key = pair.target.uniqueKeys.find((one) => one.name === name)
  const shared = (key?.columns ?? []).flatMap(
    (column) => pair.columns.find(({ to }) => to.name === column) ?? [],
  )
  if (!key || key.prefix || key.expression || shared.length !== key.columns.length) return null
  const values = shared.map((column) => asTarget(column, columnOf(pair.source, column.from)))
  const present = values.map((value) => sql`${value} IS NOT NULL`)
  return await countWithin(
    session,
    sql`SELECT SUM(same.n) AS n FROM (
      SELECT COUNT(*) AS n FROM ${tableOf(pair.source)} WHERE ${sql.join(present, sql` AND `)}
      GROUP BY ${sql.join(values)} HAVING COUNT(*) > 1) AS same`,
  )
}

/**
 * How many rows of the source do not fit a column of the target for the reason of `errno`; null as for
 * {@link countDuplicates}.
 */
export async function countUnfit(
  session: Session,
  pair: TablePair,
  { column, errno }: { readonly column: string; readonly errno: number },
): Promise<number | null> {
  const shared = pair.columns.find(({ to }) => to.name === column)
  const condition = shared && CONDITIONS[errno]?.(shared, columnOf(pair.source, shared.from))
  if (!condition) return null
  return await countWithin(
    session,
    sql`SELECT COUNT(*) AS n FROM ${tableOf(pair.source)} WHERE ${condition}`,
  )
}

type Condition = (column: SharedColumn, value: RawBuilder<unknown>) => RawBuilder<unknown> | null

const isNull: Condition = (_, value) => sql`${value} IS NULL`

const isTooLong: Condition = ({ to }, value) => {
  if (to.length === null || !/char|binary/.test(to.dataType)) return null
  const length = to.charset === null ? sql`LENGTH(${value})` : sql`CHAR_LENGTH(${value})`
  return sql`${length} > ${sql.lit(to.length)}`
}

/** What the rows have in common that a write refuses with an error of this number. */
const CONDITIONS: Readonly<Record<number, Condition>> = {
  [ERRNO.COLUMN_NULL]: isNull,
  [ERRNO.INVALID_USE_OF_NULL]: isNull,
  [ERRNO.DATA_TOO_LONG]: isTooLong,
  [ERRNO.DATA_TRUNCATED]: isTooLong,
  [ERRNO.OUT_OF_RANGE]: ({ to }, value) => {
    const bits = INTEGER_BITS[to.dataType]
    if (bits === undefined) return null
    const [least, most] = rangeOf(to, bits)
    return sql`${value} NOT BETWEEN ${sql.raw(`${least}`)} AND ${sql.raw(`${most}`)}`
  },
}

const INTEGER_BITS: Readonly<Record<string, bigint>> = {
  tinyint: 8n,
  smallint: 16n,
  mediumint: 24n,
  int: 32n,
  bigint: 64n,
}

function rangeOf({ unsigned }: ShapeColumn, bits: bigint): readonly [bigint, bigint] {
  return unsigned ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
}

/** The number that `statement` selects as `n`; null when it is none, or takes too long. */
async function countWithin(
  session: Session,
  statement: RawBuilder<unknown>,
): Promise<number | null> {
  const limit = await timeLimit(session)
  await session.run(sql`SET SESSION ${limit.name} = ${sql.lit(WITHIN_SECONDS * limit.perSecond)}`)
  try {
    const row = await session.row(sql<{ n: string | number | null }>`${statement}`)
    return row?.n ? Number(row.n) : null
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === ERRNO.QUERY_TIMEOUT || errno === ERRNO.STATEMENT_TIMEOUT) return null
    throw error
  } finally {
    await session.run(sql`SET SESSION ${limit.name} = 0`)
  }
}

/** The variable that ends a SELECT which takes too long, and how many of its units are a second. */
async function timeLimit(
  session: Session,
): Promise<{ readonly name: RawBuilder<unknown>; readonly perSecond: number }> {
  const row = await session.row(sql<{ version: string }>`SELECT VERSION() AS version`)
  return /mariadb/i.test(row?.version ?? '')
    ? { name: sql`max_statement_time`, perSecond: 1 }
    : { name: sql`max_execution_time`, perSecond: 1_000 }
}
