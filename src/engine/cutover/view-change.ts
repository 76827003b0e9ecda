import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { ERRNO, errnoOf, isAway, isContention, isDenied } from '../../mysql/errno.ts'
import { tableNames } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import { usedFirst } from '../../schema/diff/diff-views.ts'
import { readView } from '../../schema/view/read-views.ts'
import { isInvokers, parseView, type ReadView, type View } from '../../schema/view/view.ts'
import { renameInView } from '../../schema/view/view-rename.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { ownComment } from '../follower.ts'
import type { EngineRequest, ViewOperation } from '../port.ts'

/** Which way the views are changed: to what they will be, or back to what they were. */
export type ViewDirection = 'forward' | 'back'

/** The views of one deployment, and whose rights they have: view → account, as SQL writes it. */
export type ViewPlan = {
  readonly id: string
  readonly schema: string
  readonly views: readonly ViewOperation[]
  readonly definers: ReadonlyMap<string, string>
}

/** What a checkpoint says of the views. */
export function planOfViews({ id, schema, request, definers }: Checkpoint): ViewPlan {
  return { id, schema, views: request.views, definers }
}

/**
 * Who the definers of the live views are.
 *
 * @throws {Refusal} TABLE_CHANGED or TABLE_EXISTS when a live view is not what the deployment was made for; NAME_CLASH; INPUT_INVALID for a view
 * that would get the rights of the account that deploys.
 */
export async function readDefiners(
  session: Session,
  schema: string,
  { views, operations }: EngineRequest,
): Promise<ReadonlyMap<string, string>> {
  const definers = new Map<string, string>()
  for (const view of views) {
    if (operations.some(({ table }) => table === view.name)) {
      throw new Refusal('NAME_CLASH', `${view.name} is a table and a view in one deployment.`, {
        next: 'Drop the one in a deployment of its own, then create the other.',
      })
    }
    requireRights(view)
    const found = await readView(session, schema, view.name)
    requireBefore(view, found)
    if (found) definers.set(view.name, found.definer)
  }
  return definers
}

function requireBefore({ name, before }: ViewOperation, found: ReadView | null): void {
  if (found && before === null) {
    throw new Refusal('TABLE_EXISTS', `The view ${name} is already there.`, {
      next: 'Drop it by hand if nobody needs it, or choose another name.',
    })
  }
  if ((found?.view.sql ?? null) !== before) throw viewChanged(name)
}

function requireRights({ name, before, after }: ViewOperation): void {
  if (after === null || keepsRights(before, after)) return
  const message = `The view ${name} would have the rights of the account that deploys it.`
  throw new Refusal('INPUT_INVALID', message, { next: 'Write SQL SECURITY INVOKER.' })
}

function keepsRights(before: string | null, after: string): boolean {
  return isInvokers(parseView(after)) || (before !== null && !isInvokers(parseView(before)))
}

/**
 * Looks whether the live views are still what the deployment was made for.
 *
 * @throws {Refusal} TABLE_CHANGED.
 */
export async function requireViews(session: Session, { schema, views }: ViewPlan): Promise<void> {
  for (const { name, before } of views) {
    const found = await readView(session, schema, name)
    if ((found?.view.sql ?? null) !== before) throw viewChanged(name)
  }
}

function viewChanged(name: string): Refusal {
  return new Refusal(
    'TABLE_CHANGED',
    `Somebody else changed the view ${name} while it was deployed.`,
    {
      next: 'Start a new deployment from the view as it is now.',
    },
  )
}

/**
 * Makes every view that is wanted once, under another name and over the shadow tables, and drops it again: after the swap
 * nothing can go wrong any more that could have been known before.
 *
 * @throws {Refusal} PRIVILEGE_MISSING, or VIEW_REFUSED when the server does not take a view.
 */
