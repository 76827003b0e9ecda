import { sql } from 'kysely'
import { lockOrder } from '../../mysql/lock-order.ts'
import type { Session } from '../../mysql/session.ts'
import type { PreparedOperation } from '../shadow.ts'
import { attachKeys, detachAttached, detachAway, keysOf } from './key-swap.ts'
import { PendingRename } from './pending-rename.ts'
import { dropSentry, putSentry } from './sentry.ts'
import {
  carryAutoIncrement,
  renameStatement,
  type SwapContext,
  type SwapPlan,
  SwapUnrecorded,
  swapNames,
} from './swap.ts'
import type { TableName } from './table-locks.ts'

/** One connection that locks the tables of one operation. */
type Locker = {
  readonly session: Session
  readonly operation: PreparedOperation
  readonly live: string
  readonly other: string | null
  /** The name that the live table is about to get; the sentry stands there. */
  readonly away: string
}

/** One connection that keeps writers from a parent of the tables while these change their foreign keys. */
type Guard = { readonly session: Session; readonly parent: TableName }

/** The connections of a swap, opened once for all tries. */
export type Chain = {
  readonly guards: readonly Guard[]
  /** In the order in which the RENAME takes its locks. */
  readonly lockers: readonly Locker[]
  readonly renamer: Session
  /** Looks on and never waits; it holds no table. */
  readonly observer: Session
  /** Every name of the RENAME, in the order in which it takes its locks. */
  readonly names: readonly string[]
}

/** Whoever waits while lockers hold their tables holds up the application as well. */
const LATER_WAIT_SECONDS = 1

/** Opens the connections: for each operation that takes a live table away, one that will lock it. */
export async function openChain(open: () => Promise<Session>, plan: SwapPlan): Promise<Chain> {
  const [renamer, observer] = [await open(), await open()]
  await observer.run(sql`SET SESSION lock_wait_timeout = 0`)
  await renamer.run(sql`SET SESSION lock_wait_timeout = ${sql.lit(LATER_WAIT_SECONDS)}`)
  const order = await lockOrder(observer)
  const names = plan.operations
    .map((operation) => swapNames(operation, plan.direction))
    .flatMap(({ live, other, away }, index) => [
      live ?? plan.operations[index]?.names.live,
      other,
      away,
    ])
    .filter((name) => typeof name === 'string')
    .toSorted(order)
  const lockers: Locker[] = []
  for (const operation of plan.operations) {
    const { live, other, away } = swapNames(operation, plan.direction)
    if (live === null || away === null) continue
    lockers.push({ session: await open(), operation, live, other, away })
  }
  lockers.sort((some, another) => order(some.live, another.live))
  const guards: Guard[] = []
  for (const parent of parentsToGuard(plan)) guards.push({ session: await open(), parent })
  for (const { session } of [...guards, ...lockers].slice(1)) {
    await session.run(sql`SET SESSION lock_wait_timeout = ${sql.lit(LATER_WAIT_SECONDS)}`)
  }
  return { guards, lockers, renamer, observer, names }
}

/** The parents of tables that are live already; those that take part in the RENAME have a locker. */
function parentsToGuard({ schema, operations, direction }: SwapPlan): readonly TableName[] {
  const own = new Set(operations.map(({ names }) => names.live.toLowerCase()))
  const leaving = operations.filter((one) => swapNames(one, direction).away !== null)
  const parents = keysOf({ operations: leaving })
    .map(({ parent }) => parent)
    .filter((parent) => parent.schema !== schema || !own.has(parent.name.toLowerCase()))
  return [
    ...new Map(parents.map((parent) => [`${parent.schema}\0${parent.name}`, parent])).values(),
  ]
}

/**
 * Swaps all tables of a request in one RENAME, and returns for how many milliseconds writers could have waited.
 *
 * MariaDB refuses RENAME under LOCK TABLES (error 1192), so other connections hold the tables until the RENAME has its
 * own lock on each. Why nothing is lost (invariant CUTOVER-1 in docs/invariants.md):
 * 1. Each locker holds WRITE locks on a live table and its other one. When all hold theirs, a barrier proves that every
 *    changed key is known, and each pair is made equal through its locker.
 * 2. The RENAME is issued. It takes its locks one after the other, in the order of their names, and waits for the first
 *    locker. A RENAME that waits for a table goes before every writer that waits for it.
 * 3. So a locker lets go only when the RENAME is seen to wait for *its* live table: it gets the table with nothing
 *    between. Then it waits for the next. Were all let go at once, writers of the later tables would come before it and
 *    write to a table that is about to be put away: hence the chain (test/engine/mariadb/chain.mysql.test.ts).
 * 4. Until a locker lets go in its turn, a sentry stands under the name that its live table is about to get. If the
 *    locker dies before, writers reach the table, but the RENAME finds the name taken, and swaps no table at all.
 *
 * Where tables have foreign keys, the parents are guarded from before the first locker until all keys are where they
 * belong (key-swap.ts), each through a session of its own: it waits for one table while it holds none, which closes no ring
 * with a transaction of the application. A locker's WRITE lock of a child locks its parents for reading as well, which
 * gets along with a guard; neither RENAME nor ALTER wants a lock of them (measured on 10.11).
 *
 * The names must sort after the live name (preflight/lock-order.ts), or the RENAME would wait for another table first.
 * After a failure every locker lets go while the sentries still stand; they go when the RENAME is known to be over.
 *
 * @throws {SwapUnrecorded} when the tables are swapped and only the record of it failed.
 * @throws the server's error; `isContention` says that the locks were not to be had in time.
 */
