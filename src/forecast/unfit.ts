import { type RawBuilder, sql } from 'kysely'
import { columnCollation } from '../lint/collation.ts'
import { type ColumnType, integerRange, textBytes, typeOf } from '../lint/column-type.ts'
import { lossOf, type Sided } from '../lint/loss.ts'
import { missingFrom } from '../lint/value-list.ts'

/** How to find the values that the new type of a column cannot hold. */
export type Unfit = {
  /** What is looked for, in words: `numbers above 127`. */
  readonly what: string
  /** True for a row that has one; null when no cheap expression tells. */
  readonly condition: RawBuilder<unknown> | null
}

/** The values of `from` that `to` cannot hold; null when it holds all. `value` is the column in SQL. */
export function unfitValues(from: Sided, to: Sided, value: RawBuilder<unknown>): Unfit | null {
  const what = lossOf(from, to) ?? removedNames(from, to)
  if (what === null) return null
  return { what, condition: conditionOf(from, to, value) }
}

/** The values of an ENUM or SET that are not among the new ones. */
function removedNames(from: Sided, to: Sided): string | null {
  const [before, after] = [typeOf(from.column), typeOf(to.column)]
  if (before.name !== after.name || before.name !== 'enum') return null
  return removed(before, after).length === 0 ? null : 'values that the ENUM no longer has'
}

function removed(before: ColumnType, after: ColumnType): readonly string[] {
  return missingFrom(after.values, before.values)
}

function conditionOf(
  from: Sided,
  to: Sided,
  value: RawBuilder<unknown>,
): RawBuilder<unknown> | null {
  const [before, after] = [typeOf(from.column), typeOf(to.column)]
  return (
    enumCondition(before, after, value) ??
    integerCondition(before, after, value) ??
    decimalCondition(before, after, value) ??
    momentCondition(before, after, value) ??
    textCondition(from, to, value)
  )
}

type Condition = (
  before: ColumnType,
  after: ColumnType,
  value: RawBuilder<unknown>,
) => RawBuilder<unknown> | null

const enumCondition: Condition = (before, after, value) => {
  if (before.name !== 'enum' || after.name !== 'enum') return null
  return sql`${value} IN (${sql.join(removed(before, after))})`
}

const integerCondition: Condition = (before, after, value) => {
  const range = integerRange(after)
  if (!range || !(integerRange(before) || before.name === 'decimal')) return null
  const [least, greatest] = range.map(String)
  return sql`(${value} < ${sql.raw(least ?? '0')} OR ${value} > ${sql.raw(greatest ?? '0')})`
}

/** As many digits as a DECIMAL can have. */
const MOST_DIGITS = 65

const decimalCondition: Condition = (before, after, value) => {
  if (after.name !== 'decimal' || !(integerRange(before) || before.name === 'decimal')) return null
  const [digits = 10, scale = 0] = after.numbers
  // Who sent it may have made it up: no server has it, and the zeros would not end.
  if (digits > MOST_DIGITS || scale > digits) return null
  const bound = sql.raw(`1${'0'.repeat(digits - scale)}`)
  const negative = after.unsigned ? sql` OR ${value} < 0` : sql``
  return sql`(ABS(${value}) >= ${bound} OR ${value} <> ROUND(${value}, ${sql.lit(scale)})${negative})`
}

const momentCondition: Condition = (before, after, value) => {
  if (before.name !== 'datetime' || after.name !== 'timestamp') return null
  return sql`(${value} < '1970-01-01 00:00:01' OR ${value} > '2038-01-19 03:14:07')`
}

const LENGTHS = /^(?:var)?(?:char|binary)$/
const TEXTS = /^(?:(?:var)?char|(?:tiny|medium|long)?text)$/
const BYTES = /^(?:(?:var)?binary|(?:tiny|medium|long)?blob)$/

function textCondition(
  from: Sided,
  to: Sided,
  value: RawBuilder<unknown>,
): RawBuilder<unknown> | null {
  const [before, after] = [typeOf(from.column), typeOf(to.column)]
  const isText = TEXTS.test(before.name) && TEXTS.test(after.name)
  if (!isText && !(BYTES.test(before.name) && BYTES.test(after.name))) return null
  const charset = columnCollation(to.column, to.table)?.charset ?? null
  const recoded = charset === null ? value : sql`CONVERT(${value} USING ${sql.raw(word(charset))})`
  const isSame = charset === (columnCollation(from.column, from.table)?.charset ?? null)
  const conditions = [
    isSame
      ? null
      : sql`CAST(CONVERT(${recoded} USING utf8mb4) AS BINARY) <> CAST(CONVERT(${value} USING utf8mb4) AS BINARY)`,
    lengthCondition(after, { isText, value, recoded }),
  ].filter((condition) => condition !== null)
  return conditions.length === 0 ? null : sql`(${sql.join(conditions, sql` OR `)})`
}

function lengthCondition(
  after: ColumnType,
  {
    isText,
    value,
    recoded,
  }: {
    readonly isText: boolean
    readonly value: RawBuilder<unknown>
    readonly recoded: RawBuilder<unknown>
  },
): RawBuilder<unknown> | null {
  const bytes = textBytes(after)
  if (bytes !== null) return sql`LENGTH(${recoded}) > ${sql.lit(bytes)}`
  if (!LENGTHS.test(after.name)) return null
  const length = isText ? sql`CHAR_LENGTH(${value})` : sql`LENGTH(${value})`
  return sql`${length} > ${sql.lit(after.numbers[0] ?? 1)}`
}

/** A character set's name as SQL takes it; it comes from a pull request. */
function word(name: string): string {
  return name.replace(/\W/g, '')
}
