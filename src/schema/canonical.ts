import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import { ERRNO, errnoOf, isConnectionLost } from '../mysql/errno.ts'
import { isProductTable } from '../mysql/identifier.ts'
import type { Session } from '../mysql/session.ts'
import { type CreateTable, refuseDuplicates } from './allow-list.ts'
import { parseTable, schemaOf } from './parse.ts'
import { printable } from './place.ts'
import type { Schema, Table } from './table.ts'

/**
 * The tables of `schemaName` as the server has them now, without views, sequences and tables that deployments
 * made beside them.
 */
export async function readSchema(session: Session, schemaName: string): Promise<Schema> {
  const rows = await session.rows(
    sql<{ name: string }>`
      SELECT TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ${schemaName} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')`,
  )
  const tables: Table[] = []
  for (const { name } of rows.filter((row) => !isProductTable(row.name))) {
    const table = await readTable(session, schemaName, name)
    if (table) tables.push(table)
  }
  return schemaOf(tables)
}

/** A table as the server has it now, or null when it is not there. */
export async function readTable(
  session: Session,
  schemaName: string,
  name: string,
): Promise<Table | null> {
  type Row = { readonly 'Create Table': string }
  try {
    const row = await session.row(sql<Row>`SHOW CREATE TABLE ${sql.id(schemaName, name)}`)
    return row ? parseTable(row['Create Table']) : null
  } catch (error) {
    if (errnoOf(error) === ERRNO.NO_SUCH_TABLE) return null
    throw error
  }
}

export type CanonicalOptions = {
  /** The collation of tables that name none, as of the schema they will live in; the server's own by default. */
  readonly collation?: string
}

/**
 * The tables in the server's own spelling: made in a schema with a random name on a scratch server, read back,
 * and dropped with the schema, also when a table is refused.
 *
 * @throws {Refusal} SQL_SYNTAX or SQL_NOT_ALLOWED with file and line when the server does not take a table.
 */
export async function canonicalise(
  session: Session,
  tables: readonly CreateTable[],
  { collation }: CanonicalOptions = {},
): Promise<Schema> {
  refuseDuplicates(tables)
  const name = `crossfade_scratch_${randomBytes(8).toString('hex')}`
  const before = await session.row(sql<{ name: string | null }>`SELECT DATABASE() AS name`)
  await createDatabase(session, name, collation)
  try {
    await session.run(sql`USE ${sql.id(name)}`)
    for (const table of tables) await createTable(session, table, name)
    return await readSchema(session, name)
  } finally {
    await dropDatabase(session, name)
    if (before?.name) await session.run(sql`USE ${sql.id(before.name)}`)
  }
}

const DENIED: readonly (number | null)[] = [
  ERRNO.DATABASE_ACCESS_DENIED,
  ERRNO.COMMAND_DENIED,
  ERRNO.SPECIFIC_ACCESS_DENIED,
]

async function createDatabase(session: Session, name: string, collation?: string): Promise<void> {
  const collate = collation === undefined ? sql`` : sql` COLLATE ${sql.id(collation)}`
  try {
    await session.run(sql`CREATE DATABASE ${sql.id(name)}${collate}`)
  } catch (error) {
    if (!DENIED.includes(errnoOf(error))) throw error
    throw new Refusal('ACCESS_DENIED', 'The account may not make a schema on the scratch server.', {
      next: 'Give it a scratch server of its own, or GRANT ALL ON `crossfade\\_scratch\\_%`.* TO it.',
      cause: error,
    })
  }
}

async function dropDatabase(session: Session, name: string): Promise<void> {
  try {
    await session.run(sql`DROP DATABASE ${sql.id(name)}`)
  } catch (error) {
    // A lost connection has an error of its own already, and nobody is left who could drop it.
    if (!isConnectionLost(error)) throw error
  }
}

async function createTable(
  session: Session,
  table: CreateTable,
  schemaName: string,
): Promise<void> {
  try {
    await session.run(sql.raw(table.statement))
  } catch (error) {
    if (errnoOf(error) === null || isConnectionLost(error)) throw error
    throw refusalOf(error, table, schemaName)
  }
}

/**
 * What the server says about a table. Its text may be quoted here, because all it knows is the file itself; what
 * could be a path of the machine is left out, and so is the name of the schema that nobody has to know.
 */
function refusalOf(error: unknown, table: CreateTable, schemaName: string): Refusal {
  const schemaPrefix = new RegExp(`\`?${schemaName}\`?\\.`, 'g')
  const text = error instanceof Error ? error.message.replaceAll(schemaPrefix, '') : ''
  const syntax = /near '([\s\S]*)' at line (\d+)$/.exec(text)
  const line = table.line + Number(syntax?.[2] ?? 1) - 1
  const complaint = syntax
    ? `the server does not understand what begins with: ${firstLine(syntax[1] ?? '')}`
    : `the server refuses the table ${table.name}: ${describe(text, errnoOf(error))}`
  return new Refusal('SQL_SYNTAX', printable(`${table.file}:${line}: ${complaint}`), {
    next: syntax ? 'Correct this line or the one before it.' : 'Correct the definition.',
    cause: error,
  })
}

const SHOWN = 200

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, SHOWN) || 'the end of the statement'
}

function describe(text: string, errno: number | null): string {
  return /[/\\]/.test(text) ? `error ${errno}` : firstLine(text)
}
