import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { dictionaryRows } from '../../mysql/dictionary.ts'
import { readVariables } from '../../mysql/server.ts'
import type { Session } from '../../mysql/session.ts'
import type { PreparedOperation } from '../shadow.ts'
import type { TablePair } from '../table/pair.ts'
import type { TableShape } from '../table/table-shape.ts'

/**
 * Every change is logged with all columns of the key by which the engine follows the table, before and after the cutover.
 *
 * FULL and FULL_NODUP log all of them, NOBLOB all that can be in a key. MINIMAL logs of a changed or deleted row its
 * primary key, and of a new one the columns that the INSERT gives: not a column that takes its constant default. Measured
 * on MySQL 9.7 and MariaDB 10.11, test/engine/preflight/row-image.mysql.test.ts.
 *
 * It needs to know the key, so it runs when the shadow tables are there.
 *
 * @throws {Refusal} BINLOG_FORMAT naming the table.
 */
export async function requireLoggedKeys(
  session: Session,
  operations: readonly PreparedOperation[],
): Promise<void> {
  const variables = await readVariables(session, ['binlog_row_image'])
  if (variables.get('binlog_row_image') !== 'MINIMAL') return
  for (const { names, forward, reverse } of operations) {
    for (const pair of [forward, reverse]) {
      const reason = pair && (await whyUnlogged(session, pair))
      if (reason) throw refusal(names.live, reason)
    }
  }
}

async function whyUnlogged(session: Session, { source, key }: TablePair): Promise<string | null> {
  const primary = source.uniqueKeys.find(({ name }) => name === 'PRIMARY')?.columns ?? []
  const names = key.map(({ from }) => from.name)
  const outside = names.find((name) => !primary.includes(name))
  if (outside !== undefined) return `${outside} is in no primary key`
  const [defaulted] = await constantDefaults(session, source, names)
  return defaulted === undefined ? null : `${defaulted} has a default`
}

/**
 * Those of the columns that take the same value in every row which does not give one; an expression's value is logged.
 * MySQL marks an expression, MariaDB quotes the constants that are texts.
 */
async function constantDefaults(
  session: Session,
  { schema, name }: TableShape,
  columns: readonly string[],
): Promise<readonly string[]> {
  const question = sql<{ name: string }>`
    SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${name} AND COLUMN_NAME IN (${sql.join(columns)})
      AND EXTRA NOT LIKE '%DEFAULT_GENERATED%'
      AND (COLUMN_DEFAULT LIKE '''%' OR COLUMN_DEFAULT NOT LIKE '%(%')
    ORDER BY ORDINAL_POSITION`
  const rows = await dictionaryRows(session, question)
  return rows.map((row) => row.name)
}

function refusal(table: string, reason: string): Refusal {
  return new Refusal(
    'BINLOG_FORMAT',
    `With binlog_row_image = MINIMAL changes of ${table} can be logged without their key: ${reason}.`,
    {
      next: 'Run SET GLOBAL binlog_row_image = FULL, put it into the server’s configuration, and let the application reconnect.',
    },
  )
}
