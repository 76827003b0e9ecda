import { sql } from 'kysely'
import type { Session } from '../../mysql/session.ts'
import { tableOf } from '../table/key-sql.ts'
import type { TableShape } from '../table/table-shape.ts'

/**
 * Tells the server how large a table has become. The RENAME of the swap makes it read the statistics anew, and
 * those of a table that was empty a moment ago make it scan the whole live table, for us and for the application.
 */
export async function refreshStatistics(session: Session, table: TableShape): Promise<void> {
  await session.rows(sql`ANALYZE NO_WRITE_TO_BINLOG TABLE ${tableOf(table)}`)
}
