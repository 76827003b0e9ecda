import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { dictionaryRows } from '../../mysql/dictionary.ts'
import { readVariables } from '../../mysql/server.ts'
import type { Session } from '../../mysql/session.ts'
import type { Check } from './check.ts'

type Row = {
  name: string
  child: string
  parentSchema: string
  parent: string
  onUpdate: string
  onDelete: string
}

/**
 * A foreign key follows the table that is renamed, so a swapped parent would leave its children on the old table. A
 * child can be swapped, with its keys taken off and put on again (foreign-key.ts), if the change stream shows all that
 * happens to it: not where the storage engine itself deletes or changes children with their parent.
 */
export const checkForeignKeys: Check = async ({ session, schema, request, tables }) => {
  const names = tables
    .filter(({ shape }) => shape !== null)
    // An instant change leaves the table where it is; only what is dropped is renamed.
    .filter(({ operation }) => request.method === 'shadow' || operation.kind === 'drop')
    .map(({ shape, operation }) => shape?.name ?? operation.table)
  if (names.length === 0) return []
  const question = sql<Row>`
    SELECT CONSTRAINT_NAME AS name, TABLE_NAME AS child, UNIQUE_CONSTRAINT_SCHEMA AS parentSchema,
      REFERENCED_TABLE_NAME AS parent, UPDATE_RULE AS onUpdate, DELETE_RULE AS onDelete
    FROM information_schema.REFERENTIAL_CONSTRAINTS
    WHERE (CONSTRAINT_SCHEMA = ${schema} AND TABLE_NAME IN (${sql.join(names)}))
      OR (UNIQUE_CONSTRAINT_SCHEMA = ${schema} AND REFERENCED_TABLE_NAME IN (${sql.join(names)}))`
  const rows = await dictionaryRows(session, question)
  const cascades = await logsCascades(session)
  const isParent = ({ parentSchema, parent }: Row) =>
    parentSchema === schema && names.includes(parent)
  return rows.flatMap((row) => {
    if (isParent(row)) return [refusal(row, 'and a parent cannot be swapped')]
    const isQuiet = [row.onUpdate, row.onDelete].every((rule) =>
      /^(NO ACTION|RESTRICT)$/.test(rule),
    )
    if (isQuiet || cascades) return []
    return [
      refusal(
        row,
        `and this server does not log what ON DELETE ${row.onDelete} and ON UPDATE ${row.onUpdate} do`,
      ),
    ]
  })
}

/**
 * Whether the change stream shows what a foreign key does to the rows of a child. Since MySQL 9.6 the SQL layer cascades,
 * and so the binlog has it; the variable goes back to the old way. MariaDB never logs it.
 */
export async function logsCascades(session: Session): Promise<boolean> {
  const variables = await readVariables(session, ['innodb_native_foreign_keys'])
  return variables.get('innodb_native_foreign_keys') === 'OFF'
}

function refusal({ name, child, parent }: Row, reason: string): Refusal {
  return new Refusal(
    'FOREIGN_KEY',
    `The foreign key ${name} ties ${child} to ${parent}, ${reason}.`,
    {
      next: `Deploy it with method=instant if the plan says that it can be instant, or drop the foreign key first (ALTER TABLE ${child} DROP FOREIGN KEY ${name}).`,
    },
  )
}
