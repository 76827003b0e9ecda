import { type RawBuilder, sql } from 'kysely'
import type { Session } from './session.ts'

/** 1684: skipped, because its definition is being modified; 1205: the lock was not to be had in time. */
const LEFT_OUT = new Set([1205, 1684])
const PAUSE_SECONDS = 0.005

type Warning = { readonly Code: string | number }

/**
 * The rows of a question to information_schema, none left out.
 *
 * MariaDB opens the tables that it is asked about. One that somebody is changing at that moment is left out of the
 * answer with a mere warning: at once for a session that holds any lock, and GET_LOCK is one, and after lock_wait_timeout
 * for the others (seen on 10.11, test/mysql/dictionary.mysql.test.ts). Such an answer would say that a table or a
 * trigger is not there. So it is asked again until the change is over, which a change that copies rows is in a moment
 * as well: it takes its exclusive lock only at its end.
 */
export async function dictionaryRows<Row>(
  session: Session,
  question: RawBuilder<Row>,
): Promise<Row[]> {
  for (;;) {
    const rows = await session.rows(question)
    const warnings = await session.rows(sql<Warning>`SHOW WARNINGS`)
    if (!warnings.some(({ Code }) => LEFT_OUT.has(Number(Code)))) return rows
    await session.rows(sql`SELECT SLEEP(${PAUSE_SECONDS})`)
  }
}
