import { sql } from 'kysely'
import { ERRNO, errnoOf, isConnectionLost } from '../mysql/errno.ts'
import { isProductTable } from '../mysql/identifier.ts'
import type { Session } from '../mysql/session.ts'
import { isBookkeeping } from './bookkeeping.ts'
import { complaintOf, type Scene } from './complaint.ts'
import { type CreateTable, refuseDuplicates } from './file/allow-list.ts'
import { refuseLostText } from './file/lost-text.ts'
import { parseTable, schemaOf } from './parse.ts'
import { readUnmanaged } from './read-unmanaged.ts'
import { inScratchSchema } from './scratch-schema.ts'
import type { Schema, Table, Unmanaged } from './table.ts'
import { createViews } from './view/create-views.ts'
import { readViews } from './view/read-views.ts'

/**
 * The tables and views of `schemaName` as the server has them now, without tables that deployments made beside them, and
 * the bookkeeping of migration tools; and the names of what is never deployed.
 *
 * @throws {Refusal} ACCESS_DENIED when the account may not see what a view is.
 */
export async function readSchema(session: Session, schemaName: string): Promise<Schema> {
  const rows = await session.rows(
    sql<{ name: string }>`
      SELECT TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ${schemaName} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')`,
  )
  const tables: Table[] = []
  for (const { name } of rows.filter(
    (row) => !isProductTable(row.name) && !isBookkeeping(row.name),
  )) {
    const table = await readTable(session, schemaName, name)
    if (table) tables.push(table)
  }
  const { views, others } = await readViews(session, schemaName)
  const unmanaged = await readUnmanaged(session, schemaName)
  const otherViews = others.map((name): Unmanaged => ({ kind: 'view', name, table: null }))
  return schemaOf(tables, views, [...unmanaged, ...otherViews])
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
 * The tables and views in the server's own spelling: made in a schema with a random name on a scratch server, read back,
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
  return await inScratchSchema(session, collation ?? null, async (schemaName) => {
    const scene = { schemaName, statements: tables }
    for (const table of tables.filter(({ kind }) => kind === 'table')) {
      await createTable(session, table, scene)
    }
    const views = tables.filter(({ kind }) => kind === 'view')
    await createViews(session, views, scene)
    const schema = await readSchema(session, schemaName)
    for (const table of tables) {
      const made = schema.tables.get(table.name)
      if (made) refuseLostText(table, made)
    }
    return schema
  })
}

async function createTable(session: Session, table: CreateTable, scene: Scene): Promise<void> {
  try {
    await session.run(sql.raw(table.statement))
  } catch (error) {
    if (errnoOf(error) === null || isConnectionLost(error)) throw error
    throw await complaintOf(session, error, table, scene)
  }
}
