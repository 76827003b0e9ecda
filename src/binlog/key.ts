/**
 * One column of a key, as the binlog holds it.
 *
 * - `bigint`: every integer type, YEAR and BIT; ENUM and SET as their internal number.
 * - `string`: DECIMAL, DATE, TIME, DATETIME and TIMESTAMP as `CAST(column AS CHAR)` prints them in time zone +00:00.
 * - `Uint8Array`: characters and bytes, in the column's own character set; BINARY(n) padded to n bytes, CHAR not padded.
 * - `null`: NULL, in a column whose layout says that it may be.
 */
export type KeyValue = bigint | string | Uint8Array | null

/** The values of a key's columns, in the order of the key. */
export type Key = readonly KeyValue[]

/** Reads the value of a key column at `offset`; `length` is its bytes without the prefix that holds the length. */
export type ValueReader = (bytes: Buffer, offset: number, length: number) => KeyValue

/** What must be known of a key column beyond what the binlog says about it. */
export type KeyColumn = {
  /** Its place in the row, from 0. */
  readonly ordinal: number
  /** As in `information_schema.COLUMNS.DATA_TYPE`, in lower case. */
  readonly dataType: string
  readonly unsigned: boolean
  /** The length of BINARY(n) in bytes; null for every other type. */
  readonly length: number | null
  /** Whether it may be NULL; when that is not said, a NULL means that the table is another one. */
  readonly nullable?: boolean
}

/** How to find the key in a row of a table. */
export type KeyLayout = {
  /** All columns of the table, also invisible and generated ones. */
  readonly columnCount: number
  /** In the order of the key. */
  readonly keyColumns: readonly KeyColumn[]
}

/** Every data type a key column may have; FLOAT, DOUBLE, JSON and spatial types make no key. */
const KEY_TYPES: ReadonlySet<string> = new Set([
  'tinyint',
  'smallint',
  'mediumint',
  'int',
  'bigint',
  'year',
  'bit',
  'decimal',
  'date',
  'time',
  'datetime',
  'timestamp',
  'enum',
  'set',
  'char',
  'varchar',
  'binary',
  'varbinary',
  'tinytext',
  'text',
  'mediumtext',
  'longtext',
  'tinyblob',
  'blob',
  'mediumblob',
  'longblob',
])

/** Whether the change stream can read a key column of this `information_schema` data type. */
export function isKeyType(dataType: string): boolean {
  return KEY_TYPES.has(dataType)
}

/**
 * A text that two keys share exactly when all their parts are equal, byte by byte.
 * Each part says its type and length first, so that no two lists of parts can run into the same text.
 */
export function keyId(key: Key): string {
  const [only] = key
  if (key.length === 1 && typeof only === 'bigint') return only.toString()
  return key.map(partId).join('')
}

function partId(value: KeyValue): string {
  if (value === null) return 'z;'
  if (typeof value === 'bigint') return `n${value};`
  if (typeof value === 'string') return `s${value.length}:${value}`
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return `b${bytes.length}:${bytes.toString('latin1')}`
}
