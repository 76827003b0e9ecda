import { compareNames, withSql } from '../parse.ts'
import type { ColumnRenames } from '../renames.ts'
import type { Column, ForeignKey, Schema, Table } from '../table.ts'
import type { Clause } from './clause.ts'
import {
  isTableChange,
  isViewChange,
  type SchemaChange,
  type TableChange,
  tableOf,
} from './diff.ts'
import { collationOf } from './diff-columns.ts'
import { withKeptNames } from './generated-name.ts'
import { lateDefaults } from './late-default.ts'
import { spatialKeysFirst } from './spatial-first.ts'

/**
 * The changes of `diffSchemas` so that any session can run them one after the other, also one that checks foreign keys.
 * What no single statement can do (MySQL 9.7, MariaDB 10.11, test/schema/steps.mysql.test.ts) is taken apart:
 *
 * 1. A foreign key cannot be dropped and added under one name at once (error 1826).
 * 2. The columns of both ends must fit at every moment (errors 3780, 1832 and 1833), so a foreign key between columns
 *    that change is dropped before and added after.
 * 3. A table that gets partitions has to be rid of its foreign keys before (error 1217), and the other way round (1506).
 * 4. MySQL adds one full-text key at a time to a table that it changes in place (error 1795).
 * 5. Beside a binlog MySQL adds no column with a default like `(uuid())`, but takes that default later (`lateDefaults`).
 * 6. MySQL gives no column another spatial reference system in the ALTER that drops its spatial key (`spatialKeysFirst`).
 * 7. Among new tables that refer to each other in a circle none can be first, and none among dropped ones.
 */
export function stepsOf(
  changes: readonly SchemaChange[],
  { from, to }: { readonly from: Schema; readonly to: Schema },
): readonly SchemaChange[] {
  const tables = changes.filter(isTableChange)
  const plan = planKeys(tables, from)
  const names = [...new Set([...plan.early.keys(), ...plan.late.keys()])].sort(compareNames)
  const main = tables
    .flatMap((change) => mainStep(change, plan))
    .flatMap(spatialKeysFirst)
    .flatMap(lateDefaults)
    .flatMap(oneFulltextEach)
  const views = changes.filter(isViewChange)
  const after = names.length === 0 ? to : withKeptNames(from, to, renamesIn(tables))
  return [
    ...views.filter(({ kind }) => kind === 'drop_view'),
    ...names.flatMap((name) => stepBefore(from.tables.get(name), plan)),
    ...main.filter(({ kind }) => kind !== 'drop'),
    ...names.flatMap((name) => stepAfter(after.tables.get(name), plan)),
    ...main.filter(({ kind }) => kind === 'drop'),
    ...views.filter(({ kind }) => kind !== 'drop_view'),
  ]
}

function renamesIn(changes: readonly TableChange[]): ReadonlyMap<string, ColumnRenames> {
  const pairs = (clause: Clause) =>
    clause.kind === 'modify_column' && clause.from.name !== clause.to.name
      ? [[fold(clause.from.name), clause.to.name] as const]
      : []
  const altered = changes.filter((change) => change.kind === 'alter')
  return new Map(altered.map(({ to, clauses }) => [to.name, new Map(clauses.flatMap(pairs))]))
}

/** By table, the names of foreign keys in lower case. */
type KeyNames = Map<string, Set<string>>

/** The foreign keys that are dropped before all else, and those that are added after. */
type KeyPlan = { readonly early: KeyNames; readonly late: KeyNames }

/** Where among all changes a table's is. */
type Places = ReadonlyMap<string, { readonly change: TableChange; readonly at: number }>

function planKeys(changes: readonly TableChange[], from: Schema): KeyPlan {
  const places: Places = new Map(changes.map((change, at) => [tableOf(change), { change, at }]))
  const plan: KeyPlan = { early: new Map(), late: new Map() }
  for (const table of from.tables.values()) planFormerKeys(table, places, plan)
  for (const { change, at } of places.values()) {
    if (change.kind === 'drop') continue
    for (const key of addedKeys(change)) {
      const parent = parentOf(key, places)
      const isOwn = parent?.change === change && change.kind === 'alter'
      const isLater = (parent?.at ?? at) > at
      if (isLater || isOwn || isPartitioned(change)) put(plan.late, change.to.name, key)
    }
  }
  return plan
}

function planFormerKeys(table: Table, places: Places, { early, late }: KeyPlan): void {
  const place = places.get(table.name)
  for (const key of table.foreignKeys) {
    const parent = parentOf(key, places)
    if (place && !stays(key, place.change)) {
      const isTooLate = (parent?.at ?? place.at) < place.at
      const isApart = comesBack(key, place.change) || isPartitioned(place.change)
      if (isTooLate || isApart) put(early, table.name, key)
      continue
    }
    const ends = [touches(place?.change, key.columns), touches(parent?.change, key.parentColumns)]
    if (!ends.includes(true)) continue
    put(early, table.name, key)
    put(late, table.name, key)
  }
}

/** No table has both partitions and foreign keys, on MariaDB not even while it gets the ones and loses the others. */
function isPartitioned(change: TableChange): boolean {
  return change.kind === 'alter' && change.to.partition !== change.from.partition
}

