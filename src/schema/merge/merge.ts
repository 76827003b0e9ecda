import { withRightsOf } from '../diff/diff-views.ts'
import { withKeptNames } from '../diff/generated-name.ts'
import { schemaOf } from '../parse.ts'
import { NO_RENAMES, type Renames } from '../renames.ts'
import type { Schema, Table } from '../table.ts'
import type { View } from '../view/view.ts'
import { findClashes } from './clash.ts'
import type { Conflict, SchemaSides } from './conflict.ts'
import { type Renamed, renameOurs } from './merge-rename.ts'
import { mergeTable } from './merge-table.ts'
import { type Part, partName, partsOf } from './part.ts'
import { type Touch, touchIn } from './touch.ts'

export type Merge =
  | { readonly kind: 'merged'; readonly schema: Schema }
  | { readonly kind: 'conflict'; readonly conflicts: readonly Conflict[] }

/**
 * What `ours` is when it begins from `theirs` instead of `base`: the change from `base` to `ours`, applied to
 * `theirs` part by part (columns, indexes, foreign keys, checks, options, partitions, views).
 *
 * 1. What ours left alone is as theirs has it, so a stale base never drops or takes back what somebody else did.
 * 2. It is merged only if both changes in either order give the same schema, and one that a server takes as far as
 *    that can be told without one; columns that both sides append stand in the order in which they come.
 * 3. Everything else is a conflict, named by the parts that the two sides touched.
 *
 * Triggers and the like are nobody's change: they are as theirs has them. So are the rights of a view that says nothing
 * about them.
 *
 * @param renames the columns that ours renames by a hint, so that they are no drop and addition.
 */
export function mergeSchemas(
  base: Schema,
  theirs: Schema,
  ours: Schema,
  renames: Renames = NO_RENAMES,
): Merge {
  const sides = { base: withRightsOf(base, theirs), theirs, ours: withRightsOf(ours, theirs) }
  const renamed = withOneName(renameOurs(sides, renames))
  const tables = mergeTables(renamed.sides)
  const views = mergeViews(renamed.sides)
  const unclear = new Set(renamed.conflicts.map(({ ours: { part } }) => part.table))
  // What else is found where a rename does not go through comes of that.
  const clear = tables.conflicts.filter((conflict) => !unclear.has(conflict.ours.part.table))
  const found = [...renamed.conflicts, ...clear, ...views.conflicts]
  const schema = schemaOf(tables.kept, views.kept, theirs.unmanaged)
  const conflicts = [...found, ...findClashes(renamed.sides, schema, found)]
  return conflicts.length > 0 ? { kind: 'conflict', conflicts } : { kind: 'merged', schema }
}

/** What nobody named is called as theirs calls it, which is what the server has. */
function withOneName({ sides, conflicts }: Renamed): Renamed {
  const { theirs } = sides
  const base = withKeptNames(theirs, sides.base)
  const ours = withKeptNames(base, sides.ours, new Map(), theirs)
  return { sides: { base, theirs, ours }, conflicts }
}

type Merged<T> = { readonly kept: readonly T[]; readonly conflicts: readonly Conflict[] }

function mergeTables(schemas: SchemaSides): Merged<Table> {
  const tables = eachOf(schemas, ({ tables: all }) => all)
  const kept = [...tables.kept]
  const conflicts: Conflict[] = []
  for (const name of tables.both) {
    const [base, theirs, ours] = [schemas.base, schemas.theirs, schemas.ours].map((schema) =>
      schema.tables.get(name),
    )
    if (base && theirs && ours) {
      const merged = mergeTable({ base, theirs, ours })
      kept.push(merged.table)
      conflicts.push(...merged.conflicts)
    } else {
      if (theirs) kept.push(theirs)
      conflicts.push(...asWhole(schemas, { table: name, kind: 'table', name: '' }))
    }
  }
  return { kept, conflicts }
}

/** Views are merged as a whole: what a query means nobody takes apart. */
function mergeViews(schemas: SchemaSides): Merged<View> {
  const views = eachOf(schemas, ({ views: all }) => all)
  const theirs = views.both.flatMap((name) => schemas.theirs.views.get(name) ?? [])
  return {
    kept: [...views.kept, ...theirs],
    conflicts: views.both.flatMap((name) =>
      asWhole(schemas, { table: name, kind: 'view', name: '' }),
    ),
  }
}

/** Those that are kept as one side has them, and the names of those that both touched, each in its own way. */
function eachOf<T extends { readonly sql: string }>(
  schemas: SchemaSides,
  of: (schema: Schema) => ReadonlyMap<string, T>,
): { readonly kept: readonly T[]; readonly both: readonly string[] } {
  const [base, theirs, ours] = [of(schemas.base), of(schemas.theirs), of(schemas.ours)]
  const kept: T[] = []
  const both: string[] = []
  for (const name of new Set([...base.keys(), ...theirs.keys(), ...ours.keys()])) {
    const [before, their, our] = [base.get(name), theirs.get(name), ours.get(name)]
    const isTheirs = our?.sql === before?.sql || our?.sql === their?.sql
    if (!isTheirs && their?.sql !== before?.sql) both.push(name)
    else {
      const item = isTheirs ? their : our
      if (item) kept.push(item)
    }
  }
  return { kept, both }
}

function asWhole(schemas: SchemaSides, part: Part): Conflict[] {
  const theirs = touchIn(schemas.base, schemas.theirs, part)
  const ours = touchIn(schemas.base, schemas.ours, part)
  if (!theirs || !ours) return []
  return [detailed({ reason: 'same', theirs, ours }, schemas)]
}

/** A conflict about a table as a whole says which of its parts differ, rather than quoting all of it. */
function detailed({ reason, theirs, ours }: Conflict, schemas: SchemaSides): Conflict {
  const { table, kind } = theirs.part
  if (kind === 'view')
    return { reason, theirs: { ...theirs, text: null }, ours: { ...ours, text: null } }
  const isMade = !schemas.base.tables.has(table)
  const inWords = (touch: Touch, side: Schema): Touch => {
    const before = (isMade ? schemas.theirs : schemas.base).tables.get(table)
    const after = (isMade ? schemas.ours : side).tables.get(table)
    return { ...touch, text: before && after ? differing(before, after) : null }
  }
  // What differs between two new tables is said once.
  const their = isMade ? theirs : inWords(theirs, schemas.theirs)
  return { reason, theirs: their, ours: inWords(ours, schemas.ours) }
}

const MOST_NAMED = 5

function differing(before: Table, after: Table): string {
  const [a, b] = [partsOf(before), partsOf(after)]
  const ids = [...new Set([...a.keys(), ...b.keys()])]
  const parts = ids
    .filter((id) => a.get(id)?.text !== b.get(id)?.text)
    .flatMap((id) => (b.get(id) ?? a.get(id))?.part ?? [])
  const named = parts.slice(0, MOST_NAMED).map(partName)
  const more = parts.length - named.length
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ') || 'the order of its columns'
}
