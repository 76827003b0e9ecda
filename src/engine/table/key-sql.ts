import { type RawBuilder, sql } from 'kysely'
import type { Key, KeyValue } from '../../binlog/key.ts'
import type { TablePair } from './pair.ts'
import { fractionOf, type SharedColumn, scaleOf } from './shared-column.ts'
import type { ShapeColumn, TableShape } from './table-shape.ts'

/** `schema`.`table`, quoted. Everything here is written without aliases, which LOCK TABLES would have to name too. */
export function tableOf({ schema, name }: TableShape): RawBuilder<unknown> {
  return sql.id(schema, name)
}

/** The table, to be read by its iteration key: the statistics of a table that was just filled mislead the server. */
export function tableByKey(pair: TablePair, side: 'source' | 'target'): RawBuilder<unknown> {
  return sql`${tableOf(pair[side])} FORCE INDEX (${sql.id(pair.keyName[side])})`
}

/** `schema`.`table`.`column`, quoted. */
export function columnOf({ schema, name }: TableShape, column: ShapeColumn): RawBuilder<unknown> {
  return sql.id(schema, name, column.name)
}

/** Types that are numbers to the index and to the binlog, and print as something else. */
const NUMBERED = new Set(['bit', 'enum', 'set'])
const LISTED = new Set(['enum', 'set'])

/** Whether a column's values are names to people and numbers to us. */
export function isListed({ dataType }: ShapeColumn): boolean {
  return LISTED.has(dataType)
}
const INTEGER = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year', ...NUMBERED])
const BYTES = new Set(['char', 'varchar', 'binary', 'varbinary'])

/**
 * A value of a key column as SQL text. Only digits, hex and the signs of numbers and times can come out, so
 * the text is safe to put into a statement; a text column's bytes carry their charset, and a comparison with
 * the column then goes by the column's collation and can use its index.
 */
export function keyLiteral(column: ShapeColumn, value: KeyValue): string {
  if (value === null) throw new TypeError(`NULL equals nothing: ${column.name}`)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string') {
    if (!/^[-+0-9:. ]*$/.test(value))
      throw new TypeError(`not a number or time: ${column.dataType}`)
    return column.dataType === 'decimal' ? value : `'${value}'`
  }
  const hex = `x'${Buffer.from(value).toString('hex')}'`
  if (column.charset === null) return hex
  return `_${charsetName(column.charset)} ${hex}`
}

/** A charset's name as it may stand in a statement, where it can neither be quoted nor bound. */
function charsetName(name: string): string {
  if (!/^[a-z0-9_]+$/.test(name)) throw new TypeError('not a charset')
  return name
}

/** Selects a key column so that {@link readKey} gets the very value that the change stream would deliver. */
function keyExpression(column: ShapeColumn, name: RawBuilder<unknown>): RawBuilder<unknown> {
  if (NUMBERED.has(column.dataType)) return sql`CAST(CAST(${name} AS UNSIGNED) AS CHAR)`
  if (column.columnType.endsWith('zerofill') && column.dataType === 'decimal') {
    return sql`CAST(CAST(${name} AS DECIMAL(65, ${sql.lit(scaleOf(column))})) AS CHAR)`
  }
  return BYTES.has(column.dataType) ? sql`CAST(${name} AS BINARY)` : sql`CAST(${name} AS CHAR)`
}

/**
 * The key columns as `k0, k1, …`, for {@link readKey}. The target's text comes in the source's charset and its numbers
 * and times with the source's digits, so that the same key is the same value from both.
 */
export function selectKey(
  pair: TablePair,
  side: 'source' | 'target' = 'source',
): RawBuilder<unknown> {
  const parts = pair.key.map(({ from, to }, index) => {
    const own = side === 'source' ? from : to
    const name = columnOf(pair[side], own)
    return sql`${keyExpression(from, asSpelled(from, own, name))} AS ${sql.id(`k${index}`)}`
  })
  return sql.join(parts)
}

