import type { Column, Table } from '../schema/table.ts'
import { characterBytes, columnCollation } from './collation.ts'
import { type ColumnType, integerBytes, textBytes, typeOf } from './column-type.ts'

/** The server refuses a table whose rows could be larger, TEXT and BLOB left aside. */
export const ROW_LIMIT = 65_535

/**
 * The bytes that the columns of a row can take at most, as the server counts them for {@link ROW_LIMIT}: a TEXT or
 * BLOB by its pointer only. Never more than the server counts; what is not known counts nothing.
 */
export function rowBytes(table: Table): number {
  const nullBits = table.columns.filter(({ nullable }) => nullable).length
  const stored = table.columns.filter(({ generated }) => generated !== 'virtual')
  return (
    Math.ceil(nullBits / 8) + stored.reduce((sum, column) => sum + columnBytes(column, table), 0)
  )
}

function columnBytes(column: Column, table: Table): number {
  const type = typeOf(column)
  const pointer = POINTERS[type.name]
  if (pointer !== undefined) return pointer
  const length = type.numbers[0] ?? 1
  const perCharacter = characterBytes(columnCollation(column, table)?.charset ?? '')
  switch (type.name) {
    case 'char':
      return length * perCharacter
    case 'varchar':
      return withLength(length * perCharacter)
    case 'binary':
      return length
    case 'varbinary':
      return withLength(length)
    default:
      return integerBytes(type) ?? numberBytes(type)
  }
}

function withLength(bytes: number): number {
  return bytes + (bytes > 255 ? 2 : 1)
}

/** A length and a pointer of 8 bytes. */
const POINTERS: Readonly<Record<string, number>> = {
  tinytext: 9,
  tinyblob: 9,
  text: 10,
  blob: 10,
  mediumtext: 11,
  mediumblob: 11,
  longtext: 12,
  longblob: 12,
  json: 12,
}

const FIXED: Readonly<Record<string, number>> = {
  float: 4,
  double: 8,
  date: 3,
  year: 1,
  time: 3,
  datetime: 5,
  timestamp: 4,
}

function numberBytes(type: ColumnType): number {
  const [first = 10, second = 0] = type.numbers
  if (type.name === 'decimal') return decimalBytes(first - second) + decimalBytes(second)
  if (type.name === 'bit') return Math.ceil(first / 8)
  return textBytes(type) === null ? (FIXED[type.name] ?? 0) : 0
}

/** Of a row, InnoDB keeps no more than this in a page of the usual 16 KiB. */
export const PAGE_LIMIT = 8126

/** The header of a row, and the transaction and undo pointer of the primary key. */
const ROW_HEADER = 5 + 6 + 7
/** What is no longer than this stays in the page. */
const MOVABLE_FROM = 256
/** A movable value stays, too, when it is no longer than this; a longer one leaves 20 bytes. */
const LEFT_BEHIND = 40
/** The older row formats leave the beginning of a long value in the page. */
const LEFT_BEHIND_OLD = 768

/**
 * The bytes of its page that a row can need when every value is as long as it can be, or as long as it can be without
 * being moved elsewhere. Never more than a row can need; what is not known counts nothing.
 */
export function pageBytes(table: Table): number {
  const format = table.options.find(({ name }) => name === 'ROW_FORMAT')?.value.toUpperCase()
  const left = format === 'COMPACT' || format === 'REDUNDANT' ? LEFT_BEHIND_OLD : LEFT_BEHIND
  const nullBits = table.columns.filter(({ nullable }) => nullable).length
  const stored = table.columns.filter(({ generated }) => generated !== 'virtual')
  return stored.reduce(
    (sum, column) => sum + inPage(column, table, left),
    ROW_HEADER + Math.ceil(nullBits / 8),
  )
}

function inPage(column: Column, table: Table, left: number): number {
  const { name, numbers } = typeOf(column)
  if (name in POINTERS) return left + 1
  const bytes = columnBytes(column, table)
  if (!/^(?:char|varchar|varbinary)$/.test(name)) return bytes
  const isFixed = name === 'char' && bytes === (numbers[0] ?? 1)
  return isFixed || bytes < MOVABLE_FROM ? bytes : left + 1
}

/** Nine digits take four bytes. */
function decimalBytes(digits: number): number {
  return Math.floor(digits / 9) * 4 + Math.ceil((digits % 9) / 2)
}
