import { Refusal } from '../errors.ts'
import { ByteReader } from './byte-reader.ts'
import { COLUMN_TYPE, type Column, findValueReader } from './column.ts'
import type { RowChange } from './event.ts'
import type { Key, KeyLayout, KeyValue, ValueReader } from './key.ts'
import { stop } from './stop.ts'
import { readColumns, type TableName } from './table-map.ts'

/** A rows event, taken apart up to its rows. */
export type RowsBody = {
  readonly tableId: number
  readonly change: RowChange
  /** After-images of JSON columns may hold only what changed (PARTIAL_UPDATE_ROWS). */
  readonly partial: boolean
  /** The columns in the before-image of an update or delete, or in the row of a write: one bit each. */
  readonly columns: Buffer
  /** The columns in the after-image of an update. */
  readonly columnsAfter: Buffer
  readonly columnCount: number
  readonly rows: Buffer
}

/** Which columns an image of a row has, and what to do with each. */
type Image = {
  readonly nullBytes: number
  /** Per column of the image: its size, as in {@link Column}. */
  readonly sizes: Int32Array
  /** Per column of the image: its place in the key, or -1. */
  readonly places: Int32Array
  /** Whether all columns of the key are in the image. */
  readonly hasKey: boolean
}

/** Reads the keys from the rows of one table, as one table map and one layout describe it. */
export class RowReader {
  readonly #name: TableName
  readonly #columns: readonly Column[]
  readonly #places: Int32Array
  readonly #readers: readonly ValueReader[]
  readonly #nullable: readonly boolean[]
  readonly #jsonBytes: number
  readonly #images = new Map<string, Image>()

