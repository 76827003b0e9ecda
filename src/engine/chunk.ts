import { sql } from 'kysely'
import type { Key } from '../binlog/key.ts'
import type { Session } from '../mysql/session.ts'
import {
  columnOf,
  iteratedColumns,
  type KeyRange,
  keyInRange,
  readKey,
  selectKey,
  tableByKey,
} from './key-sql.ts'
import type { TablePair } from './pair.ts'

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
