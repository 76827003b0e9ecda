import { type RawBuilder, sql } from 'kysely'
import { type Key, keyId } from '../binlog/key.ts'
import type { Clock } from '../clock.ts'
import { isContention } from '../mysql/errno.ts'
import type { Session } from '../mysql/session.ts'
import { nextBoundary } from './chunk.ts'
import { differingKeys, driftRefusal, rowsByKey } from './difference.ts'
import type { KeySet } from './key-set.ts'
import {
  type KeyRange,
  keepsOrder,
  keyInRange,
  readKey,
  sameKey,
  sameKeyFromTarget,
  selectKey,
  tableByKey,
} from './key-sql.ts'
import type { TablePair } from './pair.ts'
import { rowHash } from './row-hash.ts'

const CHUNK_ROWS = 10_000
/** So few rows are locked at once that the application hardly meets one of them. */
const SUSPECTS_AT_ONCE = 50
const CONTENTION_TRIES = 200
/** The application must not wait for a slow stream: its rows are given back, and the comparison is tried again. */
const HOLD_LOCKS_MS = 1_000
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
    if (upTo === null) break
    after = upTo
  }
  if (!keepsOrder(pair)) await settle(session, pair, await strayKeys(session, pair), context)
  return rows
}

type Sum = { readonly rowCount: string | number; readonly hash: string }

async function compareChunk(
  session: Session,
  pair: TablePair,
  range: KeyRange,
): Promise<{ readonly rows: number; readonly suspects: readonly Key[] }> {
  const rowsOf = (side: 'source' | 'target') => {
    if (side === 'source' || keepsOrder(pair)) {
      return sql`${tableByKey(pair, side)} WHERE ${keyInRange(pair, side, range)}`
    }
    // The target's order is another one: its rows are found by those of the source.
    return sql`${tableByKey(pair, 'source')} STRAIGHT_JOIN ${tableByKey(pair, 'target')} ON ${sameKey(pair)}
      WHERE ${keyInRange(pair, 'source', range)}`
  }
  const sums = (side: 'source' | 'target') => sql<Sum>`
    SELECT COUNT(*) AS rowCount, CAST(BIT_XOR(${rowHash(pair, side)}) AS CHAR) AS hash
    FROM ${rowsOf(side)}`
  await session.run(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`)
  return await session.transaction(async () => {
    const source = await session.row(sums('source'))
    const target = await session.row(sums('target'))
    const rows = Number(source?.rowCount ?? 0)
    if (rows === Number(target?.rowCount) && source?.hash === target?.hash) {
      return { rows, suspects: [] }
    }
    return { rows, suspects: await differingKeys(session, pair, rowsOf, sql``) }
  })
}

/** The keys of the target's rows that the source lacks, where no range of keys can lead to them. */
async function strayKeys(session: Session, pair: TablePair): Promise<readonly Key[]> {
  const rows = await session.rows(sql<Record<string, unknown>>`
    SELECT ${selectKey(pair, 'target')} FROM ${tableByKey(pair, 'target')}
    WHERE NOT EXISTS (SELECT 1 FROM ${tableByKey(pair, 'source')} WHERE ${sameKeyFromTarget(pair)})
    LIMIT ${sql.lit(SUSPECTS_AT_ONCE)}`)
  return rows.map((row) => readKey(pair, row))
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
  const rowsOf = (side: 'source' | 'target') => rowsByKey(pair, side, suspects)
  const ids = suspects.map(keyId)
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted()
    try {
      return await session.transaction(async () => {
        const present = async (lock: RawBuilder<unknown>) => {
          const rows = await session.rows(sql<Record<string, unknown>>`
            SELECT ${selectKey(pair)} FROM ${rowsOf('source')} ${lock}`)
          return new Set(rows.map((row) => keyId(readKey(pair, row))))
        }
        const locked = await present(lockOrFail)
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(HOLD_LOCKS_MS)])
        await passBarrier(bounded)
        while (ids.some((id) => keys.has(id))) await clock.sleep(5, { signal: bounded })
        const differing = await differingKeys(session, pair, rowsOf, lockOrFail)
        // A row that was not there to be locked and is there now came after the barrier: its change is on its way.
        const now = await present(sql``)
        return differing
          .map((key) => ({ key, id: keyId(key) }))
          .filter(({ id }) => locked.has(id) || !now.has(id))
          .map(({ key }) => key)
      })
    } catch (error) {
      const isBusy = isContention(error) || isTimeout(error)
      if (!isBusy || tries === CONTENTION_TRIES) throw error
      await clock.sleep(Math.min(500, 10 * tries), { signal })
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError'
}