export async function tryViews(
  session: Session,
  { operations }: EngineRequest,
  plan: ViewPlan,
): Promise<void> {
  const { id, schema } = plan
  const wanted = targetsOf(plan, 'forward').made
  const copied = operations.filter(({ kind }) => kind !== 'drop').map(({ table }) => table)
  const names = new Map(
    [...copied, ...wanted.map(({ name }) => name)].map((name) => [
      name,
      tableNames(id, name).shadow,
    ]),
  )
  try {
    for (const view of wanted) {
      const text = renameInView(view, names)
      if (text !== null) await makeView(session, plan, { ...view, sql: text })
    }
  } finally {
    await dropTrials(session, schema, plan)
  }
}

/** Drops what {@link tryViews} of a process that died has left. */
export async function dropTrials(
  session: Session,
  schema: string,
  { id, views }: Pick<ViewPlan, 'id' | 'views'>,
): Promise<void> {
  const names = views.map(({ name }) => sql.id(schema, tableNames(id, name).shadow))
  if (names.length > 0) await session.run(sql`DROP VIEW IF EXISTS ${sql.join(names)}`)
}

/**
 * Makes the views what they should be: those that go first, each before what it reads; then the others, each after what it
 * reads. Done twice it does the same, so whoever cannot tell how far it came does it again.
 */
export async function changeViews(
  session: Session,
  plan: ViewPlan,
  direction: ViewDirection,
): Promise<void> {
  const { dropped, made } = targetsOf(plan, direction)
  for (const name of dropped) {
    await session.run(
      sql`DROP VIEW IF EXISTS ${sql.raw(ownComment(plan.id))} ${sql.id(plan.schema, name)}`,
    )
  }
  for (const view of made) await makeView(session, plan, view)
}

function targetsOf(
  { views }: ViewPlan,
  direction: ViewDirection,
): { readonly dropped: readonly string[]; readonly made: readonly View[] } {
  const [from, to] =
    direction === 'forward' ? (['before', 'after'] as const) : (['after', 'before'] as const)
  const textsOf = (some: readonly ViewOperation[], side: 'before' | 'after') =>
    some.flatMap((view) => view[side] ?? []).map(parseView)
  const gone = views.filter((view) => view[to] === null)
  return {
    dropped: usedFirst(textsOf(gone, from))
      .toReversed()
      .map(({ name }) => name),
    made: usedFirst(textsOf(views, to)),
  }
}

/** CREATE OR REPLACE gives the rights of whoever runs it, so the definer is named. */
async function makeView(session: Session, plan: ViewPlan, view: View): Promise<void> {
  const viewAt = view.sql.indexOf('VIEW ')
  const head = view.sql.slice('CREATE '.length, viewAt)
  const definer = isInvokers(view) ? undefined : plan.definers.get(view.name)
  const [algorithm = ''] = /^ALGORITHM=\w+ /.exec(head) ?? []
  const rights = definer ? `DEFINER=${definer} SQL SECURITY DEFINER ` : 'SQL SECURITY INVOKER '
  const statement = `CREATE ${ownComment(plan.id)} OR REPLACE ${algorithm}${rights}${view.sql.slice(viewAt)}`
  try {
    await session.run(sql.raw(statement))
  } catch (error) {
    throw refusalOf(error, plan, view) ?? error
  }
}

function refusalOf(error: unknown, { schema }: ViewPlan, { name }: View): Refusal | null {
  const errno = errnoOf(error)
  if (errno === null || isAway(error) || isContention(error)) return null
  if (isDenied(error)) {
    const message = `The account may not make the view ${name}.`
    return new Refusal('PRIVILEGE_MISSING', message, {
      next: `Run GRANT CREATE VIEW, SHOW VIEW, DROP, SELECT ON \`${schema}\`.* TO the account; for a view of another definer also SET_ANY_DEFINER (MySQL) or SET USER (MariaDB) ON *.*, or give the view SQL SECURITY INVOKER.`,
      cause: error,
    })
  }
  const missing = errno === ERRNO.NO_SUCH_TABLE || errno === ERRNO.BAD_FIELD
  const why = missing ? 'it reads what is not there' : 'it does not take the statement'
  const message = `The server refuses the view ${name}: ${why} (error ${errno}).`
  return new Refusal('VIEW_REFUSED', message, {
    next: 'Compare the view with the tables that it reads, then deploy again.',
    cause: error,
  })
}
