import { type RawBuilder, sql } from 'kysely'
import { inZoneOf } from '../table/conversion.ts'
import { columnOf } from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import { type SharedColumn, scaleOf } from '../table/shared-column.ts'
import type { ShapeColumn } from '../table/table-shape.ts'
import { acrossTypes } from './across-types.ts'
import { type Family, familyOf } from './family.ts'

/** Types whose values can be larger than what a statement may build: they are hashed one by one. */
const LARGE =
  /^(?:(?:tiny|medium|long)?(?:text|blob)|json|geometry|point|linestring|polygon|multi\w+|geomcollection|geometrycollection|vector)$/

/**
 * A 64-bit number of a row's shared columns, that is the same on both sides exactly when their values are. Where
 * the column's type changes, both sides are brought to a form that shows a value which the change has altered.
 *
 * Why a cut SHA-2 and not CRC32: CRC32 is linear, so two rows that exchange values cancel out in an aggregate, and
 * a salt does not help. MySQL 9.7 no longer has MD5() and SHA1() (error 1305, test/engine/verify.mysql.test.ts).
 */
export function rowHash(pair: TablePair, side: 'source' | 'target'): RawBuilder<unknown> {
  const parts = pair.columns.map((column) => {
    const value = comparable(pair, column, side)
    const stored = columnOf(pair[side], side === 'source' ? column.from : column.to)
    // Framed by its length, so that no two rows can run into the same text; NULL is a frame of its own. Functions give NULL
    // for what is larger than a packet may be: such a value must not be taken for equal.
    return sql`IFNULL(CONCAT(LENGTH(${value}), ':', ${value}), IF(${stored} IS NULL, 'N', ${sql.lit(side)}))`
  })
  return sql`CAST(CONV(LEFT(SHA2(CONCAT(${sql.join(parts)}), 256), 16), 16, 10) AS UNSIGNED)`
}

/** A column's value on one side as bytes, equal to those of the other side when the values are. */
export function comparable(
  pair: TablePair,
  { from, to }: SharedColumn,
  side: 'source' | 'target',
): RawBuilder<unknown> {
  const own = side === 'source' ? from : to
  const stored = columnOf(pair[side], own)
  const name =
    own.dataType === 'timestamp' ? inZoneOf(own === from ? to : from, own, stored) : stored
  const value = isSame(from, to)
    ? plain(from, name)
    : (acrossTypes(pair, { from, to }, { own, name }) ??
      asBits(pair, { from, to }, name) ??
      converted({ from, to }, own, name))
  const large = LARGE.test(from.dataType) || LARGE.test(to.dataType)
  if (!large) return value
  // MariaDB casts nothing that is larger than a packet, and there is no need to.
  const isBytes = isSame(from, to) && ['text', 'bytes'].includes(familyOf(from))
  return sql`SHA2(${isBytes ? name : value}, 256)`
}

function isSame(from: ShapeColumn, to: ShapeColumn): boolean {
  return from.columnType === to.columnType && from.charset === to.charset
}

/** Whether a change of type or charset stands between the two columns, so that it could alter a value. */
export function isRetyped({ from, to }: SharedColumn): boolean {
  return !isSame(from, to)
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint'])

/**
 * Whether a value could be altered without an error as it is written: of integers the server refuses what does not fit,
 * and a text that gets more room loses nothing.
 */
export function mayAlter(column: SharedColumn): boolean {
  const { from, to } = column
  const both = (isKind: (dataType: string) => boolean) =>
    isKind(from.dataType) && isKind(to.dataType)
  if (!isRetyped(column) || both((type) => INTEGERS.has(type))) return false
  const widened = both((type) => type === 'varchar') && (from.length ?? 0) <= (to.length ?? 0)
  return !widened || from.charset !== to.charset
}

function plain(column: ShapeColumn, name: RawBuilder<unknown>): RawBuilder<unknown> {
  const family = familyOf(column)
  if (family === 'bits') return sql`CAST(${name} + 0 AS CHAR)`
  if (family === 'json') return sql`CAST(CAST(${name} AS CHAR) AS BINARY)`
  // A FLOAT is printed with six digits and holds more.
  if (family === 'float') return sql`CAST(CAST(${name} AS DOUBLE) AS BINARY)`
  return sql`CAST(${name} AS BINARY)`
}

function converted(
  column: SharedColumn,
  own: ShapeColumn,
  name: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const both = new Set([familyOf(column.from), familyOf(column.to)])
  const only = (...families: readonly Family[]) =>
    [...both].every((family) => families.includes(family))
  const bytes = (value: RawBuilder<unknown>) => sql`CAST(${value} AS BINARY)`
  if (only('float')) return plain(own, name)
  if (only('exact', 'bits')) return bytes(asDecimal(column, sql`${name} + 0`))
  // As the server prints them: 1.1 in a FLOAT is not 1.1 in all its binary digits.
  if (only('exact', 'float')) return bytes(asDecimal(column, sql`CAST(${name} AS CHAR)`, 30))
  if (only('moment')) return bytes(sql`CAST(${name} AS DATETIME(6))`)
  if (only('time')) return bytes(sql`CAST(${name} AS TIME(6))`)
  const json = asJson(both, name)
  if (json) return bytes(json)
  if (only('bytes', 'spatial') || (only('text', 'bytes') && both.has('bytes'))) return bytes(name)
  // Everything else is compared as the server prints it.
  const text = own.charset === null ? sql`CAST(${name} AS CHAR CHARACTER SET utf8mb4)` : name
  return bytes(sql`CONVERT(${text} USING utf8mb4)`)
}

/** A value of a text that the change turns into BIT: the number that it holds, as it is written (conversion.ts). */
function asBits(
  pair: TablePair,
  { from, to }: SharedColumn,
  name: RawBuilder<unknown>,
): RawBuilder<unknown> | null {
  const [before, after] = pair.write === 'update_insert' ? [to, from] : [from, to]
  const isText = ['text', 'bytes', 'json'].includes(familyOf(before))
  if (!isText || familyOf(after) !== 'bits') return null
  return sql`CAST(CAST(CAST(${name} AS UNSIGNED) AS CHAR) AS BINARY)`
}

/** A value as JSON prints it, where one side is JSON and the other can become it; a number becomes it by its text. */
function asJson(both: ReadonlySet<Family>, name: RawBuilder<unknown>): RawBuilder<unknown> | null {
  if (!both.has('json')) return null
  if (both.has('text')) return sql`CAST(CAST(${name} AS JSON) AS CHAR)`
  if (!both.has('exact') && !both.has('float')) return null
  return sql`CAST(CAST(CAST(${name} AS CHAR) AS JSON) AS CHAR)`
}

/** A number with as many digits after the point as the finer of the two columns has. */
function asDecimal(
  { from, to }: SharedColumn,
  value: RawBuilder<unknown>,
  scale = Math.max(scaleOf(from), scaleOf(to)),
): RawBuilder<unknown> {
  return sql`CAST(${value} AS DECIMAL(65, ${sql.lit(scale)}))`
}
