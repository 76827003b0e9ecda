import { type RawBuilder, sql } from 'kysely'
import type { Key, KeyValue } from '../binlog/key.ts'
import type { SharedColumn, TablePair } from './pair.ts'
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
const INTEGER = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year', ...NUMBERED])
const BYTES = new Set(['char', 'varchar', 'binary', 'varbinary'])

/**
 * A value of a key column as SQL text. Only digits, hex and the signs of numbers and times can come out, so
 * the text is safe to put into a statement; a text column's bytes carry their charset, and a comparison with
 * the column then goes by the column's collation and can use its index.
 */
export function keyLiteral(column: ShapeColumn, value: KeyValue): string {
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
  return BYTES.has(column.dataType) ? sql`CAST(${name} AS BINARY)` : sql`CAST(${name} AS CHAR)`
}

/**
 * The key columns as `k0, k1, …`, for {@link readKey}. The target's text comes in the source's charset, so that
 * the same key is the same bytes from both.
 */
export function selectKey(
  pair: TablePair,
  side: 'source' | 'target' = 'source',
): RawBuilder<unknown> {
  const parts = pair.key.map(({ from, to }, index) => {
    const own = side === 'source' ? from : to
    const name = columnOf(pair[side], own)
    const recoded =
      own.charset !== from.charset && from.charset !== null
        ? sql`CONVERT(${name} USING ${sql.raw(charsetName(from.charset))})`
        : name
    return sql`${keyExpression(from, recoded)} AS ${sql.id(`k${index}`)}`
  })
  return sql.join(parts)
}

/** A row of {@link selectKey} as a key. */
export function readKey(pair: TablePair, row: Readonly<Record<string, unknown>>): Key {
  return pair.key.map(({ from }, index) => toKeyValue(from, row[`k${index}`]))
}

function toKeyValue({ dataType }: ShapeColumn, value: unknown): KeyValue {
  if (BYTES.has(dataType)) {
    if (value instanceof Uint8Array) return value
    throw new TypeError(`the driver gave ${typeof value} for bytes`)
  }
  if (typeof value !== 'string') throw new TypeError(`the driver gave ${typeof value} for text`)
  return INTEGER.has(dataType) ? BigInt(value) : value
}

/** Whether both tables keep their keys in the same order and tell the same keys apart: not under another collation. */
export function keepsOrder(pair: TablePair): boolean {
  return pair.key.every(({ from, to }) => from.collation === to.collation)
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
  const parts = pair.key.flatMap((column) => {
    const source = columnOf(pair.source, column.from)
    const target = columnOf(pair.target, column.to)
    const equal = sql`${target} = ${asTarget(column, source)}`
    if (column.from.collation === column.to.collation) return [equal]
    return [equal, sql`${spelling(column, target)} = CAST(${source} AS BINARY)`]
  })
  return sql.join(parts, sql` AND `)
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
  if (pair.key.every(({ from }) => from.charset === null)) return range
  const columns = pair.key.map((column) => {
    const name = columnOf(pair.target, column.to)
    if (column.from.charset !== null) return spelling(column, name)
    return LISTED.has(column.from.dataType) ? sql`CAST(${name} AS UNSIGNED)` : name
  })
  const tuples = keys.map((key) => `(${exactLiterals(pair.key, key).join(',')})`)
  return sql`${range} AND (${sql.join(columns)}) IN (${sql.raw(tuples.join(','))})`
}

function exactLiterals(columns: readonly SharedColumn[], key: Key): string[] {
  return columns.map(({ from, to }, index) => {
    const value = valueAt(key[index])
    if (from.charset === null || typeof value !== 'object') return keyLiteral(from, value)
    // CHAR keeps no spaces at the end.
    const hex = Buffer.from(value).toString('hex')
    return `x'${to.dataType === 'char' ? hex.replace(/(?:20)+$/, '') : hex}'`
  })
}

/** `key IN (…)` for one of the two tables. `keys` is not empty. */
export function keyIn(
  pair: TablePair,
  side: 'source' | 'target',
  keys: readonly Key[],
): RawBuilder<unknown> {
  const columns = pair.key.map((column) =>
    columnOf(pair[side], side === 'source' ? column.from : column.to),
  )
  const [only] = pair.key
  if (pair.key.length === 1 && only) {
    const values = keys.map(([value]) => keyLiteral(only.from, valueAt(value)))
    return sql`${columns[0]} IN (${sql.raw(values.join(','))})`
  }
  if (pair.key.some(({ from }) => LISTED.has(from.dataType))) {
    // Inside of a tuple the server compares the name of an ENUM with the number, and never finds the row.
    const rows = keys.map((key) => {
      const parts = literals(pair.key, key).map(
        (value, at) => sql`${columns[at]} = ${sql.raw(value)}`,
      )
      return sql`(${sql.join(parts, sql` AND `)})`
    })
    return sql`(${sql.join(rows, sql` OR `)})`
  }
  const tuples = keys.map((key) => `(${literals(pair.key, key).join(',')})`)
  return sql`(${sql.join(columns)}) IN (${sql.raw(tuples.join(','))})`
}

function literals(columns: readonly SharedColumn[], key: Key): string[] {
  return columns.map(({ from }, index) => keyLiteral(from, valueAt(key[index])))
}

function valueAt(value: KeyValue | undefined): KeyValue {
  if (value === undefined) throw new TypeError('a key has fewer parts than its columns')
  return value
}

/** A range of keys: greater than `after`, up to and including `upTo`; null means unbounded. */
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
  const values = literals(pair.key, bound.key)
  const from = (index: number): RawBuilder<unknown> => {
    const column = pair.key[index]
    if (!column) throw new TypeError('a key has columns')
    const name = columnOf(pair[side], side === 'source' ? column.from : column.to)
    const value = sql.raw(values[index] ?? '')
    if (index === pair.key.length - 1) return sql`${name} ${sql.raw(bound.last)} ${value}`
    // `a >= x AND (a > x OR b > y)`: the first half bounds the range scan, the second is exact.
    return sql`(${name} ${sql.raw(bound.sign)}= ${value} AND (${name} ${sql.raw(bound.sign)} ${value} OR ${from(index + 1)}))`
  }
  return from(0)
}

/** Whether keys of this pair can be ordered here exactly as the server orders them. */
export function isComparable(pair: TablePair): boolean {
  return pair.key.every(({ from }) => ORDERED.has(from.dataType))
}

/** Numbers compare as numbers, bytes as bytes, and these times have a text form that sorts like they do. */
const ORDERED = new Set([...INTEGER, 'binary', 'varbinary', 'date', 'datetime', 'timestamp'])

/** Compares two keys of a pair for which {@link isComparable} holds: negative, 0 or positive. */
export function compareKeys(some: Key, other: Key): number {
  for (const [index, value] of some.entries()) {
    const order = compareValues(value, valueAt(other[index]))
    if (order !== 0) return order
  }
  return 0
}

function compareValues(some: KeyValue, other: KeyValue): number {
  if (typeof some === 'object' && typeof other === 'object') return Buffer.compare(some, other)
  if (some === other) return 0
  return some < other ? -1 : 1
}
