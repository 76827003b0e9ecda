import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import type { Session } from '../../mysql/session.ts'

/** A table by its schema and its name. */
export type TableName = { readonly schema: string; readonly name: string }

/** The connections that lock tables together, opened once for all tries. */
export type TableLocks = {
  /** The one that holds all locks in the end. */
  readonly session: Session
  readonly contested: readonly { readonly table: TableName; readonly locker: Session }[]
  readonly own: readonly TableName[]
  /** Looks on, and holds no table; null where only one table is contested. */
  readonly observer: Session | null
}

/** A locker that waits holds up the application as well, and the next try may come at a better moment. */
const LOCKER_WAITS_SECONDS = 1
const LOOK_EVERY_MS = 1
/** A server that does not show who waits for what by then does not show it at all. */
const SEEN_WITHIN_MS = 300

/**
 * @param contested tables that the application uses; best those first that its transactions use first.
 * @param own tables that nobody but the engine uses.
 */
export async function openTableLocks(
  open: () => Promise<Session>,
  contested: readonly TableName[],
  own: readonly TableName[],
): Promise<TableLocks> {
  const session = await open()
  if (contested.length < 2) {
    return { session, contested: [], own: [...contested, ...own], observer: null }
  }
  const lockers = []
  for (const table of contested) {
    const locker = await open()
    await locker.run(sql`SET SESSION lock_wait_timeout = ${sql.lit(LOCKER_WAITS_SECONDS)}`)
    lockers.push({ table, locker })
  }
  return { session, contested: lockers, own, observer: await open() }
}

/**
 * Takes write locks on all tables in one session, without ever making the server roll the application back.
 *
 * LOCK TABLES takes its locks one after the other. Were it left to itself, a transaction that holds the second table and
 * wants the first would wait for us while we wait for it, and the server ends such a ring by error 1213 in the
 * transaction. So the tables are emptied of transactions before: a session of its own locks each, and waits for one table
 * while it holds none, which closes no ring. Then one session asks for all, and the lockers let go one by one, each when
 * that session is seen waiting for its table: a waiting lock of this kind goes before the application's, so that no
 * transaction slips in between (test/engine/mysql/table-locks.mysql.test.ts).
 *
 * @param attempt which try this is, from 1 on.
 * @throws the server's error when a lock was not to be had in time; then none is held.
 */
export async function lockTables(
  { session, contested, own, observer }: TableLocks,
  { attempt, clock }: { readonly attempt: number; readonly clock: Clock },
): Promise<void> {
  const all = [...contested.map(({ table }) => table), ...own]
  const lockAll = () =>
    session.run(sql`LOCK TABLES ${sql.join(all.map((table) => sql`${quoted(table)} WRITE`))}`)
  if (observer === null) {
    await lockAll()
    return
  }
  // Applications mostly use tables in one order. Locked in that order, whoever has the first goes on to the second and is
  // done; in the other order we wait for each other until the try is given up.
  const inTurn = attempt % 2 === 1 ? contested : contested.toReversed()
  const held = new Map<string, Session>()
  try {
    for (const { table, locker } of inTurn) {
      await locker.run(sql`LOCK TABLES ${quoted(table)} WRITE`)
      held.set(nameOf(table), locker)
    }
    let locked = false
    const locking = lockAll().finally(() => {
      locked = true
    })
    // Should the handing over fail, that is what is told.
    locking.catch(() => null)
    await handOver({ observer, waiting: session.threadId, held, clock }, () => locked)
    await locking
  } finally {
    for (const locker of held.values()) await letGo(locker)
  }
}

/** A locker that cannot be told to let go loses its connection: the server lets go for it, and the others are told. */
async function letGo(locker: Session): Promise<void> {
  await locker.run(sql`UNLOCK TABLES`).catch(() => locker.destroy())
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
      await letGo(locker)
      continue
    }
    if (clock.now().getTime() - begunAt > SEEN_WITHIN_MS) break
    await clock.sleep(LOOK_EVERY_MS)
  }
  for (const [table, locker] of held) {
    held.delete(table)
    await letGo(locker)
  }
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
