import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../clock.ts'
import type { Session } from '../mysql/session.ts'
import { fenceComment, ownComment, revertComment } from './follower.ts'
import type { PreparedOperation } from './shadow.ts'

/** The tables are swapped, but that was not written down: to be read from the dictionary, never to be tried again. */
export class SwapUnrecorded extends Error {
  override readonly name = 'SwapUnrecorded'

  constructor(cause: unknown) {
    super('the swap happened and was not recorded', { cause })
  }
}

/** Which way the tables are swapped: to the new schema, or back to the old one. */
export type SwapDirection = 'forward' | 'back'

export type SwapContext = {
  readonly id: string
  readonly schema: string
  readonly operations: readonly PreparedOperation[]
  readonly direction: SwapDirection
  readonly clock: Clock
  /** Resolves when the stream has delivered a row that is written now, through another session. */
  readonly passBarrier: () => Promise<void>
  /** Applies every pending key through the given session, which holds the locks. */
  readonly drain: (session: Session) => Promise<void>
  /** Records that the swap happened, through another session. */
  readonly record: () => Promise<void>
}

/**
 * Swaps all tables of a request in one RENAME, and returns for how many milliseconds writers could have waited.
 *
 * Why nothing is lost (invariant CUTOVER-1 in docs/invariants.md):
 * 1. LOCK TABLES waits for every transaction on the tables, and no new one can begin on them.
 * 2. A barrier row written now comes after all their changes in the stream; once it is delivered, every changed
 *    key is known.
 * 3. The pending keys are applied through the session that holds the locks: both tables are equal.
 * 4. The RENAME runs under the same locks. A waiting writer goes on with the new table; no one ever sees neither.
 *
 * Before step 4 every failure releases the locks and leaves things as they were. When the connection is lost during
 * the RENAME, the server's dictionary tells whether it happened (`isSwapped`).
 *
 * @throws {SwapUnrecorded} when the tables are swapped and only the record of it failed.
 * @throws the server's error; `isContention` says that the locks were not to be had in time.
 */
export async function swapTables(session: Session, context: SwapContext): Promise<number> {
  const { clock, operations, schema, direction } = context
  const begunAt = clock.now().getTime()
  // Only the tables of this request: the engine's own belong to all deployments, and none must hold up another.
  const locks = operations
    .flatMap((operation) => namesOf(operation, direction))
    .map((name) => sql`${sql.id(schema, name)} WRITE`)
  await session.run(sql`LOCK TABLES ${sql.join(locks)}`)
  try {
    await context.passBarrier()
    await context.drain(session)
    await carryAutoIncrement(session, context)
    const renames = operations.flatMap((operation) => renamesOf(operation, { schema, direction }))
    const comment = direction === 'forward' ? fenceComment(context.id) : revertComment(context.id)
    await session.run(sql`RENAME TABLE ${sql.raw(comment)} ${sql.join(renames)}`)
    await context.record().catch((error: unknown) => {
      throw new SwapUnrecorded(error)
    })
  } finally {
    // A session that is lost holds no locks; what it was doing is told by the error that is already on its way.
    await session.run(sql`UNLOCK TABLES`).catch(() => session.destroy())
  }
  return clock.now().getTime() - begunAt
}

/** The tables that exist before the swap and take part in it. */
function namesOf(
  { operation, names }: PreparedOperation,
  direction: SwapDirection,
): readonly string[] {
  const { live, shadow, old } = names
  const other = direction === 'forward' ? shadow : old
  if (operation.kind === 'alter') return [live, other]
  const appears = (operation.kind === 'create') === (direction === 'forward')
  return appears ? [other] : [live]
}

/** The renames of one operation, the live table's first, so that its name is free for the other. */
function renamesOf(
  { operation, names }: PreparedOperation,
  { schema, direction }: Pick<SwapContext, 'schema' | 'direction'>,
): readonly RawBuilder<unknown>[] {
  const { live, shadow, old } = names
  const rename = (from: string, to: string) => sql`${sql.id(schema, from)} TO ${sql.id(schema, to)}`
  const [away, into] = direction === 'forward' ? [old, shadow] : [shadow, old]
  if (operation.kind === 'alter') return [rename(live, away), rename(into, live)]
  const appears = (operation.kind === 'create') === (direction === 'forward')
  return appears ? [rename(into, live)] : [rename(live, away)]
}

/** The next number of the live table goes on in the other one, even if the rows that took the last ones are gone. */
async function carryAutoIncrement(session: Session, context: SwapContext): Promise<void> {
  for (const { forward, reverse } of context.operations) {
    const pair = context.direction === 'forward' ? forward : reverse
    if (!pair?.target.columns.some(({ autoIncrement }) => autoIncrement)) continue
    const next = await nextNumber(session, context.schema, pair.source.name)
    if (next <= (await nextNumber(session, context.schema, pair.target.name))) continue
    await session.run(
      sql`ALTER TABLE ${sql.raw(ownComment(context.id))} ${sql.id(context.schema, pair.target.name)}
        AUTO_INCREMENT = ${sql.lit(next)}`,
    )
  }
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