/** A value of `own` in the charset, or with as many digits, as one of `from` has. */
function asSpelled(
  from: ShapeColumn,
  own: ShapeColumn,
  name: RawBuilder<unknown>,
): RawBuilder<unknown> {
  if (own.charset !== from.charset && from.charset !== null) {
    return sql`CONVERT(${name} USING ${sql.raw(charsetName(from.charset))})`
  }
  if (scaleOf(own) !== scaleOf(from)) {
    return sql`CAST(${name} AS DECIMAL(65, ${sql.lit(scaleOf(from))}))`
  }
  if (fractionOf(own) === fractionOf(from)) return name
  return sql`CAST(${name} AS DATETIME(${sql.lit(fractionOf(from))}))`
}

/** A row of {@link selectKey} as a key. */
export function readKey(pair: TablePair, row: Readonly<Record<string, unknown>>): Key {
  return pair.key.map(({ from }, index) => toKeyValue(from, row[`k${index}`]))
}

function toKeyValue({ dataType, nullable }: ShapeColumn, value: unknown): KeyValue {
  if (value === null && nullable) return null
  if (BYTES.has(dataType)) {
    if (value instanceof Uint8Array) return value
    throw new TypeError(`the driver gave ${typeof value} for bytes`)
  }
  if (typeof value !== 'string') throw new TypeError(`the driver gave ${typeof value} for text`)
  return INTEGER.has(dataType) ? BigInt(value) : value
}

/**
 * Whether both tables keep their keys in the same order and tell the same keys apart: not under another collation, and
 * not by an index of other columns.
 */
export function keepsOrder({ key, iterated, targetIndex }: TablePair): boolean {
  const sameIndex =
    key.length === iterated &&
    targetIndex.length === iterated &&
    targetIndex.every((place, at) => place === at)
  return sameIndex && key.every(({ from, to }) => from.collation === to.collation)
}

/** The columns of the source's index: what rows are iterated and ordered by. */
export function iteratedColumns({ key, iterated }: TablePair): readonly SharedColumn[] {
  return key.slice(0, iterated)
}

/** A source column's value with the target column's charset and collation, so that the two can be compared. */
export function asTarget(
  { from, to }: SharedColumn,
  value: RawBuilder<unknown>,
): RawBuilder<unknown> {
  // Of a key: in a unique key that is not ours, an ENUM's names are what is unique, and they have a collation.
  const isNumber = from.charset === null && NUMBERED.has(from.dataType)
  if (isNumber) return sql`CAST(${value} AS UNSIGNED)`
  if (from.collation === to.collation || to.charset === null || to.collation === null) return value
  const [charset, collation] = [charsetName(to.charset), charsetName(to.collation)]
  return sql`CONVERT(${value} USING ${sql.raw(charset)}) COLLATE ${sql.raw(collation)}`
}

/**
 * The condition that a source row and a target row have the same key. Under one collation two spellings are one key, as
 * they are for the application; where the collations differ, only the same text is.
 */
export function sameKey(pair: TablePair): RawBuilder<unknown> {
  return sql.join(
    pair.key.flatMap((column) => equalKeyColumn(pair, column)),
    sql` AND `,
  )
}

/** The part of {@link sameKey} that is about one column. */
export function equalKeyColumn(
  pair: TablePair,
  column: SharedColumn,
): readonly RawBuilder<unknown>[] {
  const source = columnOf(pair.source, column.from)
  const target = columnOf(pair.target, column.to)
  const equal = sql`${target} = ${asTarget(column, source)}`
  if (column.from.collation === column.to.collation) return [equal]
  return [equal, sql`${spelling(column, target)} = CAST(${source} AS BINARY)`]
}

/** {@link sameKey} in a form with which the source can be searched for each row of the target. */
export function sameKeyFromTarget(pair: TablePair): RawBuilder<unknown> {
  const parts = pair.key.map(({ from, to }) => {
    const target = asTarget({ from: to, to: from }, columnOf(pair.target, to))
    return sql`${columnOf(pair.source, from)} = ${target}`
  })
  return sql.join([...parts, sameKey(pair)], sql` AND `)
}

