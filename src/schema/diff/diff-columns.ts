import type { ColumnRenames } from '../renames.ts'
import { type Column, quoteName, type Table, type TableOption } from '../table.ts'
import type { Clause, ColumnPosition } from './clause.ts'

export type ColumnsDiff = {
  /** Drops first, then the columns of the new table in its order. */
  readonly clauses: readonly Clause[]
  /** Columns that are dropped and added again under the same name, in both spellings of it. */
  readonly replaced: ReadonlySet<string>
}

/** Column names do not tell upper from lower case, so `Total` and `total` are one column; so are old and new name of a renamed one. */
export function diffColumns(
  from: Table,
  to: Table,
  renames: ColumnRenames = new Map(),
): ColumnsDiff {
  const identity = ({ name }: Column) => fold(renames.get(fold(name)) ?? name)
  const before = new Map(from.columns.map((column) => [identity(column), column]))
  const after = byName(to.columns)
  const replaced = findReplaced(from.columns, (column) => after.get(identity(column)))
  const stays = (column: Column | undefined) => !column || !replaced.has(column)
  const staying = from.columns.filter((column) => after.has(identity(column)) && stays(column))
  const inPlace = findInPlace(staying.map(identity), to.columns)
  const recollated = collationOf(from.options) !== collationOf(to.options)
  const lastInPlace = to.columns.findLastIndex(({ name }) => inPlace.has(fold(name)))
  const own = to.options.find(({ name }) => name === 'COLLATE')?.value ?? ''
  const isSame = (one: Column, other: Column) =>
    isEqual(one, other) ||
    (!recollated && one.name === other.name && withoutOwn(one, own) === withoutOwn(other, own))
  const clauseOf = (column: Column, at: number): Clause | null => {
    const previous = before.get(fold(column.name))
    if (!previous || !stays(previous)) {
      const position = at > lastInPlace ? AT_DEFAULT : positionOf(to.columns, at)
      return { kind: 'add_column', column, position }
    }
    const moved = !inPlace.has(fold(column.name))
    const inherits = recollated && column.inheritsCollation
    if (!moved && !inherits && isSame(previous, column)) return null
    const position = moved ? positionOf(to.columns, at) : AT_DEFAULT
    return { kind: 'modify_column', from: previous, to: column, position }
  }
  const clauses = to.columns.map(clauseOf).filter((clause) => clause !== null)
  const drops = from.columns.filter((column) => !staying.includes(column))
  return {
    clauses: [...drops.map((column) => ({ kind: 'drop_column', column }) as const), ...clauses],
    replaced: new Set(
      [...replaced].flatMap((column) =>
        [column.name, after.get(identity(column))?.name ?? []].flat(),
      ),
    ),
  }
}

/** The definition without a collation of the column's own that is the table's, which changes nothing. */
function withoutOwn({ type, definition }: Column, tableCollation: string): string {
  const rest = definition.slice(type.length)
  const [named = '', collation] = /^ CHARACTER SET \w+ COLLATE (\w+)/.exec(rest) ?? []
  return collation === tableCollation ? type + rest.slice(named.length) : definition
}

/** Does a canonical definition name one of these columns? Names are always in backticks there. */
export function mentionsAny(definition: string, columns: ReadonlySet<string>): boolean {
  return [...columns].some((name) => definition.includes(quoteName(name)))
}

/** A table's character set and collation, as text to compare. */
export function collationOf(options: readonly TableOption[]): string {
  return options
    .filter(isCollation)
    .map(({ definition }) => definition)
    .join(' ')
}

export function isCollation({ name }: TableOption): boolean {
  return name === 'DEFAULT CHARSET' || name === 'COLLATE'
}

const AT_DEFAULT: ColumnPosition = { kind: 'default' }

function positionOf(columns: readonly Column[], at: number): ColumnPosition {
  const previous = columns[at - 1]
  return previous ? { kind: 'after', column: previous.name } : { kind: 'first' }
}

function isEqual(a: Column, b: Column): boolean {
  return a.name === b.name && a.definition === b.definition
}

function fold(name: string): string {
  return name.toLowerCase()
}

function byName(columns: readonly Column[]): Map<string, Column> {
  return new Map(columns.map((column) => [fold(column.name), column]))
}

/**
 * The columns that no MODIFY can change: those that become virtual or cease to be (errors 3106 on MySQL 9.7 and 1907 on
 * MariaDB 10.11), and those of types that MariaDB does not turn into each other (error 4078). A generated column that is computed from one of them cannot stay while that is gone.
 */
function findReplaced(
  columns: readonly Column[],
  next: (column: Column) => Column | undefined,
): ReadonlySet<Column> {
  const becomes = (column: Column) => next(column)?.generated
  const crosses = (column: Column) => {
    const after = next(column)
    if (!after) return false
    const isVirtual = after.generated === 'virtual'
    return isVirtual !== (column.generated === 'virtual') || !converts(column.type, after.type)
  }
  const staysComputed = (column: Column) => column.generated !== null && Boolean(becomes(column))
  const replaced = new Set(columns.filter(crosses))
  let found = -1
  while (found < replaced.size) {
    found = replaced.size
    const names = new Set([...replaced].map(({ name }) => name))
    for (const column of columns) {
      if (staysComputed(column) && mentionsAny(column.definition, names)) replaced.add(column)
    }
  }
  return replaced
}

/** Types that only texts and bytes become, and that become only these or others of their kind. */
const APART: readonly RegExp[] = [
  /^uuid$/i,
  /^inet4$/i,
  /^inet6$/i,
  /^(?:geometry|point|linestring|polygon|multi\w+|geom\w*collection)$/i,
]
const TEXTS = /^(?:(?:var)?(?:char|binary)|(?:tiny|medium|long)?(?:text|blob)|enum|set|json)\b/i

function converts(from: string, to: string): boolean {
  const [before, after] = [from, to].map((type) => APART.findIndex((kind) => kind.test(type)))
  if (before === after) return true
  return (before === -1 || TEXTS.test(to)) && (after === -1 || TEXTS.test(from))
}

/** The largest set of columns whose order is already right; only the others have to move. */
function findInPlace(staying: readonly string[], target: readonly Column[]): ReadonlySet<string> {
  const indexes = new Map(target.map(({ name }, at) => [fold(name), at]))
  return new Set(longestRising(staying, (name) => indexes.get(name) ?? 0))
}

/** A longest subsequence whose values rise, by patience sorting. */
function longestRising(items: readonly string[], rank: (item: string) => number): string[] {
  type Node = { readonly item: string; readonly value: number; readonly previous: Node | null }
  const ends: Node[] = []
  for (const item of items) {
    const value = rank(item)
    const found = ends.findIndex((end) => end.value >= value)
    const at = found === -1 ? ends.length : found
    ends[at] = { item, value, previous: ends[at - 1] ?? null }
  }
  const rising: string[] = []
  for (let node = ends.at(-1) ?? null; node; node = node.previous) rising.unshift(node.item)
  return rising
}
