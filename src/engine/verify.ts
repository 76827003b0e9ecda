import { type RawBuilder, sql } from 'kysely'
import { type Key, keyId } from '../binlog/key.ts'
import type { Clock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import { isContention } from '../mysql/errno.ts'
import type { Session } from '../mysql/session.ts'
import { nextBoundary } from './chunk.ts'
import type { KeySet } from './key-set.ts'
import {
  columnOf,
  type KeyRange,
  keyIn,
  keyInRange,
  readKey,
  selectKey,
  tableByKey,
} from './key-sql.ts'
import type { TablePair } from './pair.ts'
import { comparable, rowHash } from './row-hash.ts'

const CHUNK_ROWS = 10_000
/** So few rows are locked at once that the application hardly meets one of them. */
const SUSPECTS_AT_ONCE = 50
const CONTENTION_TRIES = 200
/** A difference that is seen so often under locks is none that a change still under way could explain. */
const DRIFT_LOOKS = 5

export type VerifyContext = {
  readonly clock: Clock
  readonly lockOrFail: RawBuilder<unknown>
  readonly keys: KeySet
  /** Resolves when the stream has delivered everything that was committed before the call. */
  readonly passBarrier: (signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
}

/**
 * Compares every row of both tables and returns how many there are.
 *
 * Chunk by chunk, one snapshot of the server covers both tables. A row that differs there may only lag, so it is
 * locked in the source; once the stream has delivered what came before the lock, and every such change of it is
 * applied, it must be equal. What still differs then is a defect or a value that the change has altered.
 *
 * @throws {Refusal} VALUE_DOES_NOT_FIT when a change of type altered values, DRIFT_FOUND for anything else.
 */
export async function verifyPair(
  session: Session,
  pair: TablePair,
  context: VerifyContext,
): Promise<number> {
  let rows = 0
  let after: Key | null = null
  for (;;) {
    context.signal.throwIfAborted()
    const upTo: Key | null = await nextBoundary(session, pair, { after, upTo: null }, CHUNK_ROWS)
    const chunk = await compareChunk(session, pair, { after, upTo })
    rows += chunk.rows
    for (let at = 0; at < chunk.suspects.length; at += SUSPECTS_AT_ONCE) {
      await settle(session, pair, chunk.suspects.slice(at, at + SUSPECTS_AT_ONCE), context)
    }
    if (upTo === null) return rows
    after = upTo
  }
}

type Sum = { readonly rowCount: string | number; readonly hash: string }

async function compareChunk(
  session: Session,
  pair: TablePair,
  range: KeyRange,
): Promise<{ readonly rows: number; readonly suspects: readonly Key[] }> {
  const sums = (side: 'source' | 'target') => sql<Sum>`
    SELECT COUNT(*) AS rowCount, CAST(BIT_XOR(${rowHash(pair, side)}) AS CHAR) AS hash
    FROM ${tableByKey(pair, side)} WHERE ${keyInRange(pair, side, range)}`
  await session.run(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`)
  return await session.transaction(async () => {
    const source = await session.row(sums('source'))
    const target = await session.row(sums('target'))
    const rows = Number(source?.rowCount ?? 0)
    if (rows === Number(target?.rowCount) && source?.hash === target?.hash) {
      return { rows, suspects: [] }
    }
    const where = (side: 'source' | 'target') => keyInRange(pair, side, range)
    return { rows, suspects: await differingKeys(session, pair, where, sql``) }
  })
}

type HashedRow = Readonly<Record<string, unknown>> & { readonly hash: string }

/** The keys of the rows that `where` selects on either side and that are not equal on both. */
async function differingKeys(
  session: Session,
  pair: TablePair,
  where: (side: 'source' | 'target') => RawBuilder<unknown>,
  lockSource: RawBuilder<unknown>,
): Promise<readonly Key[]> {
  const hashed = async (side: 'source' | 'target') => {
    const key = selectKey(pair, side)
    const lock = side === 'source' ? lockSource : sql``
    const rows = await session.rows(sql<HashedRow>`
      SELECT ${key}, CAST(${rowHash(pair, side)} AS CHAR) AS hash FROM ${tableByKey(pair, side)}
      WHERE ${where(side)} ${lock}`)
    return new Map(
      rows.map((row) => {
        const found = readKey(pair, row)
        return [keyId(found), { key: found, hash: row.hash }]
      }),
    )
  }
  const source = await hashed('source')
  const target = await hashed('target')
  const all = new Map([...target, ...source])
  return [...all]
    .filter(([id]) => source.get(id)?.hash !== target.get(id)?.hash)
    .map(([, { key }]) => key)
}

/**
 * Decides for some rows whether they only lag; throws when they do not. A row that was not there to be locked may
 * have been inserted after the barrier: what differs is looked at again, and then it is locked.
 */
async function settle(
  session: Session,
  pair: TablePair,
  suspects: readonly Key[],
  context: VerifyContext,
): Promise<void> {
  let differing = suspects
  for (let look = 1; look <= DRIFT_LOOKS && differing.length > 0; look += 1) {
    differing = await differingUnderLock(session, pair, differing, context)
  }
  if (differing.length > 0) throw await driftRefusal(session, pair, differing)
}

async function differingUnderLock(
  session: Session,
  pair: TablePair,
  suspects: readonly Key[],
  { clock, signal, keys, lockOrFail, passBarrier }: VerifyContext,
): Promise<readonly Key[]> {
  const where = (side: 'source' | 'target') => keyIn(pair, side, suspects)
  const ids = suspects.map(keyId)
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted()
    try {
      return await session.transaction(async () => {
        await session.rows(
          sql`SELECT 1 FROM ${tableByKey(pair, 'source')} WHERE ${where('source')} ${lockOrFail}`,
        )
        await passBarrier(signal)
        while (ids.some((id) => keys.has(id))) await clock.sleep(5, { signal })
        return await differingKeys(session, pair, where, lockOrFail)
      })
    } catch (error) {
      if (!isContention(error) || tries === CONTENTION_TRIES) throw error
      await clock.sleep(Math.min(500, 10 * tries), { signal })
    }
  }
}

/** Says in which columns the rows differ: in those whose type changes, the change itself alters the values. */
async function driftRefusal(
  session: Session,
  pair: TablePair,
  drifted: readonly Key[],
): Promise<Refusal> {
  const sameKey = pair.key.map(
    ({ from, to }) => sql`${columnOf(pair.source, from)} = ${columnOf(pair.target, to)}`,
  )
  const counts = pair.columns.map(
    (
      column,
      index,
    ) => sql`SUM(NOT (${comparable(pair, column, 'source')} <=> ${comparable(pair, column, 'target')}))
      AS ${sql.id(`c${index}`)}`,
  )
  const row = await session.row(sql<Record<string, string | null>>`
    SELECT ${sql.join(counts)} FROM ${tableByKey(pair, 'source')} STRAIGHT_JOIN ${tableByKey(pair, 'target')}
      ON ${sql.join(sameKey, sql` AND `)} WHERE ${keyIn(pair, 'source', drifted.slice(0, 1000))}`)
  const columns = pair.columns.filter((_, index) => Number(row?.[`c${index}`] ?? 0) > 0)
  const names = columns.map(({ from }) => from.name).join(', ')
  const altered =
    columns.length > 0 &&
    columns.every(
      ({ from, to }) => from.columnType !== to.columnType || from.charset !== to.charset,
    )
  const table = pair.source.name
  if (altered) {
    return new Refusal(
      'VALUE_DOES_NOT_FIT',
      `The new type of ${names} in ${table} would change values (first seen in ${drifted.length} rows).`,
      { next: `Choose a type for ${names} that keeps every value, or change the values first.` },
    )
  }
  return new Refusal(
    'DRIFT_FOUND',
    `${drifted.length} rows of ${table} and its copy differ${names ? ` in ${names}` : ''}, and no pending change explains it.`,
    { next: 'Report this as a defect of Crossfade; the live table is untouched.' },
  )
}
