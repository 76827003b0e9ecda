import { type RawBuilder, sql } from 'kysely'
import { type Key, keyId } from '../../binlog/key.ts'
import { ENGINE_SCHEMA } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import { valueFor } from '../table/conversion.ts'
import {
  columnOf,
  equalKeyColumn,
  keepsOrder,
  keyIn,
  keySpelledIn,
  readKey,
  sameKey,
  selectKey,
  tableByKey,
  tableOf,
} from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import { PRIMARY, type ShapeColumn } from '../table/table-shape.ts'
import { isSameAcross } from '../verify/across-types.ts'
import { differingKeys, driftRefusal, type RowsOf, rowsByKey } from '../verify/difference.ts'
import { mayAlter } from '../verify/row-hash.ts'
import { causeOfDuplicate, collidingKeys, isDuplicate } from './duplicate.ts'
import { keysIn, type Move } from './moves.ts'

/**
 * Makes the target's rows of `keys` what the source's rows are now: a re-read, so the order of changes, how often
 * one is applied and how many were merged do not matter.
 *
 * Why nothing is lost (invariant APPLY-1 in docs/invariants.md):
 * 1. A change can be read from the binlog before its row is visible, but the writer still holds the row's lock.
 * 2. So the rows are locked first, and a row that cannot be locked at once makes the batch fail, never read on.
 * 3. The locks are kept until the target's rows are committed: no later change can overtake this batch.
 * 4. A row that is gone is deleted by the exact spelling of its key. It needs no second look at the source: if a row
 *    has taken that key again, or one that counts as equal, that is a change of its own, which is on its way.
 *
 * Must run in a READ COMMITTED transaction, or with autocommit off under LOCK TABLES on both tables (then `lockOrFail`
 * is empty, and no statement may name a table twice or by an alias: error 1100).
 *
 * @returns those of `keys` that got no row in the target because another row holds a value of theirs: their changes must go on
 * waiting to be applied. Null when all are applied.
 * @throws the server's error; `isContention` says that the batch can be tried again.
 * @throws {Refusal} VALUE_DOES_NOT_FIT when the target cannot hold a value as it is.
 */
export async function applyKeys(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  changed: readonly Key[] | ChangedKeys,
): Promise<LeftOut | null> {
  const { keys, stays, moves, waits } =
    'stays' in changed ? changed : { ...NOTHING_KEPT, keys: changed }
  const present = await lockedKeys(session, pair, lockOrFail, keys)
  const found = new Set(present.map(keyId))
  const absent = keys.filter((key) => !found.has(keyId(key)) && !stays(key))
  if (pair.write === 'update_insert') {
    await writeShared(session, pair, { lockOrFail, present, absent, moves })
    return null
  }
  await deleteGone(session, pair, absent)
  if (present.length === 0) return null
  if (pair.write === 'delete_insert') {
    await deleteStale(session, pair, present)
    return await insertAnew(session, pair, lockOrFail, { keys, present, waits })
  }
  await insertRows(session, pair, lockOrFail, present)
  await refuseAltered(session, pair, present)
  return null
}

/** Keys whose rows were not written, and what the server said of them. */
export type LeftOut = { readonly keys: readonly Key[]; readonly error: unknown }

/** Keys whose rows in the target hold values that the source does not have. */
export type ChangedKeys = {
  readonly keys: readonly Key[]
  /**
   * Whether the target's row of a key stays, should the source have none: by the stream up to now it has one. What became of it
   * is still on its way, and only that tells where the row's values belong.
   */
  readonly stays: (key: Key) => boolean
  /** What the target has at `from` belongs to the source's row at `to`; both are among the keys. */
  readonly moves: readonly Move[]
  /**
   * Whether a change of a key that is not among the keys waits to be applied, and does so until this transaction has ended; null
   * where none can. The target's row of such a key may be taken away: it comes back when that change is applied.
   */
  readonly waits: ((key: Key) => boolean) | null
}

const NOTHING_KEPT: Omit<ChangedKeys, 'keys'> = { stays: () => false, moves: [], waits: null }

/**
 * Locks the source's rows of `keys` and returns their keys as the source spells them. A read that the index of the key can
 * answer alone locks nothing but that index, and a change of other columns goes by unseen: so a value is read that the
 * index does not have.
 */