  /** @throws {Refusal} TABLE_CHANGED when the table map does not fit the layout. */
  constructor(name: TableName, tableMap: Buffer, layout: KeyLayout) {
    if (layout.keyColumns.length === 0) throw new TypeError('a layout has at least one key column')
    const columns = readColumns(tableMap)
    this.#name = name
    this.#columns = columns
    const json = columns.filter(({ type }) => type === COLUMN_TYPE.JSON).length
    this.#jsonBytes = (json + 7) >> 3
    this.#places = new Int32Array(columns.length).fill(-1)
    if (columns.length !== layout.columnCount) throw tableChanged(name)
    this.#nullable = layout.keyColumns.map(({ nullable }) => nullable === true)
    this.#readers = layout.keyColumns.map((key, place) => {
      const column = columns[key.ordinal]
      const reader = column && findValueReader(column, key)
      if (!reader) throw tableChanged(name)
      this.#places[key.ordinal] = place
      return reader
    })
  }

  /**
   * The keys of all rows of an event, before and after; an update that left the key alone gives it once. `moves` are the
   * places of those that it did not leave alone.
   *
   * @throws {Refusal} BINLOG_FORMAT when a row lacks a key column, STREAM_STOPPED when the rows cannot be read.
   */
  read(body: RowsBody): { readonly keys: readonly Key[]; readonly moves: readonly number[] } {
    if (body.columnCount !== this.#columns.length) throw tableChanged(this.#name)
    const before = this.#image(body.columns)
    if (!before.hasKey) throw keyMissing(this.#name)
    const { rows } = body
    const keys: Key[] = []
    const moves: number[] = []
    if (body.change === 'update') {
      const after = this.#image(body.columnsAfter)
      const images = { before, after, keys, moves }
      let offset = 0
      while (offset < rows.length) offset = this.#readUpdate(body, images, offset)
      return { keys, moves }
    }
    let offset = 0
    while (offset < rows.length) {
      const key: KeyValue[] = new Array(this.#readers.length)
      offset = this.#readRow(rows, offset, before, key)
      keys.push(key)
    }
    return { keys, moves }
  }

  /** Reads both images of one updated row, adds their keys, and returns where the next row begins. */
  #readUpdate(
    { rows, partial }: RowsBody,
    {
      before,
      after,
      keys,
      moves,
    }: {
      readonly before: Image
      readonly after: Image
      readonly keys: Key[]
      readonly moves: number[]
    },
    start: number,
  ): number {
    const old: KeyValue[] = new Array(this.#readers.length)
    let offset = this.#readRow(rows, start, before, old)
    if (partial) offset += this.#partialSize(rows, offset)
    // A minimal after-image has only the columns that changed.
    const now = old.slice()
    offset = this.#readRow(rows, offset, after, now)
    if (isSameKey(old, now)) keys.push(old)
    else moves.push(keys.push(old, now) - 2)
    return offset
  }

  /** How long the part is that says which JSON columns of the after-image are partial: one bit for each of the table. */
  #partialSize(rows: Buffer, offset: number): number {
    const reader = new ByteReader(rows.subarray(offset))
    const options = reader.lengthEncoded()
    if ((options & 1) !== 0) reader.skip(this.#jsonBytes)
    return reader.offset
  }

  /** Reads one image at `start`, puts the values of the key into `key`, and returns where the image ends. */
  #readRow(rows: Buffer, start: number, image: Image, key: KeyValue[]): number {
    const { sizes, places } = image
    const count = sizes.length
    let offset = start + image.nullBytes
    if (offset > rows.length) throw stop('a row is cut off')
    for (let index = 0; index < count; index += 1) {
      // Sound: `index` is below the length of both.
      let length = sizes[index] as number
      const place = places[index] as number
      if (isNull(rows, start, index)) {
        if (place >= 0) key[place] = this.#nullAt(place)
        continue
      }
      if (length < 0) {
        const prefix = -length
        length = readLength(rows, offset, prefix)
        offset += prefix
      }
      if (place >= 0) key[place] = this.#readValue(place, rows, offset, length)
      offset += length
    }
    if (offset > rows.length) throw stop('a row is cut off')
    return offset
  }

  /** Where a column of the key is NULL and must not be, the table is no longer the one the layout is of. */
  #nullAt(place: number): null {
    if (!this.#nullable[place]) throw tableChanged(this.#name)
    return null
  }

  #readValue(place: number, rows: Buffer, offset: number, length: number): KeyValue {
    if (offset + length > rows.length) throw stop('a row is cut off')
    // Sound: places are indexes of the readers.
    return (this.#readers[place] as ValueReader)(rows, offset, length)
  }

  #image(present: Buffer): Image {
    const id = present.toString('latin1')
    const known = this.#images.get(id)
    if (known) return known
    const ordinals = [...this.#columns.keys()].filter(
      (ordinal) => ((present[ordinal >> 3] ?? 0) >> (ordinal & 7)) & 1,
    )
    const places = ordinals.map((ordinal) => this.#places[ordinal] ?? -1)
    const image = {
      nullBytes: (ordinals.length + 7) >> 3,
      sizes: Int32Array.from(ordinals, (ordinal) => this.#columns[ordinal]?.size ?? 0),
      places: Int32Array.from(places),
      hasKey: places.filter((place) => place >= 0).length === this.#readers.length,
    }
    this.#images.set(id, image)
    return image
  }
}

function isNull(rows: Buffer, nulls: number, index: number): boolean {
  return (((rows[nulls + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1
}

/** The number in the `prefix` bytes at `offset`, which says how long the value after them is. */
function readLength(rows: Buffer, offset: number, prefix: number): number {
  if (offset + prefix > rows.length) throw stop('a row is cut off')
  // Sound: both indexes are below the length.
  if (prefix === 1) return rows[offset] as number
  if (prefix === 2) return (rows[offset] as number) | ((rows[offset + 1] as number) << 8)
  return rows.readUIntLE(offset, prefix)
}

function isSameKey(a: Key, b: Key): boolean {
  return a.every((value, index) => isSameValue(value, b[index]))
}

function isSameValue(a: KeyValue, b: KeyValue | undefined): boolean {
  if (!(a instanceof Uint8Array)) return a === b
  return b instanceof Uint8Array && Buffer.compare(a, b) === 0
}

/** The refusal for rows that are not those of the table the deployment began with. */
function tableChanged({ schema, table }: TableName): Refusal {
  return new Refusal(
    'TABLE_CHANGED',
    `The columns of ${schema}.${table} in the binary log are not those the deployment began with.`,
    { next: 'Cancel the deployment and start it again with the table as it is now.' },
  )
}

function keyMissing({ schema, table }: TableName): Refusal {
  return new Refusal(
    'BINLOG_FORMAT',
    `A change of ${schema}.${table} is in the binary log without all columns of its key.`,
    {
      next: 'Set binlog_row_image to FULL on the server, cancel the deployment and start it again.',
    },
  )
}
