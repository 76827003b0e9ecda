import { Refusal } from '../../errors.ts'
import { fractionOf, type SharedColumn, scaleOf } from './shared-column.ts'
import type { ShapeKey, TableShape } from './table-shape.ts'

/**
 * The columns that tell a row from every other one on both sides.
 *
 * Where the change alters the unique keys, no single one of them need be unique in both tables. So the key is made of
 * two: the columns of a unique key of the source, and those that a unique key of the target has beyond them. As it
 * holds all of each, it is unique on either side, and each side finds its rows by its own index. A row whose further
 * columns change is a row with a new key: the stream tells both keys, one to delete and one to write.
 */
export type IterationKey = {
  /** First the source's index in its order, then what the target's index has beyond it. */
  readonly key: readonly SharedColumn[]
  /** How many columns of `key`, from the first on, are the source's index: rows are iterated by them alone. */
  readonly iterated: number
  /** The target's index, in its order, as places in `key`. */
  readonly targetIndex: readonly number[]
  readonly keyName: { readonly source: string; readonly target: string }
}

type Tables = {
  readonly source: TableShape
  readonly target: TableShape
  /** The columns that hold the same values on both sides, unless their type changes. */
  readonly columns: readonly SharedColumn[]
  readonly towardsOld: boolean
}

type Candidate = { readonly name: string; readonly columns: readonly SharedColumn[] }

/**
 * The best iteration key of two tables: unique keys over the same columns before those that differ, then few columns.
 *
 * @throws {Refusal} NO_UNIQUE_KEY when one side has no unique key that serves.
 */
export function findIterationKey(tables: Tables): IterationKey {
  const sources = candidates(tables, 'source')
  const targets = candidates(tables, 'target')
  const all = sources.flatMap((source) => targets.map((target) => join(source, target)))
  const best = all.toSorted((some, other) => costOf(some) - costOf(other))[0]
  if (best) return { ...best, key: best.key.map(asNumbered) }
  throw noUniqueKey(tables)
}

function candidates(tables: Tables, side: 'source' | 'target'): readonly Candidate[] {
  return tables[side].uniqueKeys
    .filter((key) => faultOf(key, tables, side) === null)
    .map((key) => ({
      name: key.name,
      columns: key.columns.flatMap((name) => findShared(tables, side, name) ?? []),
    }))
}

function join(source: Candidate, target: Candidate): IterationKey {
  const further = target.columns.filter((column) => !source.columns.includes(column))
  const key = [...source.columns, ...further]
  return {
    key,
    iterated: source.columns.length,
    targetIndex: target.columns.map((column) => key.indexOf(column)),
    keyName: { source: source.name, target: target.name },
  }
}

/** The sort is stable, and the primary key is the first of its table: it wins where the costs are equal. */
function costOf({ key, iterated, targetIndex }: IterationKey): number {
  const differs = key.length > iterated || targetIndex.length < key.length
  // The server finds a range of ENUM or SET values only by reading the whole index.
  const isSlow = NUMBERED.has(key[0]?.from.dataType ?? '')
  return Number(isSlow) * 1_000 + Number(differs) * (100 + key.length)
}

/** Types whose values are names to people, and numbers to the index, to the binlog and to us. */
const NUMBERED: ReadonlySet<string> = new Set(['enum', 'set'])

/** In a key an ENUM or SET is its number, and has neither charset nor collation. */
function asNumbered(column: SharedColumn): SharedColumn {
  if (!NUMBERED.has(column.from.dataType)) return column
  const bare = { charset: null, collation: null }
  return { from: { ...column.from, ...bare }, to: { ...column.to, ...bare } }
}

function findShared(
  { columns }: Tables,
  side: 'source' | 'target',
  name: string,
): SharedColumn | null {
  const own = side === 'source' ? 'from' : 'to'
  return columns.find((column) => column[own].name === name) ?? null
}

/** Why a unique key does not serve on its side, in words that follow its name; null when it does. */
function faultOf(key: ShapeKey, tables: Tables, side: 'source' | 'target'): string | null {
  if (key.expression) return 'indexes an expression'
  if (key.prefix) return 'indexes only the first characters of a column'
  for (const name of key.columns) {
    const fault = columnFault(name, tables, side)
    if (fault !== null) return fault
  }
  return null
}