/** A target's text as the bytes that the source would hold. */
function spelling({ from, to }: SharedColumn, target: RawBuilder<unknown>): RawBuilder<unknown> {
  const recode = from.charset !== to.charset && from.charset !== null
  const value = recode
    ? sql`CONVERT(${target} USING ${sql.raw(charsetName(from.charset ?? ''))})`
    : target
  return sql`CAST(${value} AS BINARY)`
}

/**
 * The target's rows whose key is spelled exactly like one of `keys`, which is not empty: the copies of the very source
 * rows that had these keys, and not that of a row whose key only counts as equal.
 */
export function keySpelledIn(pair: TablePair, keys: readonly Key[]): RawBuilder<unknown> {
  const range = keyIn(pair, 'target', keys)
  const spelled = keys.filter(isWithoutNull)
  if (spelled.length === 0 || pair.key.every(({ from }) => from.charset === null)) return range
  const columns = pair.key.map((column) => {
    const name = columnOf(pair.target, column.to)
    if (column.from.charset !== null) return spelling(column, name)
    return LISTED.has(column.from.dataType) ? sql`CAST(${name} AS UNSIGNED)` : name
  })
  const tuples = spelled.map((key) => `(${exactLiterals(pair.key, key).join(',')})`)
  return sql`${range} AND (${sql.join(columns)}) IN (${sql.raw(tuples.join(','))})`
}

function exactLiterals(columns: readonly SharedColumn[], key: Key): string[] {
  return columns.map(({ from, to }, index) => {
    const value = valueAt(key[index])
    if (from.charset === null || !(value instanceof Uint8Array)) return keyLiteral(from, value)
    // CHAR keeps no spaces at the end.
    const hex = Buffer.from(value).toString('hex')
    return `x'${to.dataType === 'char' ? hex.replace(/(?:20)+$/, '') : hex}'`
  })
}

/**
 * `key IN (…)` for one of the two tables. `keys` is not empty. Columns stand in the order of the table's own index:
 * MySQL 9.7 reads the whole table where a tuple begins with another column (test/engine/key-sql.mysql.test.ts).
 */
export function keyIn(
  pair: TablePair,
  side: 'source' | 'target',
  keys: readonly Key[],
): RawBuilder<unknown> {
  const parts = inIndexOrder(pair, side)
  // A column of the key that may be NULL in the source is of the target's index, where it never is.
  const whole = keys.filter(isWithoutNull)
  const open = side === 'source' ? keys.filter((key) => !isWithoutNull(key)) : []
  const rows = open.map((key) => oneByOne(parts, key))
  if (whole.length > 0) rows.push(allOf(parts, whole))
  if (rows.length === 0) return sql`FALSE`
  return rows.length === 1 && rows[0] ? rows[0] : sql`(${sql.join(rows, sql` OR `)})`
}

/** A column of the key on one side: its place in the key, and its name. */
type Part = {
  readonly place: number
  readonly column: SharedColumn
  readonly name: RawBuilder<unknown>
}

function inIndexOrder(pair: TablePair, side: 'source' | 'target'): readonly Part[] {
  const places = [...new Set([...(side === 'target' ? pair.targetIndex : []), ...pair.key.keys()])]
  return places.flatMap((place) => {
    const column = pair.key[place]
    if (!column) return []
    return {
      place,
      column,
      name: columnOf(pair[side], side === 'source' ? column.from : column.to),
    }
  })
}

function allOf(parts: readonly Part[], keys: readonly Key[]): RawBuilder<unknown> {
  const [only] = parts
  const literal = (key: Key, { column, place }: Part) =>
    keyLiteral(column.from, valueAt(key[place]))
  if (parts.length === 1 && only) {
    return sql`${only.name} IN (${sql.raw(keys.map((key) => literal(key, only)).join(','))})`
  }
  if (parts.some(isLostInTuple)) {
    return sql`(${sql.join(
      keys.map((key) => oneByOne(parts, key)),
      sql` OR `,
    )})`
  }
  const tuples = keys.map((key) => `(${parts.map((part) => literal(key, part)).join(',')})`)
  return sql`(${sql.join(parts.map(({ name }) => name))}) IN (${sql.raw(tuples.join(','))})`
}

