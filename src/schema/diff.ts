import type { Clause } from './clause.ts'
import { collationOf, diffColumns, isCollation, mentionsAny } from './diff-columns.ts'
import { diffViews, type ViewChange } from './diff-views.ts'
import { compareNames, withSql } from './parse.ts'
import type { Key, Schema, Table, TableOption } from './table.ts'

/** The change of one table. */
export type TableChange =
  | { readonly kind: 'create'; readonly to: Table }
  | {
      readonly kind: 'alter'
      readonly from: Table
      readonly to: Table
      readonly clauses: readonly Clause[]
    }
  | { readonly kind: 'drop'; readonly from: Table }

export type SchemaChange = TableChange | ViewChange

/** Is it a view that changes? */
export function isViewChange(change: SchemaChange): change is ViewChange {
  return change.kind.endsWith('_view')
}

/** Is it a table that changes? */
export function isTableChange(change: SchemaChange): change is TableChange {
  return !isViewChange(change)
}

/** The name of the table or view that `change` is about. */
export function tableOf(change: SchemaChange): string {
  return 'to' in change ? change.to.name : change.from.name
}

/**
 * What turns `from` into `to`, in an order in which it can run: dropped views; created and changed tables, each after the
 * parents of its foreign keys and created ones first where both can be; then dropped tables, children first; then created and replaced views.
 * Nothing is guessed: a column of another name is another column.
 *
 * A table is changed by one ALTER, but for a foreign key that keeps its name and changes: the servers refuse
 * to drop and add it at once (error 1826 on MySQL 9.7 and MariaDB 10.11), so it is dropped by an ALTER of its own.
 */
export function diffSchemas(from: Schema, to: Schema): readonly SchemaChange[] {
  const wanted = byName(to)
  const created = wanted.filter(({ name }) => !from.tables.has(name))
  const kept = wanted.filter(({ name }) => from.tables.has(name))
  const dropped = byName(from).filter(({ name }) => !to.tables.has(name))
  const views = diffViews(from, to)
  return [
    ...views.dropped,
    ...parentsFirst([...created, ...kept]).flatMap((table) =>
      changesTo(table, from.tables.get(table.name)),
    ),
    ...parentsFirst(dropped)
      .toReversed()
      .map((table): TableChange => ({ kind: 'drop', from: table })),
    ...views.made,
  ]
}

function byName({ tables }: Schema): Table[] {
  return [...tables.values()].sort((a, b) => compareNames(a.name, b.name))
}

function changesTo(to: Table, from: Table | undefined): TableChange[] {
  if (!from) return [{ kind: 'create', to }]
  return from.sql === to.sql ? [] : alterations(from, to)
}

function alterations(from: Table, to: Table): TableChange[] {
  const kept = from.foreignKeys.filter((before) =>
    to.foreignKeys.every((after) => after.name !== before.name || isEqual(after, before)),
  )
  if (kept.length === from.foreignKeys.length) return [alteration(from, to)]
  const between = withSql({ ...from, foreignKeys: kept })
  return [alteration(from, between), alteration(between, to)]
}

function alteration(from: Table, to: Table): TableChange {
  const { clauses: columnClauses, replaced } = diffColumns(from, to)
  const isStale = ({ definition }: Named) => mentionsAny(definition, replaced)
  const { toggles, ...keys } = diffKeys(from.keys, to.keys, isStale)
  const foreignKeys = diffNamed(from.foreignKeys, to.foreignKeys)
  const checks = diffNamed(from.checks, to.checks, isStale)
  const periods = diffNamed(from.periods, to.periods, isStale)
  const clauses: Clause[] = [
    ...foreignKeys.dropped.map((foreignKey) => ({ kind: 'drop_foreign_key', foreignKey }) as const),
    ...checks.dropped.map((check) => ({ kind: 'drop_check', check }) as const),
    ...keys.dropped.map((key) => ({ kind: 'drop_key', key }) as const),
    ...periods.dropped.map((period) => ({ kind: 'drop_period', period }) as const),
    ...columnClauses,
    ...periods.added.map((period) => ({ kind: 'add_period', period }) as const),
    ...toggles,
    ...keys.added.map((key) => ({ kind: 'add_key', key }) as const),
    ...foreignKeys.added.map((foreignKey) => ({ kind: 'add_foreign_key', foreignKey }) as const),
    ...checks.added.map((check) => ({ kind: 'add_check', check }) as const),
    ...diffOptions(from.options, to.options),
    ...diffPartition(from.partition, to.partition),
  ]
  return { kind: 'alter', from, to, clauses }
}

