import { ByteReader } from './byte-reader.ts'
import { COLUMN_TYPE, type Column, decimalSize } from './column.ts'
import { stop } from './stop.ts'
import { fractionSize } from './temporal.ts'

/** What a table map says before its columns. */
export type TableName = {
  /** The number by which the rows events that follow name the table. */
  readonly tableId: number
  readonly schema: string
  readonly table: string
}

/** Reads the name that `body`, a table map event, gives to a number. */
export function readTableName(body: Buffer): TableName {
  return readName(new ByteReader(body))
}

function readName(reader: ByteReader): TableName {
  const tableId = reader.uint(6)
  reader.skip(2)
  const schema = reader.take(reader.lengthEncoded()).toString()
  reader.skip(1)
  const table = reader.take(reader.lengthEncoded()).toString()
  reader.skip(1)
  return { tableId, schema, table }
}

/** Reads the columns of `body`, a table map event. What servers may add after them is not needed. */
export function readColumns(body: Buffer): readonly Column[] {
  const reader = new ByteReader(body)
  readName(reader)
  const types = [...reader.take(reader.lengthEncoded())]
  const metadata = new ByteReader(reader.take(reader.lengthEncoded()))
  const columns = types.map((type) => readColumn(type, metadata))
  if (metadata.left > 0) throw stop('a table map describes more columns than it has')
  return columns
}

type Read = (type: number, metadata: ByteReader) => Column

const FIXED_SIZE: Readonly<Record<number, number>> = {
  [COLUMN_TYPE.TINY]: 1,
  [COLUMN_TYPE.BOOL]: 1,
  [COLUMN_TYPE.SHORT]: 2,
  [COLUMN_TYPE.INT24]: 3,
  [COLUMN_TYPE.LONG]: 4,
  [COLUMN_TYPE.LONGLONG]: 8,
  [COLUMN_TYPE.NULL]: 0,
  [COLUMN_TYPE.DATE]: 3,
  [COLUMN_TYPE.NEWDATE]: 3,
  [COLUMN_TYPE.YEAR]: 1,
}

/** The size without the fraction of the second. */
const TEMPORAL_SIZE: Readonly<Record<number, number>> = {
  [COLUMN_TYPE.TIMESTAMP2]: 4,
  [COLUMN_TYPE.DATETIME2]: 5,
  [COLUMN_TYPE.TIME2]: 3,
}

const WITH_METADATA: Readonly<Record<number, Read>> = {
  [COLUMN_TYPE.FLOAT]: (type, metadata) => plain(type, metadata.uint(1)),
  [COLUMN_TYPE.DOUBLE]: (type, metadata) => plain(type, metadata.uint(1)),
  [COLUMN_TYPE.TIMESTAMP2]: temporal,
  [COLUMN_TYPE.DATETIME2]: temporal,
  [COLUMN_TYPE.TIME2]: temporal,
  [COLUMN_TYPE.VARCHAR]: characters,
  [COLUMN_TYPE.VAR_STRING]: characters,
  [COLUMN_TYPE.VARCHAR_COMPRESSED]: characters,
  [COLUMN_TYPE.STRING]: string,
  [COLUMN_TYPE.ENUM]: string,
  [COLUMN_TYPE.SET]: string,
  [COLUMN_TYPE.BLOB]: blob,
  [COLUMN_TYPE.TINY_BLOB]: blob,
  [COLUMN_TYPE.MEDIUM_BLOB]: blob,
  [COLUMN_TYPE.LONG_BLOB]: blob,
  [COLUMN_TYPE.BLOB_COMPRESSED]: blob,
  [COLUMN_TYPE.JSON]: blob,
  [COLUMN_TYPE.GEOMETRY]: blob,
  [COLUMN_TYPE.VECTOR]: blob,
  [COLUMN_TYPE.BIT]: (type, metadata) => {
    const bits = metadata.uint(1)
    const bytes = metadata.uint(1)
    return { type, size: bytes + (bits > 0 ? 1 : 0), precision: bytes * 8 + bits, scale: 0 }
  },
  [COLUMN_TYPE.NEWDECIMAL]: (type, metadata) => {
    const precision = metadata.uint(1)
    const scale = metadata.uint(1)
    if (precision < 1 || precision > 65 || scale > precision) {
      throw stop('a decimal column has impossible digits')
    }
    return { type, size: decimalSize(precision, scale), precision, scale }
  },
  [COLUMN_TYPE.TYPED_ARRAY]: (type, metadata) => {
    // The array's element is described as a column of its own, but for the length of VARCHAR, which has 3 bytes.
    const element = metadata.uint(1)
    if (element === COLUMN_TYPE.VARCHAR) metadata.skip(3)
    else readColumn(element, metadata)
    return plain(type, -4)
  },
}

function readColumn(type: number, metadata: ByteReader): Column {
  const size = FIXED_SIZE[type]
  if (size !== undefined) return plain(type, size)
  const read = WITH_METADATA[type]
  if (read) return read(type, metadata)
  const { OLD_TIME, OLD_TIMESTAMP, OLD_DATETIME } = COLUMN_TYPE
  if (type === OLD_TIME || type === OLD_TIMESTAMP || type === OLD_DATETIME) {
    // MariaDB wrote fractions into these without saying how many digits, so their size cannot be known.
    throw stop(
      'a table has a time column in the format from before MySQL 5.6, which `ALTER TABLE … FORCE` replaces',
    )
  }
  throw stop(`a table has a column of the unknown type ${type}`)
}

function plain(type: number, size: number): Column {
  return { type, size, precision: 0, scale: 0 }
}

function temporal(type: number, metadata: ByteReader): Column {
  const precision = metadata.uint(1)
  if (precision > 6) throw stop('a time column has more digits than can be')
  const size = (TEMPORAL_SIZE[type] ?? 0) + fractionSize(precision)
  return { type, size, precision, scale: 0 }
}

/** VARCHAR and VARBINARY: two bytes say the greatest length, which decides whether one or two say the length. */
function characters(type: number, metadata: ByteReader): Column {
  return plain(type, metadata.uint(2) > 255 ? -2 : -1)
}

function blob(type: number, metadata: ByteReader): Column {
  const prefix = metadata.uint(1)
  if (prefix < 1 || prefix > 4) throw stop('a column has a length of impossible size')
  return plain(type, -prefix)
}

/**
 * CHAR, BINARY, ENUM and SET. The first byte is the real type; in CHAR over 255 bytes two of its bits, turned
 * around, are the top of the length (MySQL bug 37426).
 */
function string(_type: number, metadata: ByteReader): Column {
  const first = metadata.uint(1)
  const second = metadata.uint(1)
  const type = first | 0x30
  if (type === COLUMN_TYPE.ENUM || type === COLUMN_TYPE.SET) {
    if (second < 1 || second > 8) throw stop('an ENUM or SET column has an impossible size')
    return plain(type, second)
  }
  if (type !== COLUMN_TYPE.STRING) throw stop(`a table has a column of the unknown type ${type}`)
  const length = second | (((first & 0x30) ^ 0x30) << 4)
  return plain(type, length > 255 ? -2 : -1)
}
