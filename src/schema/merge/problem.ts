import type { Column, ForeignKey, Key, Schema, Table } from '../table.ts'
import { tokenize } from '../tokens.ts'
import { charsetOf, columnOf } from './column-use.ts'
import type { ConflictReason } from './conflict.ts'
import type { Part, PartKind } from './part.ts'

/** Why a server would not take a schema: `part` is in the way, or lacks one of `needs`. */
export type Problem = {
  readonly reason: ConflictReason
  readonly part: Part
  /** What it does not go with: whichever of these was touched has brought the problem. A table whose index lacks stands for all of them. */
  readonly needs: readonly Part[]
}

/**
 * What of a schema no server would take, as far as that can be told without one: references to what is not there,
 * and rules that concern more than one part. What a server makes of an expression only a server knows.
 */
export function findProblems(schema: Schema): readonly Problem[] {
  const tables = [...schema.tables.values()]
  return [
    ...tables.flatMap((table) => [
      ...columnProblems(table),
      ...table.keys.flatMap((key) => keyProblems(table, key)),
      ...table.foreignKeys.flatMap((key) => foreignKeyProblems(schema, table, key)),
      ...partitionProblems(table),
    ]),
    ...sameNames(tables),
    ...viewProblems(schema),
  ]
}

function part(table: Table | string, kind: PartKind, name = ''): Part {
  return { table: typeof table === 'string' ? table : table.name, kind, name }
}

function columnProblems(table: Table): Problem[] {
  const counted = table.columns.filter(({ autoIncrement }) => autoIncrement)
  const [first, second] = counted
  const problems: Problem[] = []
  if (table.columns.length === 0) {
    problems.push({ reason: 'gone', part: part(table, 'table'), needs: [part(table, 'table')] })
  }
  if (first && second) {
    const needs = [part(table, 'column', first.name)]
    problems.push({ reason: 'limit', part: part(table, 'column', second.name), needs })
  }
  if (first && !table.keys.some((key) => covers(key, [first.name]))) {
    const needs = [part(table, 'table')]
    problems.push({ reason: 'index', part: part(table, 'column', first.name), needs })
  }
  return problems
}

function keyProblems(table: Table, key: Key): Problem[] {
  return key.parts.flatMap((one): Problem[] => {
    if (one.kind !== 'column') return []
    const column = columnOf(table, one.column)
    const reason = column ? misfit(key, column, one.length) : 'gone'
    const needs = [part(table, 'column', one.column)]
    return reason ? [{ reason, part: part(table, 'index', key.name), needs }] : []
  })
}

/** An index with no prefix of a column that needs one, or a primary key of what may be NULL. */
function misfit(key: Key, column: Column, length: number | null): ConflictReason | null {
  if (key.kind === 'primary' && column.nullable) return 'changed'
  const isWhole =
    (key.kind === 'primary' || key.kind === 'unique' || key.kind === 'plain') && !length
  const isLong = /^(?:(?:tiny|medium|long)?(?:text|blob)|json)\b/i.test(column.type)
  return isWhole && isLong ? 'changed' : null
}

/** Whether the index begins with these columns, in their order. */
export function covers(key: Key, columns: readonly string[]): boolean {
  if (!['primary', 'unique', 'plain'].includes(key.kind)) return false
  return columns.every((name, at) => {
    const one = key.parts[at]
    return one?.kind === 'column' && one.column.toLowerCase() === name.toLowerCase()
  })
}

/**
 * MySQL 8.4 and later want a unique key of exactly the columns that a foreign key points at; MariaDB and earlier ones take any
 * index. A foreign key that has no such key on its own side is no problem of the merge.
 */
export function isUniqueOn(key: Key, columns: readonly string[]): boolean {
  const isUnique = key.kind === 'primary' || key.kind === 'unique'
  return isUnique && key.parts.length === columns.length && covers(key, columns)
}

function foreignKeyProblems(schema: Schema, table: Table, key: ForeignKey): Problem[] {
  const own = part(table, 'foreign_key', key.name)
  const problem = (reason: ConflictReason, needs: readonly Part[]): Problem => ({
    reason,
    part: own,
    needs,
  })
  const parent = key.parentSchema === null ? schema.tables.get(key.parent) : null
  if (parent === undefined) return [problem('gone', [part(key.parent, 'table')])]
  const missing = [
    ...missingColumns(table, key.columns),
    ...(parent ? missingColumns(parent, key.parentColumns) : []),
  ]
  if (missing.length > 0) return missing.map((column) => problem('gone', [column]))
  const problems: Problem[] = []
  if (!table.keys.some((one) => covers(one, key.columns))) {
    problems.push(problem('index', [part(table, 'table')]))
  }
  if (table.partition !== null) problems.push(problem('partitions', [part(table, 'partitions')]))
  return parent ? [...problems, ...parentProblems({ table, parent, key }, problem)] : problems
}