function comesBack(key: ForeignKey, change: TableChange): boolean {
  return addedKeys(change).some(({ name }) => fold(name) === fold(key.name))
}

function parentOf({ parent, parentSchema }: ForeignKey, places: Places) {
  return parentSchema === null ? places.get(parent) : undefined
}

function put(keys: KeyNames, table: string, { name }: ForeignKey): void {
  keys.set(table, (keys.get(table) ?? new Set()).add(fold(name)))
}

function has(keys: KeyNames, table: string, { name }: ForeignKey): boolean {
  return keys.get(table)?.has(fold(name)) ?? false
}

function addedKeys(change: TableChange): readonly ForeignKey[] {
  if (change.kind === 'create') return change.to.foreignKeys
  if (change.kind === 'drop') return []
  return change.clauses.flatMap((clause) =>
    clause.kind === 'add_foreign_key' ? [clause.foreignKey] : [],
  )
}

function stays({ name }: ForeignKey, change: TableChange): boolean {
  if (change.kind !== 'alter') return false
  return !change.clauses.some(
    (clause) => clause.kind === 'drop_foreign_key' && clause.foreignKey.name === name,
  )
}

/** Does the change give one of these columns another type, so that what it is compared with must change too? */
function touches(change: TableChange | undefined, columns: readonly string[]): boolean {
  if (change?.kind !== 'alter') return false
  const recollated = collationOf(change.from.options) !== collationOf(change.to.options)
  const names = new Set(columns.map(fold))
  return change.clauses.some((clause) => {
    if (clause.kind === 'drop_column') return names.has(fold(clause.column.name))
    if (clause.kind !== 'modify_column' || !names.has(fold(clause.from.name))) return false
    const isRenamed = clause.from.name !== clause.to.name && change.clauses.some(rebuilds)
    if (isRenamed || isRetyped(clause.from, clause.to)) return true
    return recollated && clause.to.inheritsCollation
  })
}

/** MariaDB renames no column of a foreign key while it copies the table, as it does for these (error 1846). */
function rebuilds(clause: Clause): boolean {
  if (clause.kind === 'modify_column') return clause.to.generated !== null
  return clause.kind === 'add_check' || clause.kind === 'drop_check'
}

function isRetyped(from: Column, to: Column): boolean {
  const charset = ({ definition }: Column) =>
    definition.match(/ (?:CHARACTER SET|COLLATE) \w+/g)?.join('')
  return from.type !== to.type || from.nullable !== to.nullable || charset(from) !== charset(to)
}

/** The table without the foreign keys that are in `keys`. */
function without(table: Table, keys: KeyNames): Table {
  if (!keys.has(table.name)) return table
  return withSql({
    ...table,
    foreignKeys: table.foreignKeys.filter((key) => !has(keys, table.name, key)),
  })
}

function stepBefore(from: Table | undefined, { early }: KeyPlan): TableChange[] {
  if (!from || !early.has(from.name)) return []
  const clauses = from.foreignKeys
    .filter((key) => has(early, from.name, key))
    .map((foreignKey) => ({ kind: 'drop_foreign_key', foreignKey }) as const)
  return [{ kind: 'alter', from, to: without(from, early), clauses }]
}

function mainStep(change: TableChange, { early, late }: KeyPlan): TableChange[] {
  if (change.kind === 'create') return [{ kind: 'create', to: without(change.to, late) }]
  if (change.kind === 'drop') return [{ kind: 'drop', from: without(change.from, early) }]
  const clauses = change.clauses.filter((clause) => {
    if (clause.kind === 'drop_foreign_key') return !has(early, change.to.name, clause.foreignKey)
    return clause.kind !== 'add_foreign_key' || !has(late, change.to.name, clause.foreignKey)
  })
  const [from, to] = [without(change.from, early), without(change.to, late)]
  return clauses.length === 0 ? [] : [{ kind: 'alter', from, to, clauses }]
}

/** The full-text keys after the first one are added by themselves. */
function oneFulltextEach(change: TableChange): TableChange[] {
  if (change.kind !== 'alter') return [change]
  const { from, to, clauses } = change
  const [, ...later] = clauses.flatMap((clause) =>
    clause.kind === 'add_key' && clause.key.kind === 'fulltext' ? [clause] : [],
  )
  if (later.length === 0) return [change]
  const withoutKeys = (missing: typeof later) =>
    withSql({ ...to, keys: to.keys.filter((key) => !missing.some((clause) => clause.key === key)) })
  const first = clauses.filter((clause) => !later.some((other) => other === clause))
  return [
    { kind: 'alter', from, to: withoutKeys(later), clauses: first },
    ...later.map((clause, at): TableChange => {
      const [before, after] = [withoutKeys(later.slice(at)), withoutKeys(later.slice(at + 1))]
      return { kind: 'alter', from: before, to: after, clauses: [clause] }
    }),
  ]
}

function stepAfter(to: Table | undefined, { late }: KeyPlan): TableChange[] {
  if (!to || !late.has(to.name)) return []
  const clauses = to.foreignKeys
    .filter((key) => has(late, to.name, key))
    .map((foreignKey) => ({ kind: 'add_foreign_key', foreignKey }) as const)
  return [{ kind: 'alter', from: without(to, late), to, clauses }]
}

function fold(name: string): string {
  return name.toLowerCase()
}
