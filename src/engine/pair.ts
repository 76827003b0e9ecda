import { Refusal } from '../errors.ts'
import type { ShapeColumn, ShapeKey, TableShape } from './table-shape.ts'

/** A column that both tables have; the names differ when the change renames it. */
export type SharedColumn = { readonly from: ShapeColumn; readonly to: ShapeColumn }

/**
 * How a changed row is written to the target.
 *
 * - `replace`: REPLACE. Right only if no unique key of the target can hit a row that is not the same row, and if it has
 *   no FULLTEXT index: a REPLACE of two rows leaves the first out of it (MySQL 9.7, test/engine/mysql/shapes.mysql.test.ts).
 * - `delete_insert`: the rows of the batch are deleted and inserted again, so that values that moved between
 *   rows find their place. Right whenever the target has nothing that the source lacks.
 * - `update_insert`: shared columns are updated, missing rows inserted; columns that only the target has keep
 *   their values. Used towards the old table.
 */
export type WriteStrategy = 'replace' | 'delete_insert' | 'update_insert'

/**
 * Two tables of which the second is kept like the first. Forward, the source is the live table and the target
 * its shadow; after the cutover the source is the new live table and the target the old one. Every step
 * (copy, apply, verify) takes a pair, so both directions are the same code.
 */
export type TablePair = {
  readonly source: TableShape
  readonly target: TableShape
  /** The iteration key, in index order: unique and NOT NULL on both sides. */
  readonly key: readonly SharedColumn[]
  /** The index of the iteration key in each table. */
  readonly keyName: { readonly source: string; readonly target: string }
  readonly columns: readonly SharedColumn[]
  readonly write: WriteStrategy
}

/**
 * Pairs two tables.
 *
 * @param renames column names of the source → names of the target, where they differ.
 * @param dropped columns of the old table that the change drops; a new one may have the same name and is another.
 * @throws {Refusal} NO_UNIQUE_KEY when no unique key serves on both sides.
 */
export function pairTables(
  source: TableShape,
  target: TableShape,
  {
    renames,
    dropped = new Set(),
    towardsOld,
  }: {
    readonly renames: ReadonlyMap<string, string>
    readonly dropped?: ReadonlySet<string>
    readonly towardsOld: boolean
  },
): TablePair {
  const gone = new Set([...dropped].map((name) => name.toLowerCase()))
  const columns = sharedColumns(source, target, renames).filter(
    ({ from, to }) => !gone.has((towardsOld ? to : from).name.toLowerCase()),
  )
  const found = findKey(source, target, columns)
  if (!found) {
    throw new Refusal(
      'NO_UNIQUE_KEY',
      `The table ${source.name} has no unique key that is NOT NULL, whole-column and the same in its old and new form.`,
      {
        next: 'Give the table a primary key first, or keep one unique key over NOT NULL columns unchanged in this deploy.',
      },
    )
  }
  const canReplace = everyKeyImplied(source, target, columns) && !target.hasFulltext
  const forward = canReplace ? 'replace' : 'delete_insert'
  return {
    source,
    target,
    key: found.columns,
    keyName: { source: found.name, target: found.targetName },
    columns,
    write: towardsOld ? 'update_insert' : forward,
  }
}

function sharedColumns(
  source: TableShape,
  target: TableShape,
  renames: ReadonlyMap<string, string>,
): readonly SharedColumn[] {
  const renamedTo = new Set([...renames.values()].map((name) => name.toLowerCase()))
  const newNames = new Map([...renames].map(([from, to]) => [from.toLowerCase(), to.toLowerCase()]))
  const byName = new Map(target.columns.map((column) => [column.name.toLowerCase(), column]))
  return source.columns.flatMap((from) => {
    const name = from.name.toLowerCase()
    const renamed = newNames.get(name)
    // A new column that takes the name of one that was renamed away is another column.
    if (!renamed && renamedTo.has(name)) return []
    const to = byName.get(renamed ?? name)
    return to && !to.generated ? [{ from, to }] : []
  })
}

/** Types whose values are names to people, and numbers to the index, to the binlog and to us. */
const NUMBERED: ReadonlySet<string> = new Set(['enum', 'set'])

