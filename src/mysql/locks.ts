import { sql } from 'kysely'
import { ERRNO, errnoOf, isDenied } from './errno.ts'
import type { Session } from './session.ts'

/** A connection that holds a table in an open transaction or statement. */
export type Blocker = {
  /** As in `SHOW PROCESSLIST` and `KILL`. */
  readonly connectionId: number
  readonly table: string
  /** How long its transaction is open; null when it has none. */
  readonly seconds: number | null
  /** Its last statement with `?` for every value; null where the server does not tell. */
  readonly statement: string | null
}

type Row = {
  id: string | number
  tableName: string
  seconds: string | number | null
  digest: string | null
}

const MOST = 5
const STATEMENT_CHARACTERS = 100

/** Whose tables, and for whom they are looked at. */
export type TablesInUse = {
  readonly schema: string
  readonly tables: readonly string[]
  /** Connections that are nobody's blockers: those of whoever asks. */
  readonly own: ReadonlySet<number>
}

/**
 * Who holds metadata locks on the tables now, the oldest transaction first; empty where the server does not tell
 * (no performance schema, or no right to read it).
 */
export async function findHolders(
  session: Session,
  { schema, tables, own }: TablesInUse,
): Promise<readonly Blocker[]> {
  return await readHolders(session, {
    own,
    where: sql`held.OBJECT_SCHEMA = ${schema} AND held.OBJECT_NAME IN (${sql.join(tables)})`,
  })
}

/**
 * Who holds the very table that one of the `own` connections waits for at this moment, the oldest transaction first:
 * no one else is in its way. Empty where the server does not tell.
 */
export async function findBlockers(
  session: Session,
  { schema, tables, own }: TablesInUse,
): Promise<readonly Blocker[]> {
  if (own.size === 0) return []
  return await readHolders(session, {
    own,
    where: sql`held.OBJECT_SCHEMA = ${schema} AND held.OBJECT_NAME IN (${sql.join(tables)})
      AND EXISTS (SELECT 1 FROM performance_schema.metadata_locks AS wanted
        JOIN performance_schema.threads AS waiting ON waiting.THREAD_ID = wanted.OWNER_THREAD_ID
        WHERE wanted.OBJECT_TYPE = 'TABLE' AND wanted.LOCK_STATUS = 'PENDING'
          AND wanted.OBJECT_SCHEMA = held.OBJECT_SCHEMA AND wanted.OBJECT_NAME = held.OBJECT_NAME
          AND waiting.PROCESSLIST_ID IN (${sql.join([...own])}))`,
  })
}

async function readHolders(
  session: Session,
  { own, where }: { readonly own: ReadonlySet<number>; readonly where: ReturnType<typeof sql> },
): Promise<readonly Blocker[]> {
  try {
    const rows = await session.rows(sql<Row>`
      SELECT DISTINCT thread.PROCESSLIST_ID AS id, held.OBJECT_NAME AS tableName,
        TIMESTAMPDIFF(SECOND, trx.trx_started, NOW()) AS seconds,
        (SELECT MAX(said.DIGEST_TEXT) FROM performance_schema.events_statements_current AS said
          WHERE said.THREAD_ID = thread.THREAD_ID AND said.NESTING_EVENT_LEVEL = 0) AS digest
      FROM performance_schema.metadata_locks AS held
      JOIN performance_schema.threads AS thread ON thread.THREAD_ID = held.OWNER_THREAD_ID
      LEFT JOIN information_schema.INNODB_TRX AS trx ON trx.trx_mysql_thread_id = thread.PROCESSLIST_ID
      WHERE held.OBJECT_TYPE = 'TABLE' AND held.LOCK_STATUS = 'GRANTED' AND ${where}
        AND thread.PROCESSLIST_ID <> CONNECTION_ID()
        AND COALESCE(thread.PROCESSLIST_USER, 'system user') NOT IN ('system user', 'event_scheduler')
      ORDER BY seconds DESC LIMIT ${sql.lit(MOST + own.size)}`)
    return rows
      .map(({ id, tableName, seconds, digest }) => ({
        connectionId: Number(id),
        table: tableName,
        seconds: seconds === null ? null : Number(seconds),
        statement: digest === null ? null : shorten(digest),
      }))
      .filter(({ connectionId }) => !own.has(connectionId))
      .slice(0, MOST)
  } catch {
    // It only makes a message better; whatever is wrong with the server is told by what follows.
    return []
  }
}

/** A connection with an open transaction that may hold anything. */
export type OpenTransaction = { readonly connectionId: number; readonly seconds: number }

/** The oldest open transactions, for a server that does not tell who holds a table; empty where that is not told either. */
export async function findTransactions(
  session: Session,
  own: ReadonlySet<number>,
): Promise<readonly OpenTransaction[]> {
  try {
    const rows = await session.rows(sql<{ id: string | number; seconds: string | number }>`
      SELECT trx_mysql_thread_id AS id, TIMESTAMPDIFF(SECOND, trx_started, SYSDATE()) AS seconds
      FROM information_schema.INNODB_TRX
      WHERE trx_mysql_thread_id > 0 AND trx_mysql_thread_id <> CONNECTION_ID()
      ORDER BY trx_started LIMIT ${sql.lit(MOST + own.size)}`)
    return rows
      .map(({ id, seconds }) => ({ connectionId: Number(id), seconds: Number(seconds) }))
      .filter(({ connectionId }) => !own.has(connectionId))
      .slice(0, MOST)
  } catch {
    // As above.
    return []
  }
}

function shorten(digest: string): string {
  const characters = [...digest.trim()]
  if (characters.length <= STATEMENT_CHARACTERS) return characters.join('')
  return `${characters.slice(0, STATEMENT_CHARACTERS).join('')}…`
}

/** Ends a connection; `gone` when it ended by itself, `denied` when the account may not end it. */
export async function killConnection(
  session: Session,
  connectionId: number,
): Promise<'killed' | 'gone' | 'denied'> {
  try {
    await session.run(sql`KILL ${sql.lit(connectionId)}`)
    return 'killed'
  } catch (error) {
    if (errnoOf(error) === ERRNO.NO_SUCH_THREAD) return 'gone'
    if (isDenied(error) || errnoOf(error) === ERRNO.KILL_DENIED) return 'denied'
    throw error
  }
}
