import type { KeyColumn, ValueReader } from './key.ts'
import { readDate, readDatetime2, readTime2, readTimestamp2 } from './temporal.ts'

/** The binlog's column types by their number; the names are those of MySQL's `enum_field_types`. */
export const COLUMN_TYPE = {
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  NULL: 6,
  OLD_TIMESTAMP: 7,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  OLD_TIME: 11,
  OLD_DATETIME: 12,
  YEAR: 13,
  NEWDATE: 14,
  VARCHAR: 15,
  BIT: 16,
  TIMESTAMP2: 17,
  DATETIME2: 18,
  TIME2: 19,
  TYPED_ARRAY: 20,
  /** MariaDB's `COMPRESSED` columns. */
  BLOB_COMPRESSED: 140,
  VARCHAR_COMPRESSED: 141,
  VECTOR: 242,
  BOOL: 244,
  JSON: 245,
  NEWDECIMAL: 246,
  ENUM: 247,
  SET: 248,
  TINY_BLOB: 249,
  MEDIUM_BLOB: 250,
  LONG_BLOB: 251,
  BLOB: 252,
  VAR_STRING: 253,
  STRING: 254,
  GEOMETRY: 255,
} as const

/** One column as a table map describes it: STRING already resolved to ENUM or SET where it stands for those. */
export type Column = {
  readonly type: number
  /**
   * How many bytes a value takes: the number itself when it is not negative; else that many bytes before
   * the value (1 to 4) hold its length.
   */
  readonly size: number
  /** NEWDECIMAL: digits in all. BIT: bits. Temporal types: digits of the second's fraction. Else 0. */
  readonly precision: number
  /** NEWDECIMAL: digits after the point. Else 0. */
  readonly scale: number
}

type Reading = (column: Column, key: KeyColumn) => ValueReader

/** How to read each data type of a key, and which binlog types it may have. */
const READINGS: Readonly<Record<string, readonly [Reading, ...number[]]>> = {
  tinyint: [integer, COLUMN_TYPE.TINY, COLUMN_TYPE.BOOL],
  smallint: [integer, COLUMN_TYPE.SHORT],
  mediumint: [integer, COLUMN_TYPE.INT24],
  int: [integer, COLUMN_TYPE.LONG],
  bigint: [integer, COLUMN_TYPE.LONGLONG],
  year: [() => readYear, COLUMN_TYPE.YEAR],
  bit: [() => readBigEndian, COLUMN_TYPE.BIT],
  decimal: [decimal, COLUMN_TYPE.NEWDECIMAL],
  date: [() => readDate, COLUMN_TYPE.DATE, COLUMN_TYPE.NEWDATE],
  time: [({ precision }) => readTime2(precision), COLUMN_TYPE.TIME2],
  datetime: [({ precision }) => readDatetime2(precision), COLUMN_TYPE.DATETIME2],
  timestamp: [({ precision }) => readTimestamp2(precision), COLUMN_TYPE.TIMESTAMP2],
  enum: [() => readLittleEndian, COLUMN_TYPE.ENUM],
  set: [() => readLittleEndian, COLUMN_TYPE.SET],
  char: [() => readBytes, COLUMN_TYPE.STRING],
  varchar: [() => readBytes, COLUMN_TYPE.VARCHAR, COLUMN_TYPE.VAR_STRING],
  binary: [padded, COLUMN_TYPE.STRING],
  varbinary: [() => readBytes, COLUMN_TYPE.VARCHAR, COLUMN_TYPE.VAR_STRING],
  tinytext: [() => readBytes, COLUMN_TYPE.BLOB, COLUMN_TYPE.TINY_BLOB],
  text: [() => readBytes, COLUMN_TYPE.BLOB],
  mediumtext: [() => readBytes, COLUMN_TYPE.BLOB, COLUMN_TYPE.MEDIUM_BLOB],
  longtext: [() => readBytes, COLUMN_TYPE.BLOB, COLUMN_TYPE.LONG_BLOB],
  tinyblob: [() => readBytes, COLUMN_TYPE.BLOB, COLUMN_TYPE.TINY_BLOB],
  blob: [() => readBytes, COLUMN_TYPE.BLOB],
  mediumblob: [() => readBytes, COLUMN_TYPE.BLOB, COLUMN_TYPE.MEDIUM_BLOB],
  longblob: [() => readBytes, COLUMN_TYPE.BLOB, COLUMN_TYPE.LONG_BLOB],
}

