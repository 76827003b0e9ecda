import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../clock.ts'
import type { Session } from '../mysql/session.ts'

/** A table by its schema and its name. */
export type TableName = { readonly schema: string; readonly name: string }

export type TableLocks = {
  /** Tables that the application uses. */
  readonly contested: readonly TableName[]
  /** Tables that nobody but the engine uses. */
  readonly own: readonly TableName[]
  /** Opens a session that the caller of this function need not end. */
  readonly open: () => Promise<Session>
  readonly clock: Clock
  /** Which try this is, from 1 on. */
  readonly attempt: number
}

/** A locker that waits holds up the application as well, and the next try may come at a better moment. */
const LOCKER_WAITS_SECONDS = 1
const LOOK_EVERY_MS = 1
/** A server that does not show who waits for what by then does not show it at all. */
const SEEN_WITHIN_MS = 300

/**
 * Takes write locks on all tables in one session, without ever making the server roll the application back.
 *
 * LOCK TABLES takes its locks one after the other. Were it left to itself, a transaction that holds the second table and
 * wants the first would wait for us while we wait for it, and the server ends such a ring by error 1213 in the
 * transaction. So the tables are emptied of transactions before: a session of its own locks each, and waits for one table
 * while it holds none, which closes no ring. Then `session` asks for all, and the lockers let go one by one, each when
 * `session` is seen waiting for its table: a waiting lock of this kind goes before the application's, so that no
 * transaction slips in between (test/engine/mysql/table-locks.mysql.test.ts).
 *
 * @throws the server's error when a lock was not to be had in time; then none is held.
 */
export async function lockTables(session: Session, locks: TableLocks): Promise<void> {
  const all = [...locks.contested, ...locks.own].map((table) => sql`${quoted(table)} WRITE`)
  const lockAll = () => session.run(sql`LOCK TABLES ${sql.join(all)}`)
  if (locks.contested.length < 2) {
    await lockAll()
    return
  }
  await using lockers = new AsyncDisposableStack()
  const observer = lockers.use(await locks.open())
  const held = new Map<string, Session>()
  for (const table of inTurn(locks)) {
    const locker = lockers.use(await locks.open())
    await locker.run(sql`SET SESSION lock_wait_timeout = ${sql.lit(LOCKER_WAITS_SECONDS)}`)
    held.set(nameOf(table), locker)
  }
  for (const table of inTurn(locks)) {
    await held.get(nameOf(table))?.run(sql`LOCK TABLES ${quoted(table)} WRITE`)
  }
  let locked = false
  const locking = lockAll().finally(() => {
    locked = true
  })
  // Whatever happens to the handing over, its own error is told by what awaits it below.
  locking.catch(() => null)
  await handOver({ observer, waiting: session.threadId, held, clock: locks.clock }, () => locked)
  await locking
}

/**
 * Applications mostly use tables in one order, parents before children. Locked in that order, whoever has the first
 * goes on to the second and is done; in the other order we wait for each other until the try is given up.
 */
function inTurn({ contested, attempt }: TableLocks): readonly TableName[] {
  return attempt % 2 === 1 ? contested : contested.toReversed()
}

type HandOver = {
  readonly observer: Session
  /** The connection that waits for all tables. */
  readonly waiting: number
  readonly held: Map<string, Session>
  readonly clock: Clock
}

/** Lets go of each table once the session is seen waiting for it; of all, where the server does not show that. */
async function handOver(
  { observer, waiting, held, clock }: HandOver,
  isOver: () => boolean,
): Promise<void> {
  const begunAt = clock.now().getTime()
  while (held.size > 0 && !isOver()) {
    const table = await waitedFor(observer, waiting)
    const locker = table === null ? undefined : held.get(table)
    if (table !== null && locker) {
      held.delete(table)
      await locker.run(sql`UNLOCK TABLES`)
      continue
    }
    if (clock.now().getTime() - begunAt > SEEN_WITHIN_MS) break
    await clock.sleep(LOOK_EVERY_MS)
  }
  for (const locker of held.values()) await locker.run(sql`UNLOCK TABLES`)
}

/** The table that a connection waits for, or null when it waits for none or the server does not tell. */
async function waitedFor(observer: Session, connectionId: number): Promise<string | null> {
  const row = await observer
    .row(
      sql<TableName>`
      SELECT wanted.OBJECT_SCHEMA AS \`schema\`, wanted.OBJECT_NAME AS name
      FROM performance_schema.metadata_locks AS wanted
      JOIN performance_schema.threads AS thread ON thread.THREAD_ID = wanted.OWNER_THREAD_ID
      WHERE thread.PROCESSLIST_ID = ${connectionId} AND wanted.OBJECT_TYPE = 'TABLE'
        AND wanted.LOCK_STATUS = 'PENDING'`,
    )
    // Without the right to look the locks are let go at once; the locking itself goes on.
    .catch(() => null)
  return row && nameOf(row)
}

function nameOf({ schema, name }: TableName): string {
  return `${schema}\0${name}`
}

function quoted({ schema, name }: TableName): RawBuilder<unknown> {
  return sql.id(schema, name)
}
