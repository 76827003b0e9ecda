import { type RawBuilder, sql } from 'kysely'
import { columnOf } from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import { type SharedColumn, scaleOf } from '../table/shared-column.ts'
import type { ShapeColumn } from '../table/table-shape.ts'
import { familyOf } from './family.ts'

type Side = { readonly own: ShapeColumn; readonly name: RawBuilder<unknown> }

/**
 * The value of one side where the two types write the same value in different ways, so that it equals the other side's
 * when nothing is lost: numbers in a text (`0012`, `1.0`), numbers of a FLOAT in a DECIMAL, and bytes that BINARY fills up
 * with zeros. null where the types are others. test/cases/text-to-numbers and its neighbours show what is lost and what not.
 */
export function acrossTypes(
  pair: TablePair,
  column: SharedColumn,
  side: Side,
): RawBuilder<unknown> | null {
  const value = asNumber(column, side) ?? asNumberOfFloat(pair, column, side)
  return value ? sql`CAST(${value} AS BINARY)` : asFilled(column, side)
}

/** Whether a column's two sides of a row hold the same value, each as its type writes it; null where the types are others. */
export function isSameAcross(pair: TablePair, column: SharedColumn): RawBuilder<unknown> | null {
  const side = (name: 'source' | 'target', own: ShapeColumn) =>
    acrossTypes(pair, column, { own, name: columnOf(pair[name], own) })
  const [source, target] = [side('source', column.from), side('target', column.to)]
  return source && target ? sql`(${source} <=> ${target})` : null
}

const CHARACTERS = /^(?:char|varchar|(?:tiny|medium|long)?text)$/

/** A number that one side holds as a text, of which the server refuses what is no number. */
function asNumber({ from, to }: SharedColumn, { own, name }: Side): RawBuilder<unknown> | null {
  const numbers = [from, to].filter(({ dataType }) => !CHARACTERS.test(dataType))
  const [number] = numbers
  if (!number || numbers.length > 1) return null
  if (familyOf(number) === 'exact' && wholeDigits(number) <= WHOLE_DIGITS) {
    return sql`CAST(${own === number ? sql`${name} + 0` : name} AS DECIMAL(65, 30))`
  }
  // As the server prints it: 0.1 in a FLOAT is not 0.1 in all its binary digits.
  if (familyOf(number) === 'float') return sql`CAST(CAST(${name} AS CHAR) AS DOUBLE)`
  return null
}

/** How many digits a DECIMAL(65, 30) has before the point: a number with more would be compared as its largest one. */
const WHOLE_DIGITS = 35

function wholeDigits(column: ShapeColumn): number {
  const precision = Number(/^decimal\((\d+)/.exec(column.columnType)?.[1] ?? 20)
  return precision - scaleOf(column)
}

/**
 * A number that the old table has as FLOAT or DOUBLE, and the new one as an exact number: what that becomes, marked where it
 * is neither the number in all its binary digits nor the one that the server prints.
 */
function asNumberOfFloat(
  { write }: TablePair,
  { from, to }: SharedColumn,
  { own, name }: Side,
): RawBuilder<unknown> | null {
  const [before, after] = write === 'update_insert' ? [to, from] : [from, to]
  if (familyOf(before) !== 'float' || familyOf(after) !== 'exact') return null
  const scale = sql.lit(scaleOf(after))
  const exact = sql`CAST(${own === after ? sql`${name} + 0` : name} AS DECIMAL(65, ${scale}))`
  if (own === after) return exact
  const back = sql`CAST(${exact} AS ${sql.raw(before.dataType)})`
  const printed = sql`CAST(CAST(${name} AS CHAR) AS DECIMAL(65, 30))`
  return sql`IF(${back} = ${name} OR ${printed} = ${exact}, ${exact}, CONCAT(${exact}, ' and more'))`
}

/**
 * Bytes as BINARY fills them up with zeros, where one side is BINARY. A shorter value that itself ends with a zero could not be
 * told from one without: it is equal to none.
 */
function asFilled({ from, to }: SharedColumn, { own, name }: Side): RawBuilder<unknown> | null {
  const binaries = [from, to].filter(({ dataType }) => dataType === 'binary')
  if (binaries.length === 0 || [from, to].some((side) => familyOf(side) !== 'bytes')) return null
  const length = sql.lit(Math.max(...binaries.map((binary) => binary.length ?? 0)))
  const bytes = sql`CAST(${name} AS BINARY)`
  const filled = sql`RPAD(${bytes}, ${length}, 0x00)`
  if (own.dataType === 'binary') return filled
  const shorter = sql`IF(RIGHT(${bytes}, 1) = 0x00, CONCAT(${bytes}, 'and more'), ${filled})`
  return sql`IF(LENGTH(${name}) < ${length}, ${shorter}, ${bytes})`
}
