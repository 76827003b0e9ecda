import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import type { Check } from './check.ts'

type Row = { name: string; child: string; parent: string }

/**
 * A foreign key follows the table that is renamed, so a swapped parent would leave its children on the old
 * table; and a shadow of a child that lags by a moment makes the server refuse deletes on the parent.
 */
export const checkForeignKeys: Check = async ({ session, schema, request, tables }) => {
  const names = tables
    .filter(({ shape }) => shape !== null)
    // An instant change leaves the table where it is; only what is dropped is renamed.
    .filter(({ operation }) => request.method === 'shadow' || operation.kind === 'drop')
    .map(({ operation }) => operation.table)
  if (names.length === 0) return []
  const rows = await session.rows(sql<Row>`
    SELECT CONSTRAINT_NAME AS name, TABLE_NAME AS child, REFERENCED_TABLE_NAME AS parent
    FROM information_schema.REFERENTIAL_CONSTRAINTS
    WHERE (CONSTRAINT_SCHEMA = ${schema} AND TABLE_NAME IN (${sql.join(names)}))
      OR (UNIQUE_CONSTRAINT_SCHEMA = ${schema} AND REFERENCED_TABLE_NAME IN (${sql.join(names)}))`)
  return rows.map(
    ({ name, child, parent }) =>
      new Refusal('FOREIGN_KEY', `The foreign key ${name} ties ${child} to ${parent}.`, {
        next: `Drop the foreign key first (ALTER TABLE ${child} DROP FOREIGN KEY ${name}), or change the table without Crossfade.`,
      }),
  )
}