export async function lockedKeys(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  keys: readonly Key[],
): Promise<readonly Key[]> {
  const outside = columnOutsideOfKey(pair)
  const value = outside === null ? [] : [sql`LENGTH(${columnOf(pair.source, outside)}) AS outside`]
  const rows = await session.rows(sql<Record<string, unknown>>`
    SELECT ${sql.join([selectKey(pair), ...value])} FROM ${tableByKey(pair, 'source')}
    WHERE ${keyIn(pair, 'source', keys)} ${lockOrFail}`)
  return rows.map((row) => readKey(pair, row))
}

/** A column that only the row itself holds; null where every column is in the index, or the index is the row. */
function columnOutsideOfKey({ source, keyName }: TablePair): ShapeColumn | null {
  if (keyName.source === PRIMARY) return null
  const inIndex = new Set(
    source.uniqueKeys
      .filter(({ name }) => name === PRIMARY || name === keyName.source)
      .flatMap(({ columns }) => columns),
  )
  const outside = source.columns.filter(({ name, generated }) => !generated && !inIndex.has(name))
  // A short one, if there is one: its value is read for nothing.
  return outside.find(({ length }) => (length ?? 0) < 1_000) ?? outside[0] ?? null
}

/** Deletes the target's rows that the source no longer has. */
async function deleteGone(
  session: Session,
  pair: TablePair,
  absent: readonly Key[],
): Promise<void> {
  if (absent.length === 0) return
  await session.run(sql`DELETE FROM ${tableOf(pair.target)} WHERE ${keySpelledIn(pair, absent)}`)
}

/** Deletes the target's rows of `keys`, which are about to be inserted anew or wait for it. */
export async function deleteStale(
  session: Session,
  pair: TablePair,
  keys: readonly Key[],
): Promise<void> {
  const stale = keepsOrder(pair) ? keyIn(pair, 'target', keys) : keySpelledIn(pair, keys)
  await session.run(sql`DELETE FROM ${tableOf(pair.target)} WHERE ${stale}`)
}

/**
 * Inserts the rows of `present`, whose copies were deleted. Values move between rows while the target lags, so another row
 * can still hold one of theirs; then it is made room for them, and what finds none is left out.
 */
async function insertAnew(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  { keys, present, waits }: Pick<ChangedKeys, 'keys' | 'waits'> & Present,
): Promise<LeftOut | null> {
  try {
    await insertRows(session, pair, lockOrFail, present)
    await refuseAltered(session, pair, present)
    return null
  } catch (error) {
    if (!isDuplicate(error) || waits === null) throw error
    const where = keyIn(pair, 'source', present)
    if ((await causeOfDuplicate(session, pair, where)) === 'rows') throw error
    const left = await makeRoom(session, pair, { present, waits })
    const leftOut = new Set(left.map(keyId))
    // A row that is there under another spelling of a key has no change that waits under its own.
    const waiting = new Set(keys.map(keyId))
    if (left.some((key) => !waiting.has(keyId(key)))) throw error
    const others = present.filter((key) => !leftOut.has(keyId(key)))
    if (others.length > 0) {
      await insertRows(session, pair, lockOrFail, others)
      await refuseAltered(session, pair, others)
    }
    return left.length === 0 ? null : { keys: left, error }
  }
}

type Present = { readonly present: readonly Key[] }

/**
 * Takes rows of the target away that hold values of the source's rows of `present`, and returns the keys of those that still
 * collide. A row is only taken away where a change of it waits: it comes back with that change, which no checkpoint passes
 * before. One without would be lost by a crash, or if both rows really have the value; its change may be on its way.
 */
async function makeRoom(
  session: Session,
  pair: TablePair,
  { present, waits }: Present & { readonly waits: (key: Key) => boolean },
): Promise<readonly Key[]> {
  const holding = await collidingKeys(session, pair, 'target', present)
  const stale = holding.filter(waits)
  if (stale.length > 0) await deleteStale(session, pair, stale)
  return stale.length < holding.length ? await collidingKeys(session, pair, 'source', present) : []
}

