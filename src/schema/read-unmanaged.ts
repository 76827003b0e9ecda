import { sql } from 'kysely'
import type { Session } from '../mysql/session.ts'
import { compareNames } from './parse.ts'
import type { Unmanaged } from './table.ts'

/**
 * The triggers, routines, events and sequences of a schema, as far as the account may see them. They are told, and left as
 * they are.
 */
export async function readUnmanaged(session: Session, schemaName: string): Promise<Unmanaged[]> {
  type Row = Unmanaged
  const rows = await session.rows(sql<Row>`
    SELECT 'trigger' AS kind, TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS \`table\`
    FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${schemaName}
    UNION ALL
    SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME, NULL
    FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${schemaName}
      AND ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION')
    UNION ALL
    SELECT 'event', EVENT_NAME, NULL
    FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${schemaName}
    UNION ALL
    SELECT 'sequence', TABLE_NAME, NULL
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schemaName} AND TABLE_TYPE = 'SEQUENCE'`)
  return rows
    .map(({ kind, name, table }) => ({ kind, name, table }))
    .toSorted((a, b) => compareNames(a.kind, b.kind) || compareNames(a.name, b.name))
}
