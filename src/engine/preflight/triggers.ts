import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { dictionaryRows } from '../../mysql/dictionary.ts'
import type { Check } from './check.ts'

/** Triggers stay with the table they were made on, so the swap would take them away from the live table. */
export const checkTriggers: Check = async ({ session, schema, tables }) => {
  const names = tables.filter(({ shape }) => shape !== null).map(({ operation }) => operation.table)
  if (names.length === 0) return []
  const question = sql<{ name: string; tableName: string }>`
    SELECT TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS tableName FROM information_schema.TRIGGERS
    WHERE EVENT_OBJECT_SCHEMA = ${schema} AND EVENT_OBJECT_TABLE IN (${sql.join(names)})`
  const rows = await dictionaryRows(session, question)
  return rows.map(
    ({ name, tableName }) =>
      new Refusal('TRIGGER', `The table ${tableName} has the trigger ${name}.`, {
        next: `Deploy it with method=instant if the plan says that it can be instant, or drop the trigger ${name} for the time of the deploy.`,
      }),
  )
}
