import { sql } from 'kysely'
import type { Session } from './session.ts'

/** What the server estimates of a table; it can be off by half after large changes. */
export type TableSize = { readonly rows: number; readonly bytes: number }

type Row = { name: string; rowCount: string | number | null; bytes: string | number | null }

/** The sizes of a schema's tables by name, from statistics: no table is read. */
export async function readTableSizes(
  session: Session,
  schema: string,
): Promise<ReadonlyMap<string, TableSize>> {
  const rows = await session.rows(sql<Row>`
    SELECT TABLE_NAME AS name, TABLE_ROWS AS rowCount, DATA_LENGTH + INDEX_LENGTH AS bytes
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_TYPE = 'BASE TABLE'`)
  return new Map(
    rows.map(({ name, rowCount, bytes }) => [
      name,
      { rows: Number(rowCount ?? 0), bytes: Number(bytes ?? 0) },
    ]),
  )
}