type Reference = { readonly table: Table; readonly parent: Table; readonly key: ForeignKey }

function parentProblems(
  { table, parent, key }: Reference,
  problem: (reason: ConflictReason, needs: readonly Part[]) => Problem,
): Problem[] {
  const problems: Problem[] = []
  if (!parent.keys.some((one) => isUniqueOn(one, key.parentColumns))) {
    problems.push(problem('index', [part(parent, 'table')]))
  }
  if (parent.partition !== null) problems.push(problem('partitions', [part(parent, 'partitions')]))
  for (const [at, name] of key.columns.entries()) {
    const child = columnOf(table, name)
    const of = columnOf(parent, key.parentColumns[at] ?? '')
    if (child && of && pointerType(child, table) !== pointerType(of, parent)) {
      const needs = [part(parent, 'column', of.name), part(table, 'column', child.name)]
      problems.push(
        problem('types', [
          ...needs,
          part(parent, 'option', 'DEFAULT CHARSET'),
          part(table, 'option', 'DEFAULT CHARSET'),
        ]),
      )
    }
  }
  return problems
}

function missingColumns(table: Table, names: readonly string[]): Part[] {
  return names.filter((name) => !columnOf(table, name)).map((name) => part(table, 'column', name))
}

/** What has to be alike on both ends of a foreign key: integers by size and sign, texts by their character set. */
function pointerType(column: Column, table: Table): string {
  const type = column.type.toLowerCase()
  if (/^(?:var)?(?:char|binary)\b/.test(type)) return `text ${charsetOf(column, table)}`
  return /int\b/.test(type) ? type.replace(/\(\d+\)/, '') : type
}

function partitionProblems(table: Table): Problem[] {
  if (table.partition === null) return []
  const needs = [part(table, 'partitions')]
  const by = partitionColumns(table)
  return table.keys.flatMap(({ name, kind, parts }): Problem[] => {
    const own = part(table, 'index', name)
    if (kind === 'fulltext' || kind === 'spatial')
      return [{ reason: 'partitions', part: own, needs }]
    if (kind === 'plain') return []
    const has = parts.map((one) => (one.kind === 'column' ? one.column.toLowerCase() : ''))
    const holdsAll = by.every((column) => has.includes(column))
    return holdsAll ? [] : [{ reason: 'partitions', part: own, needs }]
  })
}

/** The columns that rows are partitioned by, in lower case: what stands before the list of the partitions. */
function partitionColumns({ partition, columns }: Table): string[] {
  const [, by = ''] = /^([\s\S]*?)(?:\(\s*(?:SUB)?PARTITION\s|$)/i.exec(partition ?? '') ?? []
  const words = new Set(
    tokenize(by)
      .filter(({ kind }) => kind === 'quoted' || kind === 'word')
      .map(({ value }) => value.toLowerCase()),
  )
  return columns.map(({ name }) => name.toLowerCase()).filter((name) => words.has(name))
}

/** InnoDB wants the names of foreign keys to be unique in a schema. */
function sameNames(tables: readonly Table[]): Problem[] {
  const seen = new Map<string, Part>()
  return tables.flatMap((table) =>
    table.foreignKeys.flatMap(({ name }): Problem[] => {
      const own = part(table, 'foreign_key', name)
      const other = seen.get(name.toLowerCase())
      seen.set(name.toLowerCase(), own)
      return other ? [{ reason: 'name', part: own, needs: [other] }] : []
    }),
  )
}

function viewProblems({ tables, views }: Schema): Problem[] {
  return [...views.values()].flatMap(({ name, uses }): Problem[] => {
    const own = part(name, 'view')
    const missing = uses.filter((used) => !tables.has(used) && !views.has(used))
    const gone = missing.map((used): Problem => {
      return { reason: 'gone', part: own, needs: [part(used, 'table'), part(used, 'view')] }
    })
    const clash: Problem = { reason: 'name', part: own, needs: [part(name, 'table')] }
    return tables.has(name) ? [clash, ...gone] : gone
  })
}
