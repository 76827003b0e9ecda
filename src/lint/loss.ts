import type { Column, Table } from '../schema/table.ts'
import { characterBytes, columnCollation } from './collation.ts'
import { type ColumnType, integerRange, textBytes, typeOf } from './column-type.ts'

/** A column with the table whose character set it may have. */
export type Sided = { readonly column: Column; readonly table: Table }

type Side = Sided & { readonly type: ColumnType }

/**
 * What of the values that `from` can hold `to` cannot, in words that follow “cannot hold”; null when it holds all, or
 * when that is not known.
 */
export function lossOf(from: Sided, to: Sided): string | null {
  const before = { ...from, type: typeOf(from.column) }
  const after = { ...to, type: typeOf(to.column) }
  return (
    integerLoss(before.type, after.type) ??
    numberLoss(before.type, after.type) ??
    timeLoss(before.type, after.type) ??
    charsetLoss(before, after) ??
    lengthLoss(before, after) ??
    kindLoss(before.type, after.type)
  )
}

function integerLoss(from: ColumnType, to: ColumnType): string | null {
  const [before, after] = [integerRange(from), integerRange(to)]
  if (!before || !after) return null
  if (before[1] > after[1]) return `numbers above ${after[1].toLocaleString('en')}`
  if (before[0] >= after[0]) return null
  return after[0] === 0n ? 'negative numbers' : `numbers below ${after[0].toLocaleString('en')}`
}

/** Digits before and after the point; null for what is no exact number. */
function digitsOf(type: ColumnType): readonly [before: number, after: number] | null {
  const [all = 10, after = 0] = type.numbers
  if (type.name === 'decimal') return [all - after, after]
  const range = integerRange(type)
  return range ? [range[1].toString().length, 0] : null
}

const APPROXIMATE: ReadonlySet<string> = new Set(['float', 'double'])

function numberLoss(from: ColumnType, to: ColumnType): string | null {
  if (APPROXIMATE.has(from.name)) {
    if (digitsOf(to)) return 'every fraction and every size that the old one holds'
    return from.name === 'double' && to.name === 'float' ? 'so many digits' : null
  }
  const before = digitsOf(from)
  if (!before) return null
  if (to.name === 'float') return 'all digits exactly'
  if (to.name === 'double') return before[0] + before[1] > 15 ? 'all digits exactly' : null
  return exactLoss(from, to)
}

function exactLoss(from: ColumnType, to: ColumnType): string | null {
  const [before, after] = [digitsOf(from), digitsOf(to)]
  // Two integers are compared by their ranges.
  if (!before || !after || (integerRange(from) && integerRange(to))) return null
  if (before[1] > after[1]) {
    return after[1] === 0 ? 'fractions' : `more than ${counted(after[1], 'digit')} after the point`
  }
  if (before[0] > after[0]) return `more than ${counted(after[0], 'digit')} before the point`
  return to.unsigned && !from.unsigned ? 'negative numbers' : null
}

const TIMES: Readonly<Record<string, readonly string[]>> = {
  datetime: ['date', 'time', 'timestamp', 'year'],
  timestamp: ['date', 'time', 'year'],
  date: ['time', 'timestamp', 'year'],
}

function timeLoss(from: ColumnType, to: ColumnType): string | null {
  if (TIMES[from.name]?.includes(to.name)) {
    return to.name === 'timestamp'
      ? 'times before 1970 and after January 2038'
      : `all of a ${from.name.toUpperCase()}`
  }
  const isSame = from.name === to.name && ['datetime', 'timestamp', 'time'].includes(to.name)
  const [before = 0, after = 0] = [from.numbers[0], to.numbers[0]]
  return isSame && before > after ? 'so small fractions of a second' : null
}

const ALL_OF_UNICODE: ReadonlySet<string> = new Set([
  'utf8mb4',
  'utf16',
  'utf16le',
  'utf32',
  'gb18030',
])

function charsetLoss(from: Side, to: Side): string | null {
  const before = columnCollation(from.column, from.table)?.charset
  const after = columnCollation(to.column, to.table)?.charset
  if (!before || !after || before === after || before === 'ascii') return null
  if (ALL_OF_UNICODE.has(after)) return null
  return `characters that ${after} does not have`
}

const LENGTHS: ReadonlySet<string> = new Set(['char', 'varchar', 'binary', 'varbinary'])

/** Of how many characters (of bytes: for BINARY and BLOB) the longest value is, as far as the type says. */
function longestOf({ type, column, table }: Side, mode: 'may be' | 'is sure'): number | null {
  if (LENGTHS.has(type.name)) return type.numbers[0] ?? 1
  const bytes = textBytes(type)
  if (bytes === null) return null
  const perCharacter = characterBytes(columnCollation(column, table)?.charset ?? '')
  return mode === 'may be' ? bytes : Math.floor(bytes / perCharacter)
}

function lengthLoss(from: Side, to: Side): string | null {
  const isText = (side: Side) => columnCollation(side.column, side.table) !== null
  if (isText(from) !== isText(to)) return null
  const charset = (side: Side) => columnCollation(side.column, side.table)?.charset
  const isSame = from.type.name === to.type.name && charset(from) === charset(to)
  const before = longestOf(from, 'may be')
  const after = longestOf(to, isSame ? 'may be' : 'is sure')
  if (before === null || after === null || before <= after) return null
  // How many characters fit in a TEXT depends on which they are.
  const bytes = textBytes(to.type)
  if (bytes !== null) return `more than ${counted(bytes, 'byte')}`
  return `more than ${counted(after, isText(from) ? 'character' : 'byte')}`
}

function counted(count: number, unit: string): string {
  return `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`
}

const TEXTS = /^(?:(?:var)?char|(?:tiny|medium|long)?text)$/
const NUMBERS = /^(?:(?:tiny|small|medium|big)?int|decimal|float|double)$/
const PARTICULAR = /^(?:date|datetime|timestamp|time|year|json|enum|set|uuid)$/

/** A text that becomes something particular: only texts that look like it can stay. */
function kindLoss(from: ColumnType, to: ColumnType): string | null {
  if (!TEXTS.test(from.name)) return null
  if (NUMBERS.test(to.name)) return 'texts that are no numbers'
  if (!PARTICULAR.test(to.name)) return null
  if (to.name === 'enum' || to.name === 'set') return 'texts that are not among its values'
  return `texts that are no ${to.name.toUpperCase()}`
}
