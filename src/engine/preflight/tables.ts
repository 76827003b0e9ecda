import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { dictionaryRows } from '../../mysql/dictionary.ts'
import { isProductTable } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import type { Check, PlannedTable } from './check.ts'
import { unsupported, VERSIONED } from './temporal-tables.ts'

/** Tables to change are there, tables to create are not, and the engine can work with each. */
export const checkTables: Check = async ({ session, schema, tables }) => {
  const others = await readOthers(session, schema)
  const refusals = tables.flatMap((table) => refusalOf(table, others) ?? [])
  const names = tables.map(({ operation }) => operation.table.toLowerCase())
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return refusals
  return [
    ...refusals,
    new Refusal('TABLE_UNSUPPORTED', `The table ${twice} is changed by more than one statement.`, {
      next: 'Put all changes of a table into one ALTER TABLE.',
    }),
  ]
}

/** What shares the names of tables, and what the server calls it: views, and MariaDB's sequences and versioned tables. */
async function readOthers(session: Session, schema: string): Promise<ReadonlyMap<string, string>> {
  const question = sql<{ name: string; type: string }>`
    SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = ${schema} AND TABLE_TYPE <> 'BASE TABLE'`
  const rows = await dictionaryRows(session, question)
  return new Map(rows.map(({ name, type }) => [name, type]))
}

function refusalOf(
  { operation, shape }: PlannedTable,
  others: ReadonlyMap<string, string>,
): Refusal | null {
  const { table, kind } = operation
  if (kind === 'create') {
    if (shape === null && !others.has(table)) return null
    return new Refusal('TABLE_EXISTS', `The table ${table} is already there.`, {
      next: 'Write an ALTER TABLE, or choose another name.',
    })
  }
  if (others.get(table) === VERSIONED) return unsupported(table, 'SYSTEM VERSIONING')
  if (shape === null) {
    return new Refusal('TABLE_MISSING', `There is no table ${table} in the schema.`, {
      next: 'Check the name of the table and the schema in the URL.',
    })
  }
  if (isProductTable(table)) {
    return new Refusal('TABLE_UNSUPPORTED', `${table} is a table of an earlier deployment.`, {
      next: 'Change the live table instead.',
    })
  }
  if (shape.engine !== 'innodb') {
    return new Refusal(
      'TABLE_UNSUPPORTED',
      `The table ${table} is stored by ${shape.engine}, not InnoDB.`,
      {
        next: `Run ALTER TABLE ${table} ENGINE=InnoDB in a maintenance window first.`,
      },
    )
  }
  return null
}
