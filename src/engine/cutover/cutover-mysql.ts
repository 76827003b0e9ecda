import { sql } from 'kysely'
import type { Session } from '../../mysql/session.ts'
import { attachKeys, detachAttached, detachAway, keysOf } from './key-swap.ts'
import {
  carryAutoIncrement,
  renameStatement,
  type SwapContext,
  type SwapPlan,
  SwapUnrecorded,
  swapNames,
} from './swap.ts'
import { lockTables, openTableLocks, type TableLocks, type TableName } from './table-locks.ts'

/** Opens the connections that lock the tables of a swap. */
export async function openSwapLocks(
  open: () => Promise<Session>,
  plan: SwapPlan,
): Promise<TableLocks> {
  const { schema, operations, direction } = plan
  // Only the tables of this request: the engine's own belong to all deployments, and none must hold up another.
  const names = operations.map((operation) => swapNames(operation, direction))
  const tables = (some: readonly (string | null)[]) =>
    some.filter((name) => name !== null).map((name) => ({ schema, name }))
  const used = tables(names.map(({ live }) => live))
  const hidden = tables(names.map(({ other }) => other))
  const parents = keysOf(plan).map(({ parent }) => parent)
  // One that the swap itself brings is there under its other name alone, and is locked as that.
  const coming = operations.filter((_, at) => names[at]?.live === null)
  const isThere = (parent: TableName) =>
    parent.schema !== schema ||
    !coming.some((operation) => operation.names.live.toLowerCase() === parent.name.toLowerCase())
  const all = [...parents.filter(isThere), ...used, ...hidden]
  const unique = new Map(all.map((table) => [`${table.schema}\0${table.name}`, table]))
  // LOCK TABLES of a child locks its parents by itself, so no two sessions can hold the two: then it is done at once, and
  // a transaction that has a parent and wants the child can be rolled back (docs/operations.md).
  if (parents.length > 0) return await openTableLocks(open, [], [...unique.values()])
  return await openTableLocks(open, used, hidden)
}

/**
 * Swaps all tables of a request in one RENAME, and returns for how many milliseconds writers could have waited.
 *
 * Why nothing is lost (invariant CUTOVER-1 in docs/invariants.md):
 * 1. The locks wait for every transaction on the tables, and no new one can begin on them (table-locks.ts).
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
export async function swapUnderLock(
  locks: TableLocks,
  context: SwapContext,
  attempt: number,
): Promise<number> {
  const { clock, operations } = context
  const { session } = locks
  const begunAt = clock.now().getTime()
  await lockTables(locks, { attempt, clock })
  try {
    await context.passBarrier()
    await context.drain(session, operations)
    for (const operation of operations) await carryAutoIncrement(session, context, operation)
    await renameWithKeys(session, context)
    await context.record().catch((error: unknown) => {
      throw new SwapUnrecorded(error)
    })
  } finally {
    // A session that is lost holds no locks; what it was doing is told by the error that is already on its way.
    await session.run(sql`UNLOCK TABLES`).catch(() => session.destroy())
  }
  return clock.now().getTime() - begunAt
}

/** Renames, with the foreign keys of each table where it is live. The parents are locked as well, so no statement waits here. */
async function renameWithKeys(session: Session, plan: SwapContext): Promise<void> {
  try {
    await attachKeys(plan, () => session)
    await session.run(renameStatement(plan))
  } catch (error) {
    // Where this fails, `Sync.open` does it before anything else.
    await detachAttached(session, plan).catch(() => session.destroy())
    throw error
  }
  await detachAway(session, plan)
}
