import { compareNames, schemaOf, withSql } from '../parse.ts'
import { type ColumnRenames, withRenamedKeys } from '../renames.ts'
import { meaningOf } from '../spelling/meaning.ts'
import { type Check, type ForeignKey, quoteName, type Schema, type Table } from '../table.ts'

/**
 * `to` with the names that `from` has for the constraints that nobody named. Their server counted them (`t_chk_2` on MySQL,
 * `CONSTRAINT_2` on MariaDB, `t_ibfk_2` of foreign keys), so their numbers tell in which order they came and nothing else:
 * equal ones are the same, whatever their numbers. One that is new gets a free number when its own is taken by another.
 *
 * @param renames the columns that are renamed, by table: a foreign key follows them.
 * @param beside what somebody else makes of `from` at the same time: its new names are not free either, and what both add is
 * the same.
 */
export function withKeptNames(
  from: Schema,
  to: Schema,
  renames: ReadonlyMap<string, ColumnRenames> = new Map(),
  beside: Schema | null = null,
): Schema {
  const changed = new Map<string, Table>()
  for (const table of to.tables.values()) {
    const before = from.tables.get(table.name)
    if (!before || before.sql === table.sql || !hasGenerated(table)) continue
    const former = { ...before, foreignKeys: withRenamedKeys(before, renames).foreignKeys }
    const kept = withNamesOf(former, table, beside?.tables.get(table.name) ?? null)
    if (kept !== table) changed.set(table.name, kept)
  }
  if (changed.size === 0) return to
  const tables = [...to.tables.values()].map((table) => changed.get(table.name) ?? table)
  return schemaOf(tables, [...to.views.values()], to.unmanaged)
}

type Constraint = Check | ForeignKey

function hasGenerated({ name, checks, foreignKeys }: Table): boolean {
  return (
    checks.some((check) => stemOf(name, check) !== null) ||
    foreignKeys.some((key) => stemOf(name, key) !== null)
  )
}

function withNamesOf(from: Table, to: Table, beside: Table | null): Table {
  const checks = renumbered(to.name, withNew(from.checks, beside?.checks), to.checks)
  const keys = withNew(from.foreignKeys, beside?.foreignKeys)
  const foreignKeys = renumbered(to.name, keys, to.foreignKeys)
  if (!checks && !foreignKeys) return to
  return withSql({
    ...to,
    checks: checks ?? to.checks,
    foreignKeys: foreignKeys ?? to.foreignKeys,
  })
}

type Known<T> = {
  readonly all: readonly T[]
  /** Those of all that only the others have: nobody else may take their names. */
  readonly theirs: readonly T[]
}

function withNew<T extends Constraint>(from: readonly T[], beside: readonly T[] = []): Known<T> {
  const names = new Set(from.map(({ name }) => fold(name)))
  const theirs = beside.filter(({ name }) => !names.has(fold(name)))
  return { all: [...from, ...theirs], theirs }
}

/** The constraints under their new names, in the order of these; null when all have the names that they had. */
function renumbered<T extends Constraint>(
  table: string,
  known: Known<T>,
  to: readonly T[],
): T[] | null {
  const isCounted = (item: T) => stemOf(table, item) !== null
  const names = pairedNames(known.all.filter(isCounted), to.filter(isCounted))
  const isOpen = (item: T) => isCounted(item) && !names.has(item)
  const settled = to.filter((item) => !isOpen(item)).map((item) => names.get(item) ?? item.name)
  const taken = new Set([...settled, ...known.theirs.map(({ name }) => name)].map(fold))
  const open = to.filter(isOpen)
  const used = new Set([...taken, ...[...known.all, ...open].map(({ name }) => fold(name))])
  for (const item of open) {
    if (!taken.has(fold(item.name))) continue
    const name = freeName(stemOf(table, item) ?? '', used)
    used.add(fold(name))
    names.set(item, name)
  }
  if ([...names].every(([item, name]) => item.name === name)) return null
  return to
    .map((item) => named(item, names.get(item) ?? item.name))
    .toSorted((a, b) => compareNames(a.name, b.name))
}

/** The constraints of `to` that `from` has too, with their names there: those that have kept theirs first. */
function pairedNames<T extends Constraint>(from: readonly T[], to: readonly T[]): Map<T, string> {
  const names = new Map<T, string>()
  const left = new Set(from)
  for (const isSame of [isEqual, isLike]) {
    for (const item of to) {
      if (names.has(item)) continue
      const before = [...left].find((other) => isSame(other, item))
      if (!before) continue
      left.delete(before)
      names.set(item, before.name)
    }
  }
  return names
}

function isEqual(a: Constraint, b: Constraint): boolean {
  return fold(a.name) === fold(b.name) && isLike(a, b)
}

/** Equal but for their names. */
function isLike(a: Constraint, b: Constraint): boolean {
  return nameless(a) === nameless(b)
}

function nameless({ name, definition }: Constraint): string {
  return meaningOf(definition.replace(quoteName(name), ''))
}

function named<T extends Constraint>(item: T, name: string): T {
  if (item.name === name) return item
  const definition = item.definition.replace(quoteName(item.name), () => quoteName(name))
  return { ...item, name, serverName: name, definition }
}

/** What stands before the number of a name that a server made up; null for the name that a person gave. */
function stemOf(table: string, item: Constraint): string | null {
  const { name } = item
  const stem = name.replace(/\d+$/, '')
  if (stem === name) return null
  if ('parent' in item) return fold(stem) === fold(`${table}_ibfk_`) ? stem : null
  return [fold(`${table}_chk_`), 'constraint_'].includes(fold(stem)) ? stem : null
}

function freeName(stem: string, used: ReadonlySet<string>): string {
  let number = 1
  while (used.has(fold(`${stem}${number}`))) number += 1
  return `${stem}${number}`
}

function fold(name: string): string {
  return name.toLowerCase()
}