/**
 * Inside of a tuple a server compares the name of an ENUM with the number, and MariaDB 10.11 bytes of one charset with bytes
 * of another as soon as there are two tuples: it never finds the row (test/engine/wide-key.mysql.test.ts).
 */
function isLostInTuple({ column: { from, to } }: Part): boolean {
  return LISTED.has(from.dataType) || from.charset !== to.charset
}

function oneByOne(parts: readonly Part[], key: Key): RawBuilder<unknown> {
  const conditions = parts.map(({ place, column, name }) => {
    const value = valueAt(key[place])
    return value === null
      ? sql`${name} IS NULL`
      : sql`${name} = ${sql.raw(keyLiteral(column.from, value))}`
  })
  return sql`(${sql.join(conditions, sql` AND `)})`
}

function isWithoutNull(key: Key): boolean {
  return !key.includes(null)
}

function literals(columns: readonly SharedColumn[], key: Key): string[] {
  return columns.map(({ from }, index) => keyLiteral(from, valueAt(key[index])))
}

function valueAt(value: KeyValue | undefined): KeyValue {
  if (value === undefined) throw new TypeError('a key has fewer parts than its columns')
  return value
}

/** A range of keys: greater than `after`, up to and including `upTo`; null means unbounded. Only iterated columns count. */
export type KeyRange = { readonly after: Key | null; readonly upTo: Key | null }

/** The condition for the rows of a range. Written out column by column, because a comparison of tuples uses no index. */
export function keyInRange(
  pair: TablePair,
  side: 'source' | 'target',
  { after, upTo }: KeyRange,
): RawBuilder<unknown> {
  const lower =
    after === null ? sql`TRUE` : compare(pair, side, { key: after, sign: '>', last: '>' })
  const upper =
    upTo === null ? sql`TRUE` : compare(pair, side, { key: upTo, sign: '<', last: '<=' })
  return sql`${lower} AND ${upper}`
}

type Bound = { readonly key: Key; readonly sign: '<' | '>'; readonly last: '<=' | '>' }

function compare(pair: TablePair, side: 'source' | 'target', bound: Bound): RawBuilder<unknown> {
  const columns = iteratedColumns(pair)
  const values = literals(columns, bound.key)
  const from = (index: number): RawBuilder<unknown> => {
    const column = columns[index]
    if (!column) throw new TypeError('a key has columns')
    const name = columnOf(pair[side], side === 'source' ? column.from : column.to)
    const value = sql.raw(values[index] ?? '')
    if (index === columns.length - 1) return sql`${name} ${sql.raw(bound.last)} ${value}`
    // `a >= x AND (a > x OR b > y)`: the first half bounds the range scan, the second is exact.
    return sql`(${name} ${sql.raw(bound.sign)}= ${value} AND (${name} ${sql.raw(bound.sign)} ${value} OR ${from(index + 1)}))`
  }
  return from(0)
}

/** Whether keys of this pair can be ordered here exactly as the server orders them. */
export function isComparable(pair: TablePair): boolean {
  return iteratedColumns(pair).every(({ from }) => ORDERED.has(from.dataType))
}

/** Numbers compare as numbers, bytes as bytes, and these times have a text form that sorts like they do. */
const ORDERED = new Set([...INTEGER, 'binary', 'varbinary', 'date', 'datetime', 'timestamp'])

/**
 * Compares a key with a boundary, which has the iterated columns alone, of a pair for which {@link isComparable} holds:
 * negative, 0 or positive.
 */
export function compareKeys(key: Key, boundary: Key): number {
  for (const [index, value] of boundary.entries()) {
    const order = compareValues(valueAt(key[index]), value)
    if (order !== 0) return order
  }
  return 0
}

function compareValues(some: KeyValue, other: KeyValue): number {
  if (some instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(some, other)
  if (some === other) return 0
  if (some === null || other === null) throw new TypeError('rows are not iterated by NULL')
  return some < other ? -1 : 1
}
