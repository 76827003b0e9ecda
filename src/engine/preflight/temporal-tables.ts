import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { tableNames } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import { isKeyword, tokenize } from '../../schema/tokens.ts'
import type { EngineRequest } from '../port.ts'

/** What MariaDB's tables with a time of their own are called. */
export const VERSIONED = 'SYSTEM VERSIONED'

/**
 * MariaDB keeps the rows of the past in a table that is system-versioned, and a copy of its present rows would lose them;
 * and it knows no REPLACE on a key WITHOUT OVERLAPS (error 1235). The change itself may add either, so this runs when the
 * shadow tables are there.
 *
 * @throws {Refusal} TABLE_UNSUPPORTED naming the table.
 */
export async function requireNoPeriods(
  session: Session,
  schema: string,
  { id, operations }: Pick<EngineRequest, 'id' | 'operations'>,
): Promise<void> {
  for (const { kind, table } of operations) {
    if (kind !== 'alter') continue
    for (const name of [table, tableNames(id, table).shadow]) {
      const row = await session.row(
        sql<Record<string, string>>`SHOW CREATE TABLE ${sql.id(schema, name)}`,
      )
      const found = periodIn(row?.['Create Table'] ?? '')
      if (found !== null) throw unsupported(table, found)
    }
  }
}

/** Why a table that MariaDB calls system-versioned cannot be changed beside the application. */
export function unsupported(table: string, what: string): Refusal {
  return new Refusal('TABLE_UNSUPPORTED', `The table ${table} has ${what}.`, {
    next: 'Change it without Crossfade.',
  })
}

/** What of a table's definition is a time of its own, in words; null when nothing is. */
export function periodIn(createSql: string): string | null {
  const tokens = tokenize(createSql)
  const follows = (at: number, first: string, second: string) =>
    isKeyword(tokens[at], first) && isKeyword(tokens[at + 1], second)
  for (const at of tokens.keys()) {
    if (follows(at, 'WITHOUT', 'OVERLAPS')) return 'a key WITHOUT OVERLAPS'
    if (follows(at, 'SYSTEM', 'VERSIONING')) return 'SYSTEM VERSIONING'
  }
  return null
}