async function insertRows(
  session: Session,
  pair: TablePair,
  lockOrFail: RawBuilder<unknown>,
  keys: readonly Key[],
): Promise<void> {
  const verb = pair.write === 'replace' ? sql`REPLACE` : sql`INSERT`
  const from = sql.join(pair.columns.map((column) => valueFor(pair, column)))
  const to = sql.join(pair.columns.map((column) => sql.id(column.to.name)))
  await session.run(sql`${verb} INTO ${tableOf(pair.target)} (${to})
    SELECT ${from} FROM ${tableByKey(pair, 'source')}
    WHERE ${keyIn(pair, 'source', keys)} ${lockOrFail}`)
}

/**
 * Writes the columns that both tables have, and leaves the target's own as they are. First the rows that are there, so
 * that one whose key is only spelled anew is not taken for one that is gone.
 */
async function writeShared(
  session: Session,
  pair: TablePair,
  {
    lockOrFail,
    present,
    absent,
    moves,
  }: {
    readonly lockOrFail: RawBuilder<unknown>
    readonly present: readonly Key[]
    readonly absent: readonly Key[]
    readonly moves: readonly Move[]
  },
): Promise<void> {
  const update = async () => {
    if (present.length > 0) await updateShared(session, pair, present)
  }
  if (moves.length > 0) await rewriteShared(session, pair, { present, absent, moves })
  else {
    try {
      await moveShared(session, pair, { present, absent })
      await update()
      await deleteGone(session, pair, absent)
    } catch (error) {
      if (!isDuplicate(error)) throw error
      // The value may still be held by a row that is gone, or move between rows of this batch.
      await rewriteShared(session, pair, { present, absent, moves })
    }
  }
  if (present.length === 0) return
  await insertMissing(session, pair, lockOrFail, present)
  await refuseAltered(session, pair, present)
}

/**
 * Strict mode lets some values be cut (a DECIMAL's digits, a DATETIME's fraction), and no comparison of all rows is sure to
 * come before the swap: so rows of other types are compared at once.
 */
async function refuseAltered(
  session: Session,
  pair: TablePair,
  keys: readonly Key[],
): Promise<void> {
  if (!pair.columns.some(mayAlter)) return
  const rowsOf: RowsOf = (side) => rowsByKey(pair, side, keys)
  const altered = await differingKeys(session, pair, rowsOf, sql``)
  if (altered.length > 0) throw await driftRefusal(session, pair, altered)
}

/**
 * Where the target's index is only a part of the key, the rest of a row's key can change while it stays the same row of
 * the target. Such a row is updated, not deleted and inserted, so that it keeps the target's own columns. It must be
 * the copy of a row that is gone: two rows of the source with one key of the target are a duplicate, not a change.
 */
async function moveShared(
  session: Session,
  pair: TablePair,
  { present, absent }: { readonly present: readonly Key[]; readonly absent: readonly Key[] },
): Promise<void> {
  if (pair.targetIndex.length === pair.key.length) return
  if (present.length === 0 || absent.length === 0) return
  const sameIndex = pair.targetIndex.flatMap((place) => {
    const column = pair.key[place]
    return column ? equalKeyColumn(pair, column) : []
  })
  await session.run(sql`UPDATE ${tableByKey(pair, 'source')} STRAIGHT_JOIN ${tableByKey(pair, 'target')}
      ON ${sql.join(sameIndex, sql` AND `)}
    SET ${assignments(pair)}
    WHERE ${keyIn(pair, 'source', present)} AND ${keySpelledIn(pair, absent)}`)
}

async function updateShared(
  session: Session,
  pair: TablePair,
  keys: readonly Key[],
): Promise<void> {
  await session.run(sql`UPDATE ${tableByKey(pair, 'source')} STRAIGHT_JOIN ${tableByKey(pair, 'target')} ON ${sameKey(pair)}
    SET ${assignments(pair)}
    WHERE ${keyIn(pair, 'source', keys)}`)
}

/** What is still the same value stays as the old table wrote it: a number `0012` in a text, bytes without the zeros. */
function assignments(pair: TablePair): RawBuilder<unknown> {
  const assigned = pair.columns.map((column) => {
    const [own, value] = [columnOf(pair.target, column.to), valueFor(pair, column)]
    const isSame = isSameAcross(pair, column)
    return isSame ? sql`${own} = IF(${isSame}, ${own}, ${value})` : sql`${own} = ${value}`
  })
  return sql.join(assigned)
}

/** Where the target's own columns wait while their rows are deleted and inserted anew. */
const KEPT = sql.id(ENGINE_SCHEMA, 'kept')