type Named = { readonly name: string; readonly definition: string }

/** What must be dropped and what added. A replaced column takes what mentions it with it, so that comes back too. */
function diffNamed<T extends Named>(
  from: readonly T[],
  to: readonly T[],
  isStale: (item: T) => boolean = () => false,
): { readonly dropped: readonly T[]; readonly added: readonly T[] } {
  const stays = (item: T, others: readonly T[]) =>
    !isStale(item) && others.some((other) => isEqual(other, item))
  return {
    dropped: from.filter((item) => !stays(item, to)),
    added: to.filter((item) => !stays(item, from)),
  }
}

/**
 * A key that is dropped and added in one ALTER with another visibility keeps the one it had (MySQL 9.7 and
 * MariaDB 10.11, test/schema/diff.mysql.test.ts), so that has a clause of its own.
 */
function diffKeys(
  from: readonly Key[],
  to: readonly Key[],
  isStale: (key: Key) => boolean,
): {
  readonly dropped: readonly Key[]
  readonly added: readonly Key[]
  readonly toggles: readonly Clause[]
} {
  const { dropped, added } = diffNamed(from, to, isStale)
  const pairs = dropped.flatMap((before) => {
    const after = added.find((key) => !isStale(key) && isEqual(shown(key), shown(before)))
    return after ? [{ before, after }] : []
  })
  return {
    dropped: dropped.filter((key) => !pairs.some(({ before }) => before === key)),
    added: added.filter((key) => !pairs.some(({ after }) => after === key)),
    toggles: pairs.flatMap(({ before, after }): Clause[] => {
      const word = after.hidden ?? before.hidden
      if (!word) return []
      return [{ kind: after.hidden ? 'hide_key' : 'show_key', key: after, word }]
    }),
  }
}

function shown({ name, hidden, definition }: Key): Named {
  return { name, definition: hidden ? definition.slice(0, -hidden.length).trimEnd() : definition }
}

function isEqual(a: Named, b: Named): boolean {
  return a.name === b.name && a.definition === b.definition
}

/** Character set and collation are set together: naming the character set alone means its default collation. */
function diffOptions(from: readonly TableOption[], to: readonly TableOption[]): Clause[] {
  const recollated = collationOf(from) !== collationOf(to)
  const isSet = (option: TableOption) =>
    isCollation(option) ? recollated : !from.some((before) => isEqual(before, option))
  const isReset = (option: TableOption) =>
    !isCollation(option) && !to.some(({ name }) => name === option.name)
  return [
    ...from.filter(isReset).map((option) => ({ kind: 'reset_option', option }) as const),
    ...to.filter(isSet).map((option) => ({ kind: 'set_option', option }) as const),
  ]
}

function diffPartition(from: string | null, to: string | null): Clause[] {
  if (from === to) return []
  return to === null ? [{ kind: 'remove_partitions' }] : [{ kind: 'set_partitions', partition: to }]
}

/** Tables so that each stands after the parents of its foreign keys, as far as these make no circle. */
function parentsFirst(tables: readonly Table[]): Table[] {
  const waiting = new Map(tables.map((table) => [table.name, table]))
  const ordered: Table[] = []
  const place = (name: string) => {
    const table = waiting.get(name)
    if (!table) return
    waiting.delete(name)
    for (const { parent, parentSchema } of table.foreignKeys) if (!parentSchema) place(parent)
    ordered.push(table)
  }
  for (const { name } of tables) place(name)
  return ordered
}
