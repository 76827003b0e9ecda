import { type RawBuilder, sql } from 'kysely'
import { type Key, keyId } from '../binlog/key.ts'
import type { Session } from '../mysql/session.ts'
import { columnOf, keyIn, readKey, selectKey, tableByKey, tableOf } from './key-sql.ts'
import type { TablePair } from './pair.ts'

/**
 * Makes the target's rows of `keys` what the source's rows are now: a re-read, so the order of changes, how often
 * one is applied and how many were merged do not matter.
 *
 * Why nothing is lost (invariant APPLY-1 in docs/invariants.md):
 * 1. A change can be read from the binlog before its row is visible, but the writer still holds the row's lock.
 * 2. So the rows are locked first, and a row that cannot be locked at once makes the batch fail, never read on.
 * 3. The locks are kept until the target's rows are committed: no later change can overtake this batch.
 *
 * Must run in a READ COMMITTED transaction, or under LOCK TABLES on both tables (then `lockOrFail` is empty).
 *
 * @throws the server's error; `isContention` says that the batch can be tried again.
 */
export async function applyKeys(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  keys: readonly Key[],
): Promise<void> {
  const present = await lockedKeys(session, pair, lockOrFail, keys)
  const found = new Set(present.map(keyId))
  const absent = keys.filter((key) => !found.has(keyId(key)))
  if (absent.length > 0) await deleteGone(session, pair, absent)
  if (present.length === 0) return
  if (pair.write === 'update_insert') {
    await updateShared(session, pair, present)
    await insertMissing(session, pair, lockOrFail, present)
    return
  }
  if (pair.write === 'delete_insert') {
    await session.run(sql`DELETE FROM ${tableOf(pair.target)} WHERE ${keyIn(pair, 'target', keys)}`)
  }
  await insertRows(session, pair, lockOrFail, present)
}

/** Locks the source's rows of `keys` and returns their keys as the source spells them. */
async function lockedKeys(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  keys: readonly Key[],
): Promise<readonly Key[]> {
  const rows = await session.rows(sql<Record<string, unknown>>`
    SELECT ${selectKey(pair)} FROM ${tableByKey(pair, 'source')}
    WHERE ${keyIn(pair, 'source', keys)} ${lockOrFail}`)
  return rows.map((row) => readKey(pair, row))
}

/**
 * Deletes the target's rows that the source no longer has. The server tells which they are, because two spellings
 * of a key can be the same key under its collation. It does so in a read that locks nothing: as a condition of the
 * DELETE it would lock what it reads in the source, and wait for it. A row that was inserted since its key was found
 * to be absent has a change of its own on its way.
 */
async function deleteGone(
  session: Session,
  pair: TablePair,
  absent: readonly Key[],
): Promise<void> {
  const missing = pair.key.map(({ from }) => sql`${columnOf(pair.source, from)} IS NULL`)
  const rows = await session.rows(sql<Record<string, unknown>>`
    SELECT ${selectKey(pair, 'target')} FROM ${tableByKey(pair, 'target')}
      LEFT JOIN ${tableByKey(pair, 'source')} ON ${sameKey(pair)}
    WHERE ${keyIn(pair, 'target', absent)} AND ${sql.join(missing, sql` AND `)}`)
  if (rows.length === 0) return
  const gone = rows.map((row) => readKey(pair, row))
  await session.run(sql`DELETE FROM ${tableOf(pair.target)} WHERE ${keyIn(pair, 'target', gone)}`)
}

async function insertRows(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  keys: readonly Key[],
): Promise<void> {
  const verb = pair.write === 'replace' ? sql`REPLACE` : sql`INSERT`
  const from = sql.join(pair.columns.map((column) => columnOf(pair.source, column.from)))
  const to = sql.join(pair.columns.map((column) => sql.id(column.to.name)))
  await session.run(sql`${verb} INTO ${tableOf(pair.target)} (${to})
    SELECT ${from} FROM ${tableByKey(pair, 'source')}
    WHERE ${keyIn(pair, 'source', keys)} ${lockOrFail}`)
}

async function updateShared(
  session: Session,
  pair: TablePair,
  keys: readonly Key[],
): Promise<void> {
  const assignments = pair.columns.map(
    ({ from, to }) => sql`${columnOf(pair.target, to)} = ${columnOf(pair.source, from)}`,
  )
  await session.run(sql`UPDATE ${tableByKey(pair, 'source')} STRAIGHT_JOIN ${tableByKey(pair, 'target')} ON ${sameKey(pair)}
    SET ${sql.join(assignments)}
    WHERE ${keyIn(pair, 'source', keys)}`)
}

/**
 * Inserts the rows that the target lacks. The server tells which are there, in the source's spelling; in a statement of
 * its own, because under LOCK TABLES no statement may name a table twice (error 1100).
 */
async function insertMissing(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  keys: readonly Key[],
): Promise<void> {
  const rows = await session.rows(sql<Record<string, unknown>>`
    SELECT ${selectKey(pair)} FROM ${tableByKey(pair, 'source')}
      STRAIGHT_JOIN ${tableByKey(pair, 'target')} ON ${sameKey(pair)}
    WHERE ${keyIn(pair, 'source', keys)}`)
  const there = new Set(rows.map((row) => keyId(readKey(pair, row))))
  const missing = keys.filter((key) => !there.has(keyId(key)))
  if (missing.length > 0) await insertRows(session, pair, lockOrFail, missing)
}

function sameKey(pair: TablePair): RawBuilder<unknown> {
  const parts = pair.key.map(
    ({ from, to }) => sql`${columnOf(pair.source, from)} = ${columnOf(pair.target, to)}`,
  )
  return sql.join(parts, sql` AND `)
}