function columnFault(name: string, tables: Tables, side: 'source' | 'target'): string | null {
  const own = tables[side].columns.find((column) => column.name === name)
  const shared = findShared(tables, side, name)
  if (own?.generated && !shared) return `has the generated column ${name}`
  if (own?.nullable) return `allows NULL in ${name}`
  if (own && !KEY_TYPES.has(own.dataType))
    return `has ${name} of type ${own.dataType.toUpperCase()}`
  const isOld = (side === 'source') !== tables.towardsOld
  if (!shared) return `has ${name}, which the change ${isOld ? 'drops' : 'adds'}`
  if (!isSameValue(shared, tables.towardsOld)) {
    return `has ${name}, whose values the change of type turns into others`
  }
  return null
}

/** Types whose values compare the same in the binlog, in a literal and on both servers. */
const KEY_TYPES: ReadonlySet<string> = new Set([
  'tinyint',
  'smallint',
  'mediumint',
  'int',
  'bigint',
  'decimal',
  'date',
  'datetime',
  'timestamp',
  'time',
  'year',
  'char',
  'varchar',
  'binary',
  'varbinary',
  'bit',
  ...NUMBERED,
])

const INTEGERS: ReadonlySet<string> = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])
const TEXT_KEYS: ReadonlySet<string> = new Set(['char', 'varchar'])
/** Not TIME: MySQL 9.7 does not find `-838:59:59` by a literal that has fewer digits than the column. */
const MOMENTS: ReadonlySet<string> = new Set(['datetime', 'timestamp'])

/**
 * Whether a value of the key stays the same value, to be found by the same literal and in the same order. Text may
 * change its collation: then it is compared by its bytes as well (`keepsOrder`). Digits may be added, not taken away.
 */
function isSameValue({ from, to }: SharedColumn, towardsOld: boolean): boolean {
  const both = (types: ReadonlySet<string>) => types.has(from.dataType) && types.has(to.dataType)
  if (both(INTEGERS) || both(TEXT_KEYS)) return true
  if (from.dataType !== to.dataType) return false
  const [before, after] = towardsOld ? [to, from] : [from, to]
  if (from.dataType === 'varbinary' || from.dataType === 'bit') return true
  if (NUMBERED.has(from.dataType)) {
    return beginsWith(from.columnType, to.columnType) || beginsWith(to.columnType, from.columnType)
  }
  if (from.dataType === 'decimal') return scaleOf(before) <= scaleOf(after)
  if (MOMENTS.has(from.dataType)) return fractionOf(before) <= fractionOf(after)
  return from.columnType === to.columnType
}

/** Whether a list of names begins with all of another one, so that each of those keeps its number. */
function beginsWith(list: string, other: string): boolean {
  const names = other.slice(0, -1)
  return list === other || list.startsWith(`${names},`)
}

function noUniqueKey(tables: Tables): Refusal {
  const [before, after] = tables.towardsOld
    ? [faultsOf(tables, 'target'), faultsOf(tables, 'source')]
    : [faultsOf(tables, 'source'), faultsOf(tables, 'target')]
  const faults =
    before === after
      ? [`before and after the change ${before}`]
      : [before && `before the change ${before}`, after && `after the change ${after}`]
  return new Refusal(
    'NO_UNIQUE_KEY',
    `The table ${tables.source.name} has no unique key by which its rows can be followed: ${faults.filter(Boolean).join('; ')}.`,
    {
      next: 'Give the table a unique key over NOT NULL columns that it has before and after this change, if need be in a deploy of its own first.',
    },
  )
}

/** Why no unique key of one side serves; null when one does. */
function faultsOf(tables: Tables, side: 'source' | 'target'): string | null {
  if (candidates(tables, side).length > 0) return null
  const keys = tables[side].uniqueKeys.map((key) => `${key.name} ${faultOf(key, tables, side)}`)
  return keys.length === 0 ? 'there is none' : keys.join(', ')
}
