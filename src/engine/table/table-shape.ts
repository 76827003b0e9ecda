import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { dictionaryRows } from '../../mysql/dictionary.ts'
import { ERRNO, errnoOf, isDenied } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'

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

/** What the dictionary says of a table as a whole. */
export type TableEntry = Pick<TableShape, 'schema' | 'name' | 'engine' | 'rowsEstimated' | 'bytes'>

/** A base table, with its name as the server spells it, or null when there is none of this name. */
export async function findTable(
  session: Session,
  schema: string,
  name: string,
): Promise<TableEntry | null> {
  const question = sql<TableRow>`
    SELECT TABLE_NAME AS name, ENGINE AS engine, TABLE_ROWS AS rowCount, DATA_LENGTH + INDEX_LENGTH AS bytes, TABLE_TYPE AS type
    FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${name}`
  const [table] = await dictionaryRows(session, question)
  if (table?.type !== 'BASE TABLE') return null
  return {
    schema,
    name: table.name,
    engine: (table.engine ?? '').toLowerCase(),
    rowsEstimated: Number(table.rowCount ?? 0),
    bytes: Number(table.bytes ?? 0),
  }
}

/**
 * The shape of a base table at one moment, or null when there is none of this name. It takes several questions, and
 * between two of them somebody could change the table: a transaction that has looked into it keeps its definition
 * as it is. It waits for a change that is under way, and holds up one that comes for some milliseconds; rows may be
 * written all the while.
 *
 * @throws {Refusal} PRIVILEGE_MISSING; or the server's error 1205 when somebody else keeps the table locked for longer
 * than lock_wait_timeout.
 */
export async function readShape(
  session: Session,
  schema: string,
  name: string,
): Promise<TableShape | null> {
  // Before anything is locked: it could be a view, whose tables are none of our business.
  const found = await findTable(session, schema, name)
  if (!found) return null
  return await session.transaction(async () => {
    if (!(await isHeld(session, found))) return null
    const table = await findTable(session, schema, name)
    return table && (await readColumns(session, table))
  })
}

const GONE: readonly (number | null)[] = [ERRNO.NO_SUCH_TABLE, ERRNO.UNKNOWN_DATABASE]

/** Keeps the definition of a table as it is until the transaction ends; false when the table is not there. */
async function isHeld(session: Session, { schema, name }: TableEntry): Promise<boolean> {
  try {
    await session.rows(sql`SELECT 1 FROM ${sql.id(schema, name)} LIMIT 0`)
    return true
  } catch (error) {
    if (GONE.includes(errnoOf(error))) return false
    if (!isDenied(error)) throw error
    throw new Refusal('PRIVILEGE_MISSING', `The account lacks SELECT on ${name}.`, {
      next: 'Grant the account what docs/operations.md lists.',
      cause: error,
    })
  }
}

async function readColumns(session: Session, table: TableEntry): Promise<TableShape> {
  const { schema, name } = table
  const columns = await session.rows(sql<ColumnRow>`
    SELECT COLUMN_NAME AS name, ORDINAL_POSITION AS position, DATA_TYPE AS dataType,
      COLUMN_TYPE AS columnType, IS_NULLABLE AS nullable, CHARACTER_SET_NAME AS charset,
      COLLATION_NAME AS collation, CHARACTER_MAXIMUM_LENGTH AS length, EXTRA AS extra,
      GENERATION_EXPRESSION AS expression
    FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = ${schema} AND TABLE_NAME = ${name} ORDER BY ORDINAL_POSITION`)
  return {
    ...table,
    columns: columns.map((column, ordinal) => toColumn(column, ordinal)),
    uniqueKeys: await readUniqueKeys(session, schema, name),
    hasFulltext: await hasFulltext(session, schema, name),
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
