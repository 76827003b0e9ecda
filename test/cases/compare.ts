import { type RawBuilder, sql } from 'kysely'
import type { Session } from '../../src/mysql/session.ts'

type ColumnRow = { name: string; type: string; extra: string; initial: string | null }

/** A table as SHOW CREATE TABLE prints it, in lines, without its name and its next number. */
export async function structureOf(session: Session, table: string): Promise<readonly string[]> {
  const statement = await createStatement(session, table)
  return statement
    .replace(/ AUTO_INCREMENT=\d+/, '')
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/CONSTRAINT `[^`]+` CHECK/, 'CONSTRAINT CHECK'))
    .map((line) => line.replace(/,$/, ''))
}

export async function createStatement(session: Session, table: string): Promise<string> {
  const row = await session.row(sql<Record<string, string>>`SHOW CREATE TABLE ${sql.id(table)}`)
  return row?.['Create Table'] ?? ''
}

/** The next AUTO_INCREMENT number, or null for a table without one. */
export async function nextNumber(session: Session, table: string): Promise<number | null> {
  const found = / AUTO_INCREMENT=(\d+)/.exec(await createStatement(session, table))
  return found ? Number(found[1]) : null
}

export async function columnNames(session: Session, table: string): Promise<readonly string[]> {
  return (await columnsOf(session, table)).map(({ name }) => name)
}

async function columnsOf(session: Session, table: string): Promise<readonly ColumnRow[]> {
  return await session.rows(sql<ColumnRow>`
    SELECT COLUMN_NAME AS name, DATA_TYPE AS type, EXTRA AS extra, COLUMN_DEFAULT AS initial
    FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${table} ORDER BY ORDINAL_POSITION`)
}

/** Columns that an ALTER fills with the time or a number of its own, not with a constant. */
export async function unforeseeable(
  session: Session,
  table: string,
  before: readonly string[],
): Promise<readonly string[]> {
  const known = new Set(before.map((name) => name.toLowerCase()))
  const columns = await columnsOf(session, table)
  return (
    columns
      .filter(({ name }) => !known.has(name.toLowerCase()))
      // MariaDB quotes a constant, and marks nothing else.
      .filter(
        ({ extra, initial }) =>
          /default_generated|auto_increment/i.test(extra) || /^[^']*\(/.test(initial ?? ''),
      )
      .map(({ name }) => name)
  )
}

/** How many rows there are, and samples of the rows that only one of the tables has, value by value as bytes. */
export async function differenceOf(
  session: Session,
  some: string,
  other: string,
  ignore: readonly string[],
): Promise<{
  readonly rows: number
  readonly onlySome: readonly string[]
  readonly onlyOther: readonly string[]
}> {
  const columns = (await columnsOf(session, other)).filter(({ name }) => !ignore.includes(name))
  const values = columns.map(({ name, type }) => printable(sql.id(name), type))
  const rowsOf = (table: string) =>
    sql`SELECT CAST(JSON_ARRAY(${sql.join(values)}) AS CHAR) AS line FROM ${sql.id(table)}`
  const onlyIn = async (here: string, there: string) => {
    const rows = await session.rows(
      sql<{ line: string }>`${rowsOf(here)} EXCEPT ALL ${rowsOf(there)} LIMIT 5`,
    )
    return rows.map(({ line }) => line)
  }
  const count = await session.row(sql<{ n: string }>`SELECT COUNT(*) AS n FROM ${sql.id(other)}`)
  return {
    rows: Number(count?.n),
    onlySome: await onlyIn(some, other),
    onlyOther: await onlyIn(other, some),
  }
}

const SPATIAL = /^(?:geometry|point|linestring|polygon|multi\w+|geomcollection|geometrycollection)$/
const BYTES = /char|text|blob|binary|enum|set|bit|vector/

/** Two values print the same when they are the same bytes; NULL stays NULL. */
function printable(column: RawBuilder<unknown>, type: string): RawBuilder<unknown> {
  if (SPATIAL.test(type)) return sql`CONCAT(ST_SRID(${column}), ' ', HEX(ST_AsBinary(${column})))`
  if (BYTES.test(type)) return sql`HEX(${column})`
  return sql`CAST(${column} AS CHAR)`
}
