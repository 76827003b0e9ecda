import { sql } from 'kysely'
import type { Session } from '../mysql/session.ts'

/** A column as rows hold it, not as DDL spells it. */
export type ShapeColumn = {
  readonly name: string
  /** 0-based place in a row of the binlog. */
  readonly ordinal: number
  /** `bigint`, `varchar`, … in lower case. */
  readonly dataType: string
  /** `bigint unsigned`, `varchar(200)`, … in lower case but for the names of an ENUM or SET. */
  readonly columnType: string
  readonly unsigned: boolean
  readonly nullable: boolean
  /** null for types without one. */
  readonly charset: string | null
  readonly collation: string | null
  /** Bytes of a BINARY or VARBINARY; characters otherwise; null for types without a length. */
  readonly length: number | null
  readonly generated: boolean
  /** The expression of a STORED generated column; null for every other column. */
  readonly storedAs: string | null
  readonly autoIncrement: boolean
}

/** The name of every primary key. */
export const PRIMARY = 'PRIMARY'

export type ShapeKey = {
  readonly name: string
  readonly columns: readonly string[]
  /** Some column is indexed by its first characters only. */
  readonly prefix: boolean
  /** Some part is an expression, not a column. */
  readonly expression: boolean
}

/** What the engine needs to know of a table as it is on the server now. */
export type TableShape = {
  readonly schema: string
  readonly name: string
  readonly engine: string
  readonly columns: readonly ShapeColumn[]
  readonly uniqueKeys: readonly ShapeKey[]
  readonly hasFulltext: boolean
  /** The server's estimate. */
  readonly rowsEstimated: number
  readonly bytes: number
}

type ColumnRow = {
  name: string
  position: number
  dataType: string
  columnType: string
  nullable: string
  charset: string | null
  collation: string | null
  length: string | number | null
  extra: string
  expression: string | null
}

type TableRow = {
  name: string
  engine: string | null
  rowCount: string | number | null
  bytes: string | number | null
  type: string
}

/** The shape of a base table, with its name as the server spells it, or null when there is none of this name. */
export async function readShape(
  session: Session,
  schema: string,
  name: string,
): Promise<TableShape | null> {
  const table = await session.row(sql<TableRow>`
    SELECT TABLE_NAME AS name, ENGINE AS engine, TABLE_ROWS AS rowCount, DATA_LENGTH + INDEX_LENGTH AS bytes, TABLE_TYPE AS type
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${name}`)
  if (table?.type !== 'BASE TABLE') return null
  const columns = await session.rows(sql<ColumnRow>`
    SELECT COLUMN_NAME AS name, ORDINAL_POSITION AS position, DATA_TYPE AS dataType,
      COLUMN_TYPE AS columnType, IS_NULLABLE AS nullable, CHARACTER_SET_NAME AS charset,
      COLLATION_NAME AS collation, CHARACTER_MAXIMUM_LENGTH AS length, EXTRA AS extra,
      GENERATION_EXPRESSION AS expression
    FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${name} ORDER BY ORDINAL_POSITION`)
  return {
    schema,
    name: table.name,
    engine: (table.engine ?? '').toLowerCase(),
    columns: columns.map((column, ordinal) => toColumn(column, ordinal)),
    uniqueKeys: await readUniqueKeys(session, schema, name),
    hasFulltext: await hasFulltext(session, schema, name),
    rowsEstimated: Number(table.rowCount ?? 0),
    bytes: Number(table.bytes ?? 0),
  }
}

function toColumn(row: ColumnRow, ordinal: number): ShapeColumn {
  const dataType = row.dataType.toLowerCase()
  const hasNames = dataType === 'enum' || dataType === 'set'
  const columnType = hasNames ? row.columnType : row.columnType.toLowerCase()
  const generated = (row.expression ?? '') !== '' && !/default_generated/i.test(row.extra)
  return {
    name: row.name,
    ordinal,
    dataType,
    columnType,
    unsigned: !hasNames && columnType.includes('unsigned'),
    nullable: row.nullable === 'YES',
    charset: row.charset,
    collation: row.collation,
    length: row.length === null ? null : Number(row.length),
    generated,
    storedAs: generated && /stored|persistent/i.test(row.extra) ? row.expression : null,
    autoIncrement: /auto_increment/i.test(row.extra),
  }
}

type KeyRow = { name: string; columnName: string | null; subPart: number | null }

/** The unique keys, the primary key first, each with its columns in index order. */
async function readUniqueKeys(
  session: Session,
  schema: string,
  table: string,
): Promise<readonly ShapeKey[]> {
  const parts = await session.rows(sql<KeyRow>`
    SELECT INDEX_NAME AS name, COLUMN_NAME AS columnName, SUB_PART AS subPart
    FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${table} AND NON_UNIQUE = 0
    ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX`)
  return [...Map.groupBy(parts, ({ name }) => name)].map(([name, rows]) => ({
    name,
    columns: rows.flatMap(({ columnName }) => columnName ?? []),
    prefix: rows.some(({ subPart }) => subPart !== null),
    expression: rows.some(({ columnName }) => columnName === null),
  }))
}

async function hasFulltext(session: Session, schema: string, table: string): Promise<boolean> {
  const found = await session.row(sql`SELECT 1 FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${table} AND INDEX_TYPE = 'FULLTEXT' LIMIT 1`)
  return found !== null
}
