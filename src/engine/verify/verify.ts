import { sql } from 'kysely'
import type { Key } from '../../binlog/key.ts'
import type { Session } from '../../mysql/session.ts'
import { dataRefusal } from '../apply/data-error.ts'
import { nextBoundary } from '../copy/chunk.ts'
import {
  type KeyRange,
  keepsOrder,
  keyInRange,
  readKey,
  sameKey,
  sameKeyFromTarget,
  selectKey,
  tableByKey,
} from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import { differingKeys } from './difference.ts'
import { rowHash } from './row-hash.ts'
import { type SettleContext, settle } from './settle.ts'

/** How long the comparison of one chunk should take: its snapshot holds up the server's purge. */
const CHUNK_MS = 200
const FIRST_CHUNK_ROWS = 1_000
const MIN_CHUNK_ROWS = 100
const MAX_CHUNK_ROWS = 20_000
/** Rows that only the target has and that no range leads to are looked at in portions of so many. */
const STRAYS_AT_ONCE = 10_000

export type VerifyContext = SettleContext & {
  /** Rests between two chunks; given how long the last one took. */
  readonly rest: (workedMs: number) => Promise<void>
}

/** What a comparison of all rows came to, when it found no drift. */
export type Compared = {
  readonly rows: number
  /** Rows that differed because a change was on its way. */
  readonly lagging: number
}

/**
 * Compares every row of both tables.
 *
 * Chunk by chunk, one snapshot of the server covers both tables. A row that differs there may only lag: settle.ts
 * decides it. What differs without a change that explains it is a defect, or a value that the change of type has altered.
 *
 * @throws {Refusal} VALUE_DOES_NOT_FIT when a change of type altered values, DRIFT_FOUND for anything else.
 */
export async function verifyPair(
  session: Session,
  pair: TablePair,
  context: VerifyContext,
): Promise<Compared> {
  // What a column generates was never compared with the values that it had before, and is not the old table's.
  const towardsOld = pair.write === 'update_insert'
  const columns = pair.columns.filter(({ from }) => !towardsOld || !from.generated)
  try {
    return await compareAll(session, { ...pair, columns }, context)
  } catch (error) {
    // To be compared, a value is brought to the other type, and may not be one of its values.
    throw dataRefusal(error, pair) ?? error
  }
}

async function compareAll(
  session: Session,
  pair: TablePair,
  context: VerifyContext,
): Promise<Compared> {
  const { clock, signal } = context
  let compared: Compared = { rows: 0, lagging: 0 }
  let chunkRows = FIRST_CHUNK_ROWS
  for (let after: Key | null = null; ; ) {
    signal.throwIfAborted()
    const begunAt = clock.now().getTime()
    const upTo: Key | null = await nextBoundary(session, pair, { after, upTo: null }, chunkRows)
    const { rows, suspects } = await compareChunk(session, pair, { after, upTo })
    const tookMs = clock.now().getTime() - begunAt
    await settle(session, pair, suspects, context)
    compared = { rows: compared.rows + rows, lagging: compared.lagging + suspects.length }
    if (upTo === null) break
    after = upTo
    chunkRows = nextSize(chunkRows, tookMs)
    await context.rest(tookMs)
  }
  if (keepsOrder(pair)) return compared
  return { ...compared, lagging: compared.lagging + (await settleStrays(session, pair, context)) }
}

/** Changes at most twofold, so that one slow chunk among quick ones does not decide. */
function nextSize(rows: number, tookMs: number): number {
  const factor = Math.min(2, Math.max(0.5, CHUNK_MS / Math.max(1, tookMs)))
  return Math.min(MAX_CHUNK_ROWS, Math.max(MIN_CHUNK_ROWS, Math.round(rows * factor)))
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

/** Decides for the target's rows that the source lacks, where no range of keys can lead to them. */
async function settleStrays(
  session: Session,
  pair: TablePair,
  context: VerifyContext,
): Promise<number> {
  let lagging = 0
  for (;;) {
    context.signal.throwIfAborted()
    const strays = await strayKeys(session, pair)
    await settle(session, pair, strays, context)
    lagging += strays.length
    if (strays.length < STRAYS_AT_ONCE) return lagging
  }
}

async function strayKeys(session: Session, pair: TablePair): Promise<readonly Key[]> {
  const rows = await session.rows(sql<Record<string, unknown>>`
    SELECT ${selectKey(pair, 'target')} FROM ${tableByKey(pair, 'target')}
    WHERE NOT EXISTS (SELECT 1 FROM ${tableByKey(pair, 'source')} WHERE ${sameKeyFromTarget(pair)})
    LIMIT ${sql.lit(STRAYS_AT_ONCE)}`)
  return rows.map((row) => readKey(pair, row))
}
