import { type RawBuilder, sql } from 'kysely'
import type { Session } from '../../mysql/session.ts'
import {
  columnOf,
  iteratedColumns,
  keyIn,
  readKey,
  selectKey,
  tableByKey,
} from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import { PRIMARY } from '../table/table-shape.ts'

/**
 * Waits in line for the first of the source's rows that `where` selects, and locks no other. For a transaction that holds
 * nothing yet; it holds nothing while it waits, so nobody can be waiting for it.
 *
 * That is so only where one index is asked: a row that is found by another one than the primary key would be waited for with
 * a lock on that index, which a transaction that has the row may want next. The server ended that transaction
 * (error 1213). So such a row is looked up without locks, and waited for by its primary key.
 */
export async function waitInLine(
  session: Session,
  pair: TablePair,
  where: RawBuilder<unknown>,
): Promise<void> {
  const order = sql.join(iteratedColumns(pair).map(({ from }) => columnOf(pair.source, from)))
  const first = (what: RawBuilder<unknown>) => sql<Record<string, unknown>>`
    SELECT ${what} FROM ${tableByKey(pair, 'source')} WHERE ${where} ORDER BY ${order} LIMIT 1`
  const own = byRow(pair)
  if (own === pair) {
    // Both servers stop at the row that they have found.
    await session.rows(sql`${first(sql`1`)} LOCK IN SHARE MODE`)
    return
  }
  const row = own && (await session.row(first(selectKey(own))))
  if (!row) return
  await session.rows(sql`SELECT 1 FROM ${tableByKey(own, 'source')}
    WHERE ${keyIn(own, 'source', [readKey(own, row)])} LOCK IN SHARE MODE`)
}

/** The pair as if its source were found by the index that holds the rows themselves; null where that is not known. */
function byRow(pair: TablePair): TablePair | null {
  const { source, keyName } = pair
  if (keyName.source === PRIMARY) return pair
  const columnsOf = (names: readonly string[]) =>
    names.flatMap((name) => source.columns.find((column) => column.name === name) ?? [])
  const primary = source.uniqueKeys.find(({ name }) => name === PRIMARY)
  if (primary?.prefix) return null
  if (primary) {
    const key = columnsOf(primary.columns).map((column) => ({ from: column, to: column }))
    return { ...pair, key, iterated: key.length, keyName: { ...keyName, source: PRIMARY } }
  }
  // Without a primary key InnoDB takes the first unique one over NOT NULL columns.
  const unique = source.uniqueKeys.filter(
    ({ columns, prefix, expression }) =>
      !prefix && !expression && columnsOf(columns).every(({ nullable }) => !nullable),
  )
  return unique.length === 1 ? pair : null
}
