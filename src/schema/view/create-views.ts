import { sql } from 'kysely'
import type { Refusal } from '../../errors.ts'
import { ERRNO, errnoOf, isConnectionLost } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'
import { complaintOf, type Scene } from '../complaint.ts'
import type { CreateTable } from '../file/allow-list.ts'
import { placeName, refusalAt } from '../place.ts'
import { isKeyword, tokenize, withoutComments } from '../tokens.ts'
import { namesInQuery } from './query-names.ts'
import { readView } from './read-views.ts'
import { namesOfWith } from './view-names.ts'

type Failed = { readonly view: CreateTable; readonly error: unknown }

/**
 * Makes the views in the scratch schema that the tables are in, in an order in which each finds what it reads, whatever the
 * order of the files.
 *
 * @throws {Refusal} SQL_SYNTAX or SQL_NOT_ALLOWED with file, line and column: what is missing, or which views wait for each
 * other.
 */
export async function createViews(
  session: Session,
  views: readonly CreateTable[],
  scene: Scene,
): Promise<void> {
  let waiting = views
  while (waiting.length > 0) {
    const failed: Failed[] = []
    for (const view of waiting) {
      const error = await tryToCreate(session, view)
      if (error === null) continue
      // What is missing may come with another view.
      if (errnoOf(error) !== ERRNO.NO_SUCH_TABLE)
        throw await complaintOf(session, error, view, scene)
      failed.push({ view, error })
    }
    if (failed.length === waiting.length) throw await whyNone(session, failed, scene)
    waiting = failed.map(({ view }) => view)
  }
  for (const view of views) await refuseBeyond(session, view, scene)
}

async function tryToCreate(session: Session, { statement }: CreateTable): Promise<unknown> {
  try {
    await session.run(sql.raw(statement))
    return null
  } catch (error) {
    if (errnoOf(error) === null || isConnectionLost(error)) throw error
    return error
  }
}

/** None of these can be made: one reads what is nowhere, or they wait for each other. */
async function whyNone(
  session: Session,
  failed: readonly Failed[],
  scene: Scene,
): Promise<Refusal> {
  const views = failed.map(({ view }) => view)
  const known = new Set(scene.statements.map(({ name }) => folded(name)))
  for (const view of views) {
    const missing = tablesIn(view).find(({ name }) => !known.has(folded(name)))
    if (!missing) continue
    const what = `the view ${view.name} reads ${missing.name}, which is no table or view of the schema`
    const next = `Define ${missing.name}, or correct its name.`
    return refusalAt('SQL_SYNTAX', what, sourceOf(view, missing.offset), next)
  }
  const circle = circleAmong(views)
  const [first] = circle
  const [one] = failed
  if (!first) {
    if (!one) throw new TypeError('no view has failed')
    return await complaintOf(session, one.error, one.view, scene)
  }
  const path = [...circle, first].map(({ name }) => name).join(' → ')
  const others = circle.slice(1).map((other) => `${other.name} at ${placeName(other)}`)
  const also = others.length > 0 ? ` (${others.join(', ')})` : ''
  const next = 'Let one of them read tables in place of the view.'
  const what = `views that read each other in a circle, ${path}${also}`
  return refusalAt('SQL_SYNTAX', what, sourceOf(first, 0), next)
}

/** A scratch server may tell names apart by their case, or not; what is missing is missing in any case. */
function folded(name: string): string {
  return name.toLowerCase()
}

/** The tables that a view's statement reads, and where it says so. */
function tablesIn({ statement, file }: CreateTable): { name: string; offset: number }[] {
  const tokens = withoutComments(tokenize(statement, file))
  const query = tokens.slice(tokens.findIndex((token) => isKeyword(token, 'AS')) + 1)
  const own = namesOfWith(query)
  return namesInQuery(query, 'quoted and words')
    .filter(({ kind, parts }) => kind === 'table' && !own.has(parts[0] ?? ''))
    .map(({ at, parts }) => ({ name: parts[0] ?? '', offset: query[at]?.start ?? 0 }))
    .filter(({ name }) => !NO_TABLES.includes(name.toUpperCase()))
}

/** Words that stand where a table does. */
const NO_TABLES = ['DUAL', 'JSON_TABLE', 'LATERAL']

/** Views each of which reads the next, and the last the first; empty when there is no circle. */
function circleAmong(views: readonly CreateTable[]): readonly CreateTable[] {
  const byName = new Map(views.map((view) => [folded(view.name), view]))
  const path: CreateTable[] = []
  let at = views[0]
  while (at && !path.includes(at)) {
    path.push(at)
    at = tablesIn(at).flatMap(({ name }) => byName.get(folded(name)) ?? [])[0]
  }
  return at ? path.slice(path.indexOf(at)) : []
}

/** How the server has understood the view decides, whatever the text looks like. */
async function refuseBeyond(
  session: Session,
  view: CreateTable,
  { schemaName }: Scene,
): Promise<void> {
  const made = await readView(session, schemaName, view.name)
  const beyond = made?.beyond ?? null
  if (beyond === null) return
  const next = 'Read only tables and views of the schema itself.'
  const what = `a view that needs ${beyond} is not allowed`
  throw refusalAt('SQL_NOT_ALLOWED', what, sourceOf(view, 0), next)
}

function sourceOf({ statement, file, line, column }: CreateTable, offset: number) {
  const before = '\n'.repeat(line - 1) + ' '.repeat(column - 1)
  return { text: before + statement, offset: before.length + offset, file }
}
