import { sql } from 'kysely'
import type { Session } from './session.ts'

/** A connection that holds a table in an open transaction or statement. */
export type Blocker = {
  /** As in `SHOW PROCESSLIST` and `KILL`. */
  readonly connectionId: number
  readonly table: string
  /** How long its transaction is open; null when it has none. */
  readonly seconds: number | null
}

type Row = { id: string | number; tableName: string; seconds: string | number | null }

const MOST = 5

/**
 * Who holds metadata locks on the tables now, the oldest transaction first; empty where the server does not tell
 * (no performance schema, or no right to read it).
 */
export async function findBlockers(
  session: Session,
  schema: string,
  tables: readonly string[],
): Promise<readonly Blocker[]> {
  try {
    const rows = await session.rows(sql<Row>`
      SELECT DISTINCT thread.PROCESSLIST_ID AS id, held.OBJECT_NAME AS tableName,
        TIMESTAMPDIFF(SECOND, trx.trx_started, NOW()) AS seconds
      FROM performance_schema.metadata_locks AS held
      JOIN performance_schema.threads AS thread ON thread.THREAD_ID = held.OWNER_THREAD_ID
      LEFT JOIN information_schema.INNODB_TRX AS trx ON trx.trx_mysql_thread_id = thread.PROCESSLIST_ID
      WHERE held.OBJECT_TYPE = 'TABLE' AND held.LOCK_STATUS = 'GRANTED'
        AND held.OBJECT_SCHEMA = ${schema} AND held.OBJECT_NAME IN (${sql.join(tables)})
        AND thread.PROCESSLIST_ID <> CONNECTION_ID()
      ORDER BY seconds DESC LIMIT ${sql.lit(MOST)}`)
    return rows.map(({ id, tableName, seconds }) => ({
      connectionId: Number(id),
      table: tableName,
      seconds: seconds === null ? null : Number(seconds),
    }))
  } catch {
    // It only makes a message better; whatever is wrong with the server is told by what follows.
    return []
  }
}