/** So many moves are looked up by one statement. */
const MOVES_AT_ONCE = 100

/** Rows of the source beside those of the target that have the same key or, by `moves`, had another one. */
function placesOf(
  pair: TablePair,
  keys: readonly Key[],
  moves: readonly Move[],
): readonly RawBuilder<unknown>[] {
  const moved = new Set(keysIn(moves).map(keyId))
  const left = keys.filter((key) => !moved.has(keyId(key)))
  const places = left.length > 0 ? [sql`${sameKey(pair)} AND ${keyIn(pair, 'source', left)}`] : []
  const arriving = moves.flatMap(({ from, to }) => (to === null ? [] : { from, to }))
  for (let from = 0; from < arriving.length; from += MOVES_AT_ONCE) {
    const some = arriving.slice(from, from + MOVES_AT_ONCE)
    const pairs = some.map(
      (move) =>
        sql`(${keyIn(pair, 'source', [move.to])} AND ${keyIn(pair, 'target', [move.from])})`,
    )
    const sources = keyIn(
      pair,
      'source',
      some.map(({ to }) => to),
    )
    const targets = keyIn(
      pair,
      'target',
      some.map((move) => move.from),
    )
    places.push(sql`${sources} AND ${targets} AND (${sql.join(pairs, sql` OR `)})`)
  }
  return places
}

/**
 * Does what {@link updateShared} does where values of a unique key move between rows: an UPDATE goes row by row, and
 * the first would collide with the value that the second still has. So the rows are taken away before they are written.
 * And where a row has got another key: then it is written under that one, with the target's own columns.
 */
async function rewriteShared(
  session: Session,
  pair: TablePair,
  {
    present,
    absent,
    moves,
  }: {
    readonly present: readonly Key[]
    readonly absent: readonly Key[]
    readonly moves: readonly Move[]
  },
): Promise<void> {
  const places = placesOf(pair, present, moves)
  const [first, ...others] = places
  if (!first) {
    await deleteGone(session, pair, [...absent, ...keysIn(moves)])
    return
  }
  const shared = new Set(pair.columns.map(({ to }) => to.name))
  const own = pair.target.columns.filter(({ name, generated }) => !generated && !shared.has(name))
  const keyPart = (index: number) => sql.id(`k${index}`)
  const sourceKeys = pair.key.map(
    ({ from }, index) => sql`${columnOf(pair.source, from)} AS ${keyPart(index)}`,
  )
  const ownValues = own.map(
    (column, index) => sql`${columnOf(pair.target, column)} AS ${sql.id(`c${index}`)}`,
  )
  await session.run(sql`DROP TEMPORARY TABLE IF EXISTS ${KEPT}`)
  const selectFrom = (place: RawBuilder<unknown>) =>
    sql`SELECT ${sql.join([...sourceKeys, ...ownValues])}
      FROM ${tableByKey(pair, 'source')} STRAIGHT_JOIN ${tableByKey(pair, 'target')} WHERE ${place}`
  await session.run(sql`CREATE TEMPORARY TABLE ${KEPT} AS ${selectFrom(first)}`)
  for (const place of others) await session.run(sql`INSERT INTO ${KEPT} ${selectFrom(place)}`)
  await deleteGone(session, pair, absent)
  await deleteStale(session, pair, [...present, ...keysIn(moves)])
  const into = [...pair.columns.map(({ to }) => to.name), ...own.map(({ name }) => name)]
  const values = [
    ...pair.columns.map((column) => valueFor(pair, column)),
    ...own.map((_, index) => sql`${KEPT}.${sql.id(`c${index}`)}`),
  ]
  const sameRow = pair.key.map(
    ({ from }, index) => sql`${columnOf(pair.source, from)} = ${KEPT}.${keyPart(index)}`,
  )
  await session.run(sql`INSERT INTO ${tableOf(pair.target)} (${sql.join(into.map((name) => sql.id(name)))})
    SELECT ${sql.join(values)} FROM ${KEPT} STRAIGHT_JOIN ${tableByKey(pair, 'source')}
      ON ${sql.join(sameRow, sql` AND `)}`)
  await session.run(sql`DROP TEMPORARY TABLE ${KEPT}`)
}

/**
 * Inserts the rows that the target lacks. The server tells which are there, in the source's spelling; in a statement of
 * its own, because under LOCK TABLES no statement may name a table twice.
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
