import { sql } from 'kysely'
import type { Key } from '../../binlog/key.ts'
import type { Session } from '../../mysql/session.ts'
import {
  columnOf,
  iteratedColumns,
  type KeyRange,
  keyInRange,
  readKey,
  selectKey,
  tableByKey,
} from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'

/**
 * The last of the first `rows` keys of `range`, its iterated columns alone, read without locks; null when the range has fewer. Rows that come
 * or go meanwhile make a chunk larger or smaller, never wrong.
 */
export async function nextBoundary(
  session: Session,
  pair: TablePair,
  range: KeyRange,
  rows: number,
): Promise<Key | null> {
  const order = sql.join(iteratedColumns(pair).map(({ from }) => columnOf(pair.source, from)))
  const row = await session.row(sql<Record<string, unknown>>`
    SELECT ${selectKey(pair)} FROM ${tableByKey(pair, 'source')}
    WHERE ${keyInRange(pair, 'source', range)}
    ORDER BY ${order} LIMIT 1 OFFSET ${sql.lit(Math.max(0, rows - 1))}`)
  return row === null ? null : readKey(pair, row).slice(0, pair.iterated)
}

/**
 * The last key of the table, its iterated columns alone, whether its row is about to come or to go away; null when there
 * is none.
 *
 * A copy ends there: among the newest rows there may be one at every moment that is not committed, and a chunk without
 * end would never be copied (test/engine/deployment/tail.mysql.test.ts). Nothing is left out: a row whose change is in the
 * binlog by now is in the table, visible or not, and one that is about to be deleted and never will be is still visible.
 * So what comes beyond this key later is a change that the stream brings.
 */
export async function lastKey(session: Session, pair: TablePair): Promise<Key | null> {
  const order = iteratedColumns(pair).map(({ from }) => sql`${columnOf(pair.source, from)} DESC`)
  const lastBeyond = async (after: Key | null) => {
    const row = await session.row(sql<Record<string, unknown>>`
      SELECT ${selectKey(pair)} FROM ${tableByKey(pair, 'source')}
      WHERE ${keyInRange(pair, 'source', { after, upTo: null })}
      ORDER BY ${sql.join(order)} LIMIT 1`)
    return row === null ? null : readKey(pair, row).slice(0, pair.iterated)
  }
  await session.run(sql`SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED`)
  const written = await session.transaction(() => lastBeyond(null))
  return (await lastBeyond(written)) ?? written
}
