import { sql } from 'kysely'
import type { Session } from './session.ts'

/** What the server estimates of a table; it can be off by half after large changes. */
export type TableSize = {
  readonly rows: number
  /** With all indexes. */
  readonly bytes: number
  /** Of the rows alone. */
  readonly dataBytes: number
}

type Row = {
  name: string
  rowCount: string | number | null
  dataBytes: string | number | null
  indexBytes: string | number | null
}

/** The sizes of a schema's tables by name, from statistics: no table is read. */
export async function readTableSizes(
  session: Session,
  schema: string,
): Promise<ReadonlyMap<string, TableSize>> {
  const rows = await session.rows(sql<Row>`
    SELECT TABLE_NAME AS name, TABLE_ROWS AS rowCount, DATA_LENGTH AS dataBytes, INDEX_LENGTH AS indexBytes
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_TYPE = 'BASE TABLE'`)
  return new Map(
    rows.map(({ name, rowCount, dataBytes, indexBytes }) => [
      name,
      {
        rows: Number(rowCount ?? 0),
        bytes: Number(dataBytes ?? 0) + Number(indexBytes ?? 0),
        dataBytes: Number(dataBytes ?? 0),
      },
    ]),
  )
}
