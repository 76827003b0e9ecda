import { type RawBuilder, sql } from 'kysely'
import type { Key } from '../../binlog/key.ts'
import { ERRNO, errnoOf } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'
import {
  asTarget,
  columnOf,
  iteratedColumns,
  keyIn,
  readKey,
  selectKey,
  tableByKey,
  tableOf,
} from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import type { SharedColumn } from '../table/shared-column.ts'
import type { ShapeKey } from '../table/table-shape.ts'

/** What a duplicate that the target reported comes from. */
export type DuplicateCause =
  /** Two rows of the source have equal values: the target can never hold both. */
  | 'rows'
  /** No two rows have: the target only lags behind a value that moves from one row to another. */
  | 'lag'
  /** The key has a part that cannot be compared here: an expression, a prefix or a column of the target alone. */
  | 'unknown'

/** Whether `error` says that a value is in a unique key already. */
export function isDuplicate(error: unknown): boolean {
  return errnoOf(error) === ERRNO.DUPLICATE_ENTRY
}

/**
 * Says why rows of the source that `where` selects collide in the target.
 *
 * Each question is one statement, which sees one committed state of the source. So two rows that it finds to have equal
 * values really had them at one moment, however fast the application moves values between rows.
 */
export async function causeOfDuplicate(
  session: Session,
  pair: TablePair,
  where: RawBuilder<unknown>,
): Promise<DuplicateCause> {
  let unknown = false
  for (const key of pair.target.uniqueKeys) {
    const shared = comparable(pair, key)
    if (shared === null) unknown = true
    else if (isUniqueInSource(pair, shared)) continue
    else if (await hasEqualRows(session, pair, { columns: shared, where })) return 'rows'
  }
  return unknown ? 'unknown' : 'lag'
}

/** The columns of a target's unique key as both tables have them; null when it has a part that cannot be compared here. */
function comparable(pair: TablePair, key: ShapeKey): readonly SharedColumn[] | null {
  const columns = key.columns.map((name) => pair.columns.find(({ to }) => to.name === name))
  const shared = columns.filter((column) => column !== undefined)
  return key.prefix || key.expression || shared.length !== columns.length ? null : shared
}

/**
 * Which rows collide when the source's rows of `keys` are inserted into the target, which has no copy of them: the keys of
 * those that are to be inserted (`source`) or of those that hold their values (`target`). Unique keys that cannot be
 * compared are left out.
 */
export async function collidingKeys(
  session: Session,
  pair: TablePair,
  side: 'source' | 'target',
  keys: readonly Key[],
): Promise<readonly Key[]> {
  const colliding: Key[] = []
  for (const key of pair.target.uniqueKeys) {
    const isHeld = comparable(pair, key)?.map(
      (column) =>
        sql`${columnOf(pair.target, column.to)} = ${asTarget(column, columnOf(pair.source, column.from))}`,
    )
    if (!isHeld) continue
    const rows = await session.rows(sql<Record<string, unknown>>`
      SELECT ${selectKey(pair, side)} FROM ${tableByKey(pair, 'source')}
        STRAIGHT_JOIN ${tableOf(pair.target)} FORCE INDEX (${sql.id(key.name)}) ON ${sql.join(isHeld, sql` AND `)}
      WHERE ${keyIn(pair, 'source', keys)}`)
    colliding.push(...rows.map((row) => readKey(pair, row)))
  }
  return colliding
}

/** Whether no two rows of the source can have equal values, because what tells them apart is among the columns. */
function isUniqueInSource(pair: TablePair, columns: readonly SharedColumn[]): boolean {
  return iteratedColumns(pair).every(({ from, to }) => {
    const isThere = columns.some((column) => column.from.name === from.name)
    return isThere && from.collation === to.collation
  })
}

type UniqueKey = { readonly columns: readonly SharedColumn[]; readonly where: RawBuilder<unknown> }

async function hasEqualRows(session: Session, pair: TablePair, key: UniqueKey): Promise<boolean> {
  return (await hasEqualInside(session, pair, key)) || (await hasEqualBeyond(session, pair, key))
}

/** Whether two of the selected rows have equal values. */
async function hasEqualInside(
  session: Session,
  pair: TablePair,
  { columns, where }: UniqueKey,
): Promise<boolean> {
  const values = columns.map((column) => asTarget(column, columnOf(pair.source, column.from)))
  const present = values.map((value) => sql`${value} IS NOT NULL`)
  const found = await session.row(sql`
    SELECT 1 FROM ${tableByKey(pair, 'source')} WHERE ${where} AND ${sql.join(present, sql` AND `)}
    GROUP BY ${sql.join(values)} HAVING COUNT(*) > 1 LIMIT 1`)
  return found !== null
}

/** Whether a selected row has the values of another one, found by way of the target's row that holds them. */
async function hasEqualBeyond(
  session: Session,
  pair: TablePair,
  { columns, where }: UniqueKey,
): Promise<boolean> {
  const [held, other] = [sql.id('held'), sql.id('other')]
  const of = (alias: RawBuilder<unknown>, name: string) => sql`${alias}.${sql.id(name)}`
  const isHeld = columns.map(
    (column) =>
      sql`${of(held, column.to.name)} = ${asTarget(column, columnOf(pair.source, column.from))}`,
  )
  // The columns of the source's index say which row it is, whatever its other columns have become meanwhile.
  const isOther = iteratedColumns(pair).map(
    ({ from, to }) => sql`${of(other, from.name)} = ${asSource({ from, to }, of(held, to.name))}`,
  )
  const isSame = iteratedColumns(pair).map(
    ({ from }) => sql`${of(other, from.name)} = ${columnOf(pair.source, from)}`,
  )
  const isEqual = columns.map(
    (column) =>
      sql`${asTarget(column, of(other, column.from.name))} = ${asTarget(column, columnOf(pair.source, column.from))}`,
  )
  const found = await session.row(sql`
    SELECT 1 FROM ${tableByKey(pair, 'source')}
      STRAIGHT_JOIN ${tableOf(pair.target)} AS ${held} ON ${sql.join(isHeld, sql` AND `)}
      STRAIGHT_JOIN ${tableOf(pair.source)} AS ${other} ON ${sql.join(isOther, sql` AND `)}
    WHERE ${where} AND NOT (${sql.join(isSame, sql` AND `)}) AND ${sql.join(isEqual, sql` AND `)} LIMIT 1`)
  return found !== null
}

/** A target's value with the source's charset and collation. */
function asSource({ from, to }: SharedColumn, value: RawBuilder<unknown>): RawBuilder<unknown> {
  return asTarget({ from: to, to: from }, value)
}
