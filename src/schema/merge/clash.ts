import { quoteName, type Schema } from '../table.ts'
import type { Conflict, SchemaSides } from './conflict.ts'
import { type Part, partId } from './part.ts'
import { findProblems, type Problem } from './problem.ts'
import { type Touch, touchIn } from './touch.ts'

/**
 * What comes of changes of different tables, or of parts that do not know each other: problems that the merged
 * schema has and neither side. Where tables are in conflict already, nothing more is said of them.
 */
export function findClashes(
  schemas: SchemaSides,
  merged: Schema,
  found: readonly Conflict[],
): Conflict[] {
  const { theirs, ours } = schemas
  const isMixed = [theirs, ours].every((side) => !isEqual(side, merged))
  if (!isMixed) return []
  const unclear = new Set(
    found.flatMap((conflict) => [conflict.theirs, conflict.ours].map(({ part }) => part.table)),
  )
  const known = new Set([...findProblems(theirs), ...findProblems(ours)].map(idOf))
  const problems = findProblems(merged).filter((problem) => {
    const tables = [problem.part, ...problem.needs].map(({ table }) => table)
    return !known.has(idOf(problem)) && !tables.some((table) => unclear.has(table))
  })
  const conflicts = [
    ...problems.map((problem) => toConflict(schemas, problem)),
    ...lostByViews(schemas),
  ]
  return [...new Map(conflicts.map((conflict) => [pairOf(conflict), conflict])).values()]
}

function isEqual(a: Schema, b: Schema): boolean {
  const isSame = (one: ReadonlyMap<string, { readonly sql: string }>, other: typeof one) =>
    one.size === other.size && [...one].every(([name, { sql }]) => other.get(name)?.sql === sql)
  return isSame(a.tables, b.tables) && isSame(a.views, b.views)
}

function idOf({ reason, part, needs }: Problem): string {
  const [first] = needs
  return JSON.stringify([reason, part.table, partId(part), first?.table, first && partId(first)])
}

function pairOf({ theirs, ours }: Conflict): string {
  return JSON.stringify([
    theirs.part.table,
    partId(theirs.part),
    ours.part.table,
    partId(ours.part),
  ])
}

/** Who brought a problem: the one the part, the other what it does not go with. */
function toConflict(schemas: SchemaSides, { reason, part, needs: named }: Problem): Conflict {
  const indexes = reason === 'index' ? named.flatMap((need) => indexesIn(schemas.base, need)) : []
  const needs = [...indexes, ...named]
  const by = (side: 'theirs' | 'ours', parts: readonly Part[]) =>
    parts.map((one) => touchIn(schemas.base, schemas[side], one)).find((touch) => touch !== null)
  const change = (name: string): Touch => ({
    part: { table: name, kind: 'table', name: '' },
    did: 'changes',
    text: null,
  })
  const [{ table } = part] = named
  const our = by('ours', [part])
  if (our) return { reason, ours: our, theirs: by('theirs', needs) ?? change(table) }
  const their = by('theirs', [part])
  if (their) return { reason, theirs: their, ours: by('ours', needs) ?? change(table) }
  return {
    reason,
    theirs: by('theirs', needs) ?? change(table),
    ours: by('ours', needs) ?? change(table),
  }
}

/** What was an index of the table before, one of which is the index that lacks now. */
function indexesIn({ tables }: Schema, { table }: Part): Part[] {
  const keys = tables.get(table)?.keys ?? []
  return keys.map(({ name }) => ({ table, kind: 'index', name }))
}

/** Views that one side made or changed, of columns that the other dropped. */
function lostByViews(schemas: SchemaSides): Conflict[] {
  return (['theirs', 'ours'] as const).flatMap((side) => {
    const [dropper, other] =
      side === 'theirs' ? (['ours', schemas.ours] as const) : (['theirs', schemas.theirs] as const)
    return [...schemas[side].views.values()].flatMap(({ name, sql, uses }): Conflict[] => {
      const view = touchIn(schemas.base, schemas[side], { table: name, kind: 'view', name: '' })
      const isNew = view !== null && touchIn(schemas.base, other, view.part) === null
      const dropped = uses.flatMap((used) => droppedColumns(schemas.base, other, used))
      const lost = dropped.find(({ part }) => sql.includes(`.${quoteName(part.name)}`))
      if (!isNew || !view || !lost) return []
      const conflict = { reason: 'gone' as const, theirs: view, ours: lost }
      return [dropper === 'ours' ? conflict : { ...conflict, theirs: lost, ours: view }]
    })
  })
}

/** The columns that a table has lost; one that is gone itself is a problem of its own. */
function droppedColumns(before: Schema, after: Schema, name: string): Touch[] {
  const columns = after.tables.has(name) ? (before.tables.get(name)?.columns ?? []) : []
  return columns.flatMap((column) => {
    const touch = touchIn(before, after, { table: name, kind: 'column', name: column.name })
    return touch?.did === 'drops' ? [touch] : []
  })
}