/** Types whose values compare the same in the binlog, in a literal and on both servers. */
const KEY_TYPES = new Set([
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

function findKey(
  source: TableShape,
  target: TableShape,
  columns: readonly SharedColumn[],
): {
  readonly name: string
  readonly targetName: string
  readonly columns: readonly SharedColumn[]
} | null {
  for (const key of bestFirst(source)) {
    const shared = key.columns.map((name) => columns.find(({ from }) => from.name === name))
    if (shared.some((column) => column === undefined)) continue
    const parts = shared.filter((column) => column !== undefined)
    const servesSource = isWhole(key) && parts.every(({ from }) => isKeyColumn(from))
    const names = parts.map(({ to }) => to.name)
    const targetKey = target.uniqueKeys.find(
      (other) => isWhole(other) && sameNames(other.columns, names),
    )
    const servesTarget =
      targetKey !== undefined &&
      parts.every((column) => isKeyColumn(column.to) && isSameKind(column))
    if (servesSource && servesTarget) {
      return { name: key.name, targetName: targetKey.name, columns: parts.map(asNumbered) }
    }
  }
  return null
}

/** The server finds a range of ENUM or SET values only by reading the whole index: such a key comes last. */
function bestFirst({ uniqueKeys, columns }: TableShape): readonly ShapeKey[] {
  const numbered = new Set(
    columns.filter(({ dataType }) => NUMBERED.has(dataType)).map(({ name }) => name),
  )
  const isLast = (key: ShapeKey) => numbered.has(key.columns[0] ?? '')
  return uniqueKeys.toSorted((some, other) => Number(isLast(some)) - Number(isLast(other)))
}

/** In a key an ENUM or SET is its number, and has neither charset nor collation. */
function asNumbered(column: SharedColumn): SharedColumn {
  if (!NUMBERED.has(column.from.dataType)) return column
  const bare = { charset: null, collation: null }
  return { from: { ...column.from, ...bare }, to: { ...column.to, ...bare } }
}

function isWhole(key: ShapeKey): boolean {
  return !key.prefix && !key.expression
}

function isKeyColumn(column: ShapeColumn): boolean {
  return !column.nullable && !column.generated && KEY_TYPES.has(column.dataType)
}

const TEXT_KEYS = new Set(['char', 'varchar'])

/**
 * Whether a value of the key stays the same value, to be found by the same literal and in the same order. Text may
 * change its collation: then it is compared by its bytes as well (`keepsOrder`).
 */
function isSameKind({ from, to }: SharedColumn): boolean {
  const both = (types: ReadonlySet<string>) => types.has(from.dataType) && types.has(to.dataType)
  if (both(INTEGERS) || both(TEXT_KEYS)) return true
  if (from.dataType !== to.dataType) return false
  if (from.dataType === 'varbinary' || from.dataType === 'bit') return true
  if (NUMBERED.has(from.dataType)) {
    return beginsWith(from.columnType, to.columnType) || beginsWith(to.columnType, from.columnType)
  }
  if (from.dataType === 'decimal') return scaleOf(from) === scaleOf(to)
  return from.columnType === to.columnType
}

/** Whether a list of names begins with all of another one, so that each of those keeps its number. */
function beginsWith(list: string, other: string): boolean {
  const names = other.slice(0, -1)
  return list === other || list.startsWith(`${names},`)
}

/** The digits after the point of a DECIMAL; 0 for every other type. */
export function scaleOf({ columnType }: ShapeColumn): number {
  return Number(/^decimal\(\d+,(\d+)\)/.exec(columnType)?.[1] ?? 0)
}

function sameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name))
}

/**
 * Whether every unique key of the target contains a unique key of the source whose values are told apart at
 * least as finely in the target: then two different rows can never collide there.
 */
function everyKeyImplied(
  source: TableShape,
  target: TableShape,
  columns: readonly SharedColumn[],
): boolean {
  return target.uniqueKeys.every((key) => {
    if (!isWhole(key)) return false
    return source.uniqueKeys.some(
      (own) =>
        isWhole(own) &&
        own.columns.every((name) => {
          const shared = columns.find(({ from }) => from.name === name)
          return shared !== undefined && key.columns.includes(shared.to.name) && isAsFine(shared)
        }),
    )
  })
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])
const STRINGS = new Set(['char', 'varchar', 'text', 'tinytext', 'mediumtext', 'longtext'])

function isAsFine({ from, to }: SharedColumn): boolean {
  if (INTEGERS.has(from.dataType) && INTEGERS.has(to.dataType)) return true
  if (STRINGS.has(from.dataType) && STRINGS.has(to.dataType)) return from.collation === to.collation
  return from.columnType === to.columnType && from.collation === to.collation
}
