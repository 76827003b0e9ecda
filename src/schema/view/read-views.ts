import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { ERRNO, errnoOf, isDenied } from '../../mysql/errno.ts'
import { isProductTable } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import { checkCanonical } from '../file/allow-list.ts'
import { printable } from '../place.ts'
import { parseCreateView, type ReadView, type View } from './view.ts'

/** The views of a schema: those that files can define, and the names of the others. */
export type Views = { readonly views: readonly View[]; readonly others: readonly string[] }

/**
 * The views of `schemaName` as the server has them now.
 *
 * @throws {Refusal} ACCESS_DENIED when the account may not see what a view is.
 */
export async function readViews(session: Session, schemaName: string): Promise<Views> {
  const rows = await session.rows(
    sql<{ name: string }>`
      SELECT TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ${schemaName} AND TABLE_TYPE = 'VIEW' ORDER BY TABLE_NAME`,
  )
  const views: View[] = []
  const others: string[] = []
  for (const { name } of rows.filter((row) => !isProductTable(row.name))) {
    const found = await readView(session, schemaName, name)
    if (!found) continue
    if (isForFiles(found)) views.push(found.view)
    else others.push(found.view.name)
  }
  return { views, others }
}

/**
 * A view as the server has it now, or null when it is not there.
 *
 * @throws {Refusal} ACCESS_DENIED when the account may not see what it is.
 */
export async function readView(
  session: Session,
  schemaName: string,
  name: string,
): Promise<ReadView | null> {
  type Row = { readonly 'Create View'?: string }
  try {
    await requireSchema(session, schemaName)
    const row = await session.row(sql<Row>`SHOW CREATE VIEW ${sql.id(schemaName, name)}`)
    const text = row?.['Create View']
    return text === undefined ? null : parseCreateView(text, schemaName)
  } catch (error) {
    if (errnoOf(error) === ERRNO.NO_SUCH_TABLE || errnoOf(error) === ERRNO.WRONG_OBJECT) return null
    if (!isDenied(error)) throw error
    const message = `The account may not see how the view ${printable(name)} is defined.`
    throw new Refusal('ACCESS_DENIED', message, {
      next: `Run GRANT SELECT, SHOW VIEW ON \`${schemaName}\`.* TO the account.`,
      cause: error,
    })
  }
}

/** The servers leave out the name of the session's own schema: of another one a view would seem to be in this one. */
async function requireSchema(session: Session, schemaName: string): Promise<void> {
  const row = await session.row(sql<{ name: string | null }>`SELECT DATABASE() AS name`)
  if (row?.name !== schemaName) await session.run(sql`USE ${sql.id(schemaName)}`)
}

/** Whether a schema file could hold the view: what no file can say is left alone. */
function isForFiles({ view, beyond }: ReadView): boolean {
  if (beyond !== null) return false
  try {
    checkCanonical(view.sql, view.name)
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}