/** How to read `key` from a column, or null when the column in the binlog is of another type than the layout says. */
export function findValueReader(column: Column, key: KeyColumn): ValueReader | null {
  const reading = READINGS[key.dataType]
  if (!reading) throw new TypeError(`${key.dataType} is no type of a key`)
  const [read, ...types] = reading
  return types.includes(column.type) ? read(column, key) : null
}

/** Signed and unsigned readers by size: the methods for a fixed size are several times faster than those for any. */
const INTEGERS: Readonly<Record<number, readonly [ValueReader, ValueReader]>> = {
  1: [(bytes, at) => BigInt(bytes.readInt8(at)), (bytes, at) => BigInt(bytes.readUInt8(at))],
  2: [(bytes, at) => BigInt(bytes.readInt16LE(at)), (bytes, at) => BigInt(bytes.readUInt16LE(at))],
  3: [
    (bytes, at) => BigInt(bytes.readIntLE(at, 3)),
    (bytes, at) => BigInt(bytes.readUIntLE(at, 3)),
  ],
  4: [(bytes, at) => BigInt(bytes.readInt32LE(at)), (bytes, at) => BigInt(bytes.readUInt32LE(at))],
  8: [(bytes, at) => bytes.readBigInt64LE(at), (bytes, at) => bytes.readBigUInt64LE(at)],
}

function integer({ size }: Column, { unsigned }: KeyColumn): ValueReader {
  const reader = INTEGERS[size]?.[unsigned ? 1 : 0]
  if (!reader) throw new TypeError(`no integer has ${size} bytes`)
  return reader
}

/** YEAR counts from 1900 in one byte; 0 is the year 0000. */
function readYear(bytes: Buffer, offset: number): bigint {
  const year = bytes.readUInt8(offset)
  return year === 0 ? 0n : BigInt(1900 + year)
}

function readBigEndian(bytes: Buffer, offset: number, length: number): bigint {
  let value = 0n
  for (let index = 0; index < length; index += 1) {
    value = (value << 8n) | BigInt(bytes.readUInt8(offset + index))
  }
  return value
}

function readLittleEndian(bytes: Buffer, offset: number, length: number): bigint {
  let value = 0n
  for (let index = length - 1; index >= 0; index -= 1) {
    value = (value << 8n) | BigInt(bytes.readUInt8(offset + index))
  }
  return value
}

/** A copy: the bytes of the event are let go once it is decoded, and a key may be kept for long. */
function readBytes(bytes: Buffer, offset: number, length: number): Uint8Array {
  return new Uint8Array(bytes.subarray(offset, offset + length))
}

/** BINARY(n) comes without the zero bytes at its end, which belong to the value. */
function padded(_column: Column, { length: full }: KeyColumn): ValueReader {
  return (bytes, offset, length) => {
    const value = new Uint8Array(Math.max(full ?? 0, length))
    value.set(bytes.subarray(offset, offset + length))
    return value
  }
}

/** The bytes that hold 0 to 9 decimal digits. */
const DIGIT_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4] as const

/** How many bytes a decimal takes: each group of nine digits four, the rest as many as it needs. */
export function decimalSize(precision: number, scale: number): number {
  return digitsSize(precision - scale) + digitsSize(scale)
}

function digitsSize(digits: number): number {
  return Math.floor(digits / 9) * 4 + (DIGIT_BYTES[digits % 9] ?? 0)
}

/**
 * Decimals are big-endian groups of nine digits, the odd group at the outer ends. The first bit is the sign, turned
 * around so that values sort as bytes; a negative value has all its bits turned around.
 */
function decimal({ precision, scale, size }: Column): ValueReader {
  const whole = groups(precision - scale).reverse()
  const fraction = groups(scale)
  return (bytes, offset) => {
    const digits = Buffer.from(bytes.subarray(offset, offset + size))
    const negative = (digits.readUInt8(0) & 0x80) === 0
    digits.writeUInt8(digits.readUInt8(0) ^ 0x80, 0)
    if (negative)
      for (let index = 0; index < size; index += 1) digits[index] = ~(digits[index] ?? 0)
    let at = 0
    const print = (count: number) => {
      const length = DIGIT_BYTES[count] ?? 0
      const text = digits.readUIntBE(at, length).toString().padStart(count, '0')
      at += length
      return text
    }
    const left = whole.map(print).join('').replace(/^0+/, '') || '0'
    const right = fraction.map(print).join('')
    return `${negative ? '-' : ''}${left}${right && `.${right}`}`
  }
}

/** How `digits` are grouped: nines first, then what is left. */
function groups(digits: number): number[] {
  const nines = Array.from({ length: Math.floor(digits / 9) }, () => 9)
  return digits % 9 === 0 ? nines : [...nines, digits % 9]
}