export async function swapThroughChain(chain: Chain, context: SwapContext): Promise<number> {
  const { clock } = context
  for (const { away } of chain.lockers) await putSentry(chain.renamer, context, away)
  const begunAt = clock.now().getTime()
  const rename = new PendingRename(chain, context)
  try {
    await swapGuarded(chain, rename, context)
    await context.record().catch((error: unknown) => {
      throw new SwapUnrecorded(error)
    })
  } finally {
    for (const { session } of chain.guards) {
      // A session that is lost holds no lock.
      await session.run(sql`UNLOCK TABLES`).catch(() => session.destroy())
    }
  }
  return clock.now().getTime() - begunAt
}

/** Swaps, and brings the foreign keys where they belong, or leaves all as it was. */
async function swapGuarded(
  chain: Chain,
  rename: PendingRename,
  context: SwapContext,
): Promise<void> {
  try {
    for (const { session, parent } of chain.guards) {
      await session.run(sql`LOCK TABLES ${sql.id(parent.schema, parent.name)} READ`)
    }
    for (const locker of chain.lockers) await lock(locker, context)
    await context.passBarrier()
    for (const { session, operation } of chain.lockers) {
      await context.drain(session, [operation])
      await carryAutoIncrement(session, context, operation)
    }
    await attachKeys(context, (operation) => lockerOf(chain, operation) ?? chain.renamer)
    await rename.issue(
      renameStatement(context),
      chain.lockers.map(({ live }) => live),
    )
    for (const locker of chain.lockers) await letGo(locker, rename, context)
    await rename.done()
  } catch (error) {
    if (!(await giveUp(chain, rename, context))) throw error
  }
  await detachAway(chain.renamer, context)
}

/** Who locks the tables of an operation; nobody does where the live one appears by the swap. */
function lockerOf({ lockers }: Chain, operation: PreparedOperation): Session | undefined {
  return lockers.find((locker) => locker.operation === operation)?.session
}

/**
 * A WRITE lock of a child locks its parents as well, for reading, which lockers of their own may hold; with ON UPDATE
 * CASCADE even a READ lock does. Such tables are in one swap only when new ones are taken back. Then a READ lock is enough:
 * a table that only goes away takes its rows with it, whoever wrote them before the RENAME, and of a parent that was
 * changed the rows are only read for the old table. It waits for all who write to the table, but not for those who read
 * it: one who goes on to a table that the RENAME has already got can be rolled back (docs/operations.md).
 */
async function lock(
  { session, operation, live, other, away }: Locker,
  plan: SwapPlan,
): Promise<void> {
  const { schema } = plan
  const isChild = other === null && keysOf({ operations: [operation] }).length > 0
  const isParent = keysOf(plan).some(
    ({ parent }) => parent.schema === schema && parent.name.toLowerCase() === live.toLowerCase(),
  )
  const mode = isChild || (isParent && plan.direction === 'back') ? sql`READ` : sql`WRITE`
  const locks = [other, away]
    .filter((name) => name !== null)
    .map((name) => sql`${sql.id(schema, name)} WRITE`)
  await session.run(sql`LOCK TABLES ${sql.join([sql`${sql.id(schema, live)} ${mode}`, ...locks])}`)
}

/** Hands the live table over to the RENAME, once that waits for it. */
async function letGo(
  { session, live, away }: Locker,
  rename: PendingRename,
  plan: SwapContext,
): Promise<void> {
  await rename.waitsFor(live)
  await dropSentry(session, plan, away)
  await session.run(sql`UNLOCK TABLES`)
}

/**
 * Ends a try that failed, and returns whether the tables are swapped all the same: the RENAME may have had all it
 * needed when something else went wrong.
 *
 * @throws the loss of a connection, after which the sentries are left to whoever resumes the deployment.
 */
async function giveUp(
  { lockers, renamer }: Chain,
  rename: PendingRename,
  context: SwapContext,
): Promise<boolean> {
  const unlocked = await Promise.allSettled(
    lockers.map(({ session }) => session.run(sql`UNLOCK TABLES`)),
  )
  if ((await rename.outcome()) === 'done') return true
  const failed = unlocked.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  await detachAttached(renamer, context).catch((error: unknown) => {
    // `Sync.open` does it before anything else.
    renamer.destroy()
    throw error
  })
  for (const { away } of lockers) await dropSentry(renamer, context, away)
  return false
}
