import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import type { Session } from '../../mysql/session.ts'
import { fenceComment, ownComment, revertComment } from '../follower.ts'
import type { PreparedOperation } from '../shadow.ts'
import { setsNextNumber } from './next-number.ts'

/** The tables are swapped, but that was not written down: to be read from the dictionary, never to be tried again. */
export class SwapUnrecorded extends Error {
  override readonly name = 'SwapUnrecorded'

  constructor(cause: unknown) {
    super('the swap happened and was not recorded', { cause })
  }
}

/** Which way the tables are swapped: to the new schema, or back to the old one. */
export type SwapDirection = 'forward' | 'back'

/** Which tables are swapped, and which way. */
export type SwapPlan = {
  readonly id: string
  readonly schema: string
  readonly operations: readonly PreparedOperation[]
  readonly direction: SwapDirection
}

/** What one try to swap the tables needs; how each server family does it is `cutover-mysql.ts` and `cutover-mariadb.ts`. */
export type SwapContext = SwapPlan & {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Resolves when the stream has delivered a row that is written now, through another session. */
  readonly passBarrier: () => Promise<void>
  /** Applies the pending keys of these operations through the given session, which holds the locks. */
  readonly drain: (session: Session, operations: readonly PreparedOperation[]) => Promise<void>
  /** Records that the swap happened, through another session. */
  readonly record: () => Promise<void>
}

/** The names that one operation takes part with: all exist before the swap but `away`. */
export type SwapNames = {
  /** The table under the live name; null where it appears by the swap. */
  readonly live: string | null
  /** The table that takes the live name; null where it only goes away. */
  readonly other: string | null
  /** Where the live table goes; null where there is none. */
  readonly away: string | null
}

export function swapNames(
  { operation, names }: PreparedOperation,
  direction: SwapDirection,
): SwapNames {
  const { live, shadow, old } = names
  const [away, other] = direction === 'forward' ? [old, shadow] : [shadow, old]
  if (operation.kind === 'alter') return { live, other, away }
  const appears = (operation.kind === 'create') === (direction === 'forward')
  return appears ? { live: null, other, away: null } : { live, other: null, away }
}

/** The one RENAME of all tables. Its comment marks it in the stream. */
export function renameStatement({
  id,
  schema,
  operations,
  direction,
}: SwapPlan): RawBuilder<unknown> {
  const rename = (from: string, to: string) => sql`${sql.id(schema, from)} TO ${sql.id(schema, to)}`
  const renames = operations.flatMap((operation) => {
    const { live, other, away } = swapNames(operation, direction)
    return [
      // The live table's first, so that its name is free for the other.
      ...(live !== null && away !== null ? [rename(live, away)] : []),
      ...(other === null ? [] : [rename(other, operation.names.live)]),
    ]
  })
  return sql`RENAME TABLE ${sql.raw(swapComment(id, direction))} ${sql.join(renames)}`
}

/** The comment of the RENAME, in the stream and in the server's list of processes. */
export function swapComment(id: string, direction: SwapDirection): string {
  return direction === 'forward' ? fenceComment(id) : revertComment(id)
}

/**
 * The next number of the live table goes on in the other one, even if the rows that took the last ones are gone. Runs
 * in the session that holds the locks of the operation.
 */
export async function carryAutoIncrement(
  session: Session,
  { id, schema, direction }: SwapPlan,
  { forward, reverse, operation }: PreparedOperation,
): Promise<void> {
  // As for the server's own ALTER TABLE, a number that the change sets counts.
  if (direction === 'forward' && setsNextNumber(operation.statement)) return
  const pair = direction === 'forward' ? forward : reverse
  if (!pair?.target.columns.some(({ autoIncrement }) => autoIncrement)) return
  const next = await nextNumber(session, schema, pair.source.name)
  if (next <= (await nextNumber(session, schema, pair.target.name))) return
  await session.run(
    sql`ALTER TABLE ${sql.raw(ownComment(id))} ${sql.id(schema, pair.target.name)}
      AUTO_INCREMENT = ${sql.lit(next)}`,
  )
}

/** The next AUTO_INCREMENT number as the server has it in memory; information_schema may be out of date. */
async function nextNumber(session: Session, schema: string, table: string): Promise<bigint> {
  const row = await session.row(
    sql<Record<string, string>>`SHOW CREATE TABLE ${sql.id(schema, table)}`,
  )
  // The options stand after the columns, and after them the table's comment and its partitions.
  const found = /\n\)[^'\n]*? AUTO_INCREMENT=(\d+)/.exec(row?.['Create Table'] ?? '')
  return BigInt(found?.[1] ?? 1)
}
