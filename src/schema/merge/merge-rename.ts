import { parseTable, schemaOf, withSql } from '../parse.ts'
import type { Renames } from '../renames.ts'
import { quoteName, type Schema, type Table } from '../table.ts'
import { isKeyword, isSymbol, type Token, tokenize } from '../tokens.ts'
import { columnId, columnOf, usesColumn } from './column-use.ts'
import type { Conflict, SchemaSides } from './conflict.ts'
import { partsOf } from './part.ts'
import { type Touch, touchOf } from './touch.ts'

/** The sides under the names that ours gives: renames are part of no difference any more. */
export type Renamed = { readonly sides: SchemaSides; readonly conflicts: readonly Conflict[] }

/**
 * Gives the columns of base and theirs the names that ours renames them to. Everything that theirs did to such a
 * column conflicts: a statement that calls it by its old name cannot run after the rename.
 *
 * A rename that theirs has made already is nothing here: then the column has its new name on both sides.
 */
export function renameOurs(sides: SchemaSides, renames: Renames): Renamed {
  const found = [...renames].flatMap(([table, names]) =>
    [...names].flatMap(([to, from]) => one(sides, { table, to, from })),
  )
  const conflicts = found.flatMap(({ conflict }) => conflict ?? [])
  const clean = found.filter(({ conflict }) => conflict === null).map(({ rename }) => rename)
  const apply = (schema: Schema) =>
    clean.length === 0
      ? schema
      : schemaOf(
          [...schema.tables.values()].map((table) => renameIn(table, clean)),
          [...schema.views.values()],
          schema.unmanaged,
        )
  return { sides: { ...sides, base: apply(sides.base), theirs: apply(sides.theirs) }, conflicts }
}

type Rename = { readonly table: string; readonly to: string; readonly from: string }
type Found = { readonly rename: Rename; readonly conflict: Conflict | null }

/** A rename of ours that theirs does not have yet, and what is in its way. */
function one(sides: SchemaSides, rename: Rename): Found[] {
  const { table, to, from } = rename
  const of = (side: keyof SchemaSides) => sides[side].tables.get(table) ?? null
  const has = (side: keyof SchemaSides, name: string) => {
    const found = of(side)
    return found !== null && columnOf(found, name) !== null
  }
  const isOurs = has('base', from) && !has('base', to) && has('ours', to) && !has('ours', from)
  if (!isOurs) return []
  if (has('theirs', to) && !has('theirs', from)) return []
  const ours: Touch = { part: { table, kind: 'column', name: from }, did: 'renames', text: to }
  const theirs = inTheWay(of('base'), of('theirs'), rename)
  return [{ rename, conflict: theirs && { reason: 'renamed', theirs, ours } }]
}

/** What theirs did to the column, to a part that uses it, or to the name that it is to have. */
function inTheWay(base: Table | null, theirs: Table | null, { to, from }: Rename): Touch | null {
  if (!base || !theirs) return null
  const [before, after] = [partsOf(base), partsOf(theirs)]
  const touched = [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const touch = touchOf(before.get(id), after.get(id))
    return touch ? [{ id, touch }] : []
  })
  const hit = touched.find(({ id, touch }) => {
    if (id === columnId(from) || id === columnId(to)) return true
    const defined = after.get(id)
    return touch.did !== 'drops' && defined !== undefined && usesColumn(theirs, defined, from)
  })
  return hit?.touch ?? null
}

/** `table` under the new names, with everything in it that names a renamed column. */
function renameIn(table: Table, renames: readonly Rename[]): Table {
  const own = namesFor(renames, table.name)
  const isParent = table.foreignKeys.some(({ parent }) => namesFor(renames, parent).size > 0)
  if (own.size === 0 && !isParent) return table
  const within = <T extends { readonly definition: string }>(item: T, from: string | null): T => ({
    ...item,
    definition: replaced(item.definition, own, from),
  })
  const foreignKeys = table.foreignKeys.map((key) => {
    const parents = namesFor(renames, key.parent)
    const at = key.definition.indexOf(' REFERENCES ')
    return {
      ...key,
      columns: key.columns.map((name) => own.get(name.toLowerCase()) ?? name),
      parentColumns: key.parentColumns.map((name) => parents.get(name.toLowerCase()) ?? name),
      definition:
        replaced(key.definition.slice(0, at), own, 'KEY') +
        replaced(key.definition.slice(at), parents, null),
    }
  })
  const { sql } = withSql({
    ...table,
    columns: table.columns.map((column) => ({
      ...within(column, null),
      name: own.get(column.name.toLowerCase()) ?? column.name,
    })),
    keys: table.keys.map((key) => within(key, '(')),
    checks: table.checks.map((check) => within(check, 'CHECK')),
    periods: table.periods.map((period) => within(period, null)),
    partition: table.partition === null ? null : replaced(table.partition, own, null),
    foreignKeys,
  })
  const checks = table.checks.map((check) => within(check, 'CHECK'))
  return { ...parseTable(sql), foreignKeys, checks }
}

/** Old name in lower case → new name. */
function namesFor(renames: readonly Rename[], table: string): ReadonlyMap<string, string> {
  const ofTable = renames.filter((rename) => rename.table === table)
  return new Map(ofTable.map(({ from, to }) => [from.toLowerCase(), to]))
}

/** The text with its names replaced; those before the first token `from` are names of something else. */
function replaced(text: string, names: ReadonlyMap<string, string>, from: string | null): string {
  if (names.size === 0) return text
  const tokens = tokenize(text)
  const starts = (token: Token) => from === null || isKeyword(token, from) || isSymbol(token, from)
  const first = tokens.findIndex(starts)
  let result = ''
  let at = 0
  for (const token of first === -1 ? [] : tokens.slice(first)) {
    const name = token.kind === 'quoted' ? names.get(token.value.toLowerCase()) : undefined
    if (name === undefined) continue
    result += text.slice(at, token.start) + quoteName(name)
    at = token.end
  }
  return result + text.slice(at)
}
