import { compareNames } from '../parse.ts'
import { NO_RENAMES, openRenames, type Renames } from '../renames.ts'
import type { Schema, Table } from '../table.ts'
import type { Clause } from './clause.ts'
import { diffTables, type TableRenames } from './diff-table.ts'
import { diffViews, type ViewChange } from './diff-views.ts'
import { withKeptNames } from './generated-name.ts'

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
 * What turns `from` into `to`, one change for each table, in an order in which it can run wherever there is one: dropped
 * views; created and changed tables, each after the parents of its foreign keys and created ones first where both can be;
 * then dropped tables, children first; then created and replaced views.
 * Nothing is guessed: a column of another name is another column, unless `renames` say that it was renamed. A constraint that
 * nobody named keeps the name that its server made up for it, so `to` of a change can have other ones than `to` here.
 *
 * An engine that swaps tables can run each change as it is. A person's session cannot where foreign keys are in the way:
 * `steps.ts` takes the changes apart for that.
 */
export function diffSchemas(
  from: Schema,
  to: Schema,
  renames: Renames = NO_RENAMES,
): readonly SchemaChange[] {
  const open = openRenames(from, to, renames)
  const wanted = byName(withKeptNames(from, to, open))
  const created = wanted.filter(({ name }) => !from.tables.has(name))
  const kept = wanted.filter(({ name }) => from.tables.has(name))
  const dropped = byName(from).filter(({ name }) => !to.tables.has(name))
  const views = diffViews(from, to)
  const formerChildren = childrenThatLeave(from, to)
  return [
    ...views.dropped,
    ...inOrder([...created, ...kept], (table) => [
      ...parentsOf(table),
      ...(formerChildren.get(table.name) ?? []),
    ]).flatMap((table) => changesTo(table, from.tables.get(table.name), open)),
    ...inOrder(dropped, parentsOf)
      .toReversed()
      .map((table): TableChange => ({ kind: 'drop', from: table })),
    ...views.made,
  ]
}

function byName({ tables }: Schema): Table[] {
  return [...tables.values()].sort((a, b) => compareNames(a.name, b.name))
}

function changesTo(to: Table, from: Table | undefined, renames: TableRenames): TableChange[] {
  if (!from) return [{ kind: 'create', to }]
  if (from.sql === to.sql) return []
  const clauses = diffTables(from, to, renames)
  // A child needs no word about a parent's column that only gets another name.
  return clauses.length === 0 ? [] : [{ kind: 'alter', from, to, clauses }]
}

function parentsOf({ foreignKeys }: Table): readonly string[] {
  return foreignKeys.flatMap(({ parent, parentSchema }) => (parentSchema === null ? [parent] : []))
}

/** Parent → the tables that cease to refer to it: what they referred to may go with the same deployment. */
function childrenThatLeave(from: Schema, to: Schema): ReadonlyMap<string, readonly string[]> {
  const left = new Map<string, string[]>()
  for (const table of from.tables.values()) {
    const after = to.tables.get(table.name)
    const stay = new Set(after ? parentsOf(after) : parentsOf(table))
    for (const parent of parentsOf(table)) {
      if (!stay.has(parent)) left.set(parent, [...(left.get(parent) ?? []), table.name])
    }
  }
  return left
}

/** Tables so that each stands after those it waits for, as far as these make no circle. */
function inOrder(tables: readonly Table[], after: (table: Table) => readonly string[]): Table[] {
  const waiting = new Map(tables.map((table) => [table.name, table]))
  const ordered: Table[] = []
  const place = (name: string) => {
    const table = waiting.get(name)
    if (!table) return
    waiting.delete(name)
    for (const other of after(table)) place(other)
    ordered.push(table)
  }
  for (const { name } of tables) place(name)
  return ordered
}
