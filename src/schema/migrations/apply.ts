import { sql } from 'kysely'
import { errnoOf, isConnectionLost } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'
import { type CanonicalOptions, readSchema } from '../canonical.ts'
import { complaintOf, type Scene } from '../complaint.ts'
import type { CreateTable } from '../file/allow-list.ts'
import { refuseLostText } from '../file/lost-text.ts'
import { inScratchSchema } from '../scratch-schema.ts'
import type { Schema } from '../table.ts'
import type { History, MigrationStatement } from './history.ts'

/** The schema that migrations make, with where its tables were created. */
export type Migrated = { readonly schema: Schema; readonly sources: readonly CreateTable[] }

/**
 * The schema that the migrations make of nothing, in the server's own spelling: they run in a schema with a random name on a
 * scratch server, which is read back and dropped, also when a statement is refused.
 *
 * @throws {Refusal} SQL_SYNTAX or SQL_NOT_ALLOWED with file, line and column when the server does not take a statement.
 */
export async function applyHistory(
  session: Session,
  { statements }: History,
  { collation }: CanonicalOptions = {},
): Promise<Migrated> {
  return await inScratchSchema(session, collation ?? null, async (schemaName) => {
    for (const statement of statements) {
      await apply(session, statement, { schemaName, statements })
    }
    const schema = await readSchema(session, schemaName)
    for (const statement of statements) {
      const table = schema.tables.get(statement.name)
      if (table) refuseLostText(statement, table)
    }
    return { schema, sources: sourcesOf(schema, statements) }
  })
}

async function apply(session: Session, statement: MigrationStatement, scene: Scene): Promise<void> {
  try {
    await session.run(sql.raw(statement.statement))
  } catch (error) {
    if (errnoOf(error) === null || isConnectionLost(error)) throw error
    throw await complaintOf(session, error, statement, scene)
  }
}

/** Where each table and view was created last; one that was renamed since has no place. */
function sourcesOf(schema: Schema, statements: readonly MigrationStatement[]): CreateTable[] {
  const created = new Map<string, CreateTable>()
  for (const { name, statement, file, line, column, defines: kind } of statements) {
    const isThere = kind === 'view' ? schema.views.has(name) : schema.tables.has(name)
    if (kind === null || !isThere) continue
    created.set(name, { kind, name, statement, file, line, column, comments: [] })
  }
  return [...created.values()]
}
