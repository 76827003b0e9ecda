import { type RawBuilder, sql } from 'kysely'
import { ERRNO, errnoOf, isContention } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'
import { waitInLine } from '../apply/wait-in-line.ts'
import { valueFor } from '../table/conversion.ts'
import {
  columnOf,
  iteratedColumns,
  type KeyRange,
  keepsOrder,
  keyInRange,
  keySpelledIn,
  readKey,
  selectKey,
  tableByKey,
  tableOf,
} from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'

export type CopyOutcome =
  | { readonly kind: 'copied'; readonly rows: number }
  /** The application holds a row of the chunk. Nothing was written: try a smaller chunk later. */
  | { readonly kind: 'blocked' }

export type CopyStep = {
  readonly range: KeyRange
  /** Whether rows of the range may already be in the target, from an earlier try or an early change. */
  readonly clearFirst: boolean
  /**
   * What comes before the first row is written; the proof needs none of it. `lock`: all rows are locked, because where one
   * is likely to be held that costs less than taking back what was written. `wait`: the transaction waits in line for
   * the first row of the range; one that is always held would never be copied without.
   */
  readonly first: 'nothing' | 'lock' | 'wait'
  /** Runs in the chunk's own transaction, after the rows are written: what it records is true if and only if they are. */
  readonly record: (rows: number) => Promise<void>
}

/**
 * Copies one chunk from source to target in one short transaction; no row enters this process.
 *
 * Why no change is lost, and no deadlock includes the application (each step: test/engine/copy-chunk.mysql.test.ts):
 * 1. Every row is locked by the statement that reads it, and stays locked until the target's row is committed. A
 *    change reaches the binlog before it is visible; only a locking read is sure to see it.
 * 2. A row that changes, comes or moves behind the place that the statement has reached is a change of a chunk that is
 *    under way: it is kept, and applied when the chunk is committed (frontier.ts). So the chunk need not be the range as
 *    it was at one moment, and one statement is enough.
 * 3. Every statement that reads the source fails rather than wait. A copy that waited for a row while it holds others
 *    made the server roll the application back (error 1213). Only a transaction that holds nothing yet may wait for a
 *    row: nobody can be waiting for it.
 */
export async function copyChunk(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  step: CopyStep,
): Promise<CopyOutcome> {
  const from = sql.join(pair.columns.map((column) => valueFor(pair, column)))
  const to = sql.join(pair.columns.map((column) => sql.id(column.to.name)))
  const rowsOf = (what: RawBuilder<unknown>) => sql<Record<string, unknown>>`
    SELECT ${what} FROM ${tableByKey(pair, 'source')}
    WHERE ${keyInRange(pair, 'source', step.range)} ${lockOrFail}`
  try {
    return await session.transaction(async () => {
      await prepare(session, pair, { step, rowsOf })
      const insert = sql`INSERT INTO ${tableOf(pair.target)} (${to}) ${rowsOf(from)}`
      const isEmpty = async () => (await session.row(rowsOf(sql`1`))) === null
      const rows = await session.run(insert).catch(async (error: unknown) => {
        // MariaDB refuses a column without default also where there is no row that lacks it.
        if (errnoOf(error) === ERRNO.NO_DEFAULT && (await isEmpty())) return 0
        throw error
      })
      await step.record(rows)
      return { kind: 'copied', rows }
    })
  } catch (error) {
    if (isContention(error)) return { kind: 'blocked' }
    throw error
  }
}

/** Takes the locks that the step asks for, and out of the target what is in the way: the source's rows first, always. */
async function prepare(
  session: Session,
  pair: TablePair,
  {
    step: { first, clearFirst, range },
    rowsOf,
  }: {
    readonly step: CopyStep
    readonly rowsOf: (what: RawBuilder<unknown>) => RawBuilder<Record<string, unknown>>
  },
): Promise<void> {
  if (first === 'wait') await waitInLine(session, pair, keyInRange(pair, 'source', range))
  if (clearFirst && !keepsOrder(pair)) {
    await clearKeys(session, pair, await session.rows(rowsOf(selectKey(pair))))
    return
  }
  // An aggregate locks all of the range and sends none of them here.
  if (clearFirst || first === 'lock') await session.rows(rowsOf(sql`COUNT(*)`))
  if (clearFirst) await clearRange(session, pair, range)
}

/** Removes the rows of the range that are in the target already, the first `limit` of them, and returns how many they were. */
export async function clearRange(
  session: Session,
  pair: TablePair,
  range: KeyRange,
  limit: number | null = null,
): Promise<number> {
  const order = sql.join(iteratedColumns(pair).map(({ to }) => columnOf(pair.target, to)))
  const first = limit === null ? sql`` : sql`ORDER BY ${order} LIMIT ${sql.lit(limit)}`
  return await session.run(
    sql`DELETE FROM ${tableOf(pair.target)} WHERE ${keyInRange(pair, 'target', range)} ${first}`,
  )
}

/** Keys of one DELETE: the longest there are make 2.4 MiB of it. */
const CLEAR_BATCH = 200

/**
 * Does the same where the target orders its keys in another way, and the range means nothing there: the keys of the
 * source's rows, which are locked, lead to them. They are named, because a DELETE that joins the source waits for its
 * rows, and no clause forbids it. Rows that the source no longer has need no clearing then: such a pair applies
 * every change, also those that the copy has not reached.
 */
async function clearKeys(
  session: Session,
  pair: TablePair,
  rows: readonly Record<string, unknown>[],
): Promise<void> {
  const keys = rows.map((row) => readKey(pair, row))
  for (let first = 0; first < keys.length; first += CLEAR_BATCH) {
    const batch = keys.slice(first, first + CLEAR_BATCH)
    await session.run(sql`DELETE FROM ${tableOf(pair.target)} WHERE ${keySpelledIn(pair, batch)}`)
  }
}

/** The clause that locks the rows that are read, and fails at once when another session holds one of them. */
export const LOCK_OR_FAIL: Readonly<Record<'mysql' | 'mariadb', RawBuilder<unknown>>> = {
  mysql: sql`FOR SHARE NOWAIT`,
  mariadb: sql`LOCK IN SHARE MODE NOWAIT`,
}
