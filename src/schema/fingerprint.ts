import { createHash } from 'node:crypto'
import { columnOf, shapeOf } from './merge/column-use.ts'
import { columnText } from './merge/part.ts'
import { covers, isUniqueOn } from './merge/problem.ts'
import { compareNames, schemaOf, schemaToSql } from './parse.ts'
import { type ForeignKey, quoteName, type Schema } from './table.ts'
import type { View } from './view/view.ts'

/**
 * A schema's hash, in hex: equal exactly for schemas with equal tables and views, in whatever order they and keys were
 * made. Only schemas read from servers of one family and version can be equal.
 */
export function fingerprintSchema(schema: Schema): string {
  const sorted = schemaOf([...schema.tables.values()], [...schema.views.values()])
  return hashOf(Object.entries(schemaToSql(sorted)))
}

/**
 * The hash of what in `live` decides what a change of `touched` tables and views to `wanted` does, in hex:
 *
 * 1. what is touched, as it is;
 * 2. the foreign keys of other tables that point at it;
 * 3. of other tables that its foreign keys point at, now or then: the columns, and whether an index or a unique key is theirs;
 * 4. the views that read it, also through others;
 * 5. of what its views read: whether it is there, and which of their columns.
 *
 * Everything else may change without any effect on the change, and is no part of the hash.
 */
export function fingerprintAround(
  touched: readonly string[],
  { live, wanted }: { readonly live: Schema; readonly wanted: Schema },
): string {
  const names = new Set(touched)
  const facts = [
    ...[...names].map((name) => ['is', name, definitionIn(live, name)]),
    ...children(live, names),
    ...[live, wanted].flatMap((schema) => parents(schema, names, live)),
    ...usersOf(live, names).map(({ name, sql }) => ['reads', name, sql]),
    ...[live, wanted].flatMap((schema) => usedBy(schema, names, live)),
  ]
  return hashOf([...new Set(facts.map((fact) => JSON.stringify(fact)))].sort(compareNames))
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}

function definitionIn({ tables, views }: Schema, name: string): string | null {
  return (tables.get(name) ?? views.get(name))?.sql ?? null
}

type Fact = readonly unknown[]
type Names = ReadonlySet<string>

function children({ tables }: Schema, names: Names): Fact[] {
  return [...tables.values()].flatMap((table) => {
    if (names.has(table.name)) return []
    const keys = table.foreignKeys.filter(
      (key) => key.parentSchema === null && names.has(key.parent),
    )
    return keys.map(({ definition }) => ['points', table.name, definition])
  })
}

function parents({ tables }: Schema, names: Names, live: Schema): Fact[] {
  return [...tables.values()].flatMap((table) => {
    if (!names.has(table.name)) return []
    const keys = table.foreignKeys.filter(
      (key) => key.parentSchema === null && !names.has(key.parent),
    )
    return keys.map((key) => parentFact(key, live))
  })
}

function parentFact({ parent, parentColumns }: ForeignKey, live: Schema): Fact {
  const table = live.tables.get(parent)
  if (!table) return ['pointed at', parent, null]
  const columns = parentColumns.map((name) => {
    const column = columnOf(table, name)
    return column && [column.name, shapeOf(column, table, columnText(column, table))]
  })
  const isIndexed = table.keys.some((key) => covers(key, parentColumns))
  const isUnique = table.keys.some((key) => isUniqueOn(key, parentColumns))
  return ['pointed at', parent, columns, isIndexed, isUnique]
}

/** The other views that read one of these, also through each other. */
function usersOf({ views }: Schema, names: Names): View[] {
  const reached = new Set(names)
  const found: View[] = []
  for (let before = -1; before < found.length; ) {
    before = found.length
    for (const view of views.values()) {
      if (reached.has(view.name) || !view.uses.some((name) => reached.has(name))) continue
      reached.add(view.name)
      found.push(view)
    }
  }
  return found
}

function usedBy({ views }: Schema, names: Names, live: Schema): Fact[] {
  return [...views.values()].flatMap(({ name, sql, uses }) => {
    const others = names.has(name) ? uses.filter((used) => !names.has(used)) : []
    return others.map((used) => {
      const columns = live.tables.get(used)?.columns ?? []
      const named = columns.filter((column) => sql.includes(`.${quoteName(column.name)}`))
      return [
        'is read',
        used,
        live.views.has(used),
        named.map((column) => column.name).sort(compareNames),
      ]
    })
  })
}
