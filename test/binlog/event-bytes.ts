import { crc32 } from 'node:zlib'

/** The numbers of the events that these tests build. */
export const CODE = {
  QUERY: 2,
  ROTATE: 4,
  FORMAT: 15,
  XID: 16,
  TABLE_MAP: 19,
  INCIDENT: 26,
  WRITE_ROWS: 30,
  UPDATE_ROWS: 31,
  DELETE_ROWS: 32,
  GTID: 33,
  PARTIAL_UPDATE_ROWS: 39,
  PAYLOAD: 40,
  MARIADB_GTID: 162,
} as const

/** An event: header, `body`, and a checksum unless there is none. */
export function eventBytes(
  code: number,
  body: Buffer,
  options: { readonly end?: number; readonly flags?: number; readonly checksum?: boolean } = {},
): Buffer {
  const { end = 1000, flags = 0, checksum = true } = options
  const header = Buffer.alloc(19)
  header.writeUInt32LE(1_767_322_800, 0)
  header.writeUInt8(code, 4)
  header.writeUInt32LE(1, 5)
  header.writeUInt32LE(19 + body.length + (checksum ? 4 : 0), 9)
  header.writeUInt32LE(end, 13)
  header.writeUInt16LE(flags, 17)
  const content = Buffer.concat([header, body])
  return checksum ? Buffer.concat([content, uint(crc32(content), 4)]) : content
}

/** `value` in `length` bytes, the lowest first. */
export function uint(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntLE(value, 0, length)
  return bytes
}

/** A text after its length. */
function named(text: string): Buffer {
  return Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text), Buffer.of(0)])
}

/** A table map of columns, each a type and its metadata. */
export function tableMapBody(
  tableId: number,
  table: string,
  columns: readonly (readonly number[])[],
): Buffer {
  const metadata = columns.flatMap(([, ...bytes]) => bytes)
  return Buffer.concat([
    uint(tableId, 6),
    uint(1, 2),
    named('shop'),
    named(table),
    Buffer.of(columns.length, ...columns.map(([type = 0]) => type)),
    Buffer.of(metadata.length, ...metadata),
    Buffer.alloc(Math.ceil(columns.length / 8)),
  ])
}

/** A rows event of version 2; `bitmaps` has one set of columns, or two for an update. */
export function rowsBody(
  tableId: number,
  columnCount: number,
  bitmaps: readonly number[],
  rows: readonly Buffer[],
): Buffer {
  const bitmapBytes = Math.ceil(columnCount / 8)
  return Buffer.concat([
    uint(tableId, 6),
    uint(1, 2),
    uint(2, 2),
    Buffer.of(columnCount),
    ...bitmaps.map((bits) => uint(bits, bitmapBytes)),
    ...rows,
  ])
}

/** A query event's body. */
export function queryBody(schema: string, statement: string): Buffer {
  return Buffer.concat([
    Buffer.alloc(8),
    Buffer.of(schema.length),
    Buffer.alloc(4),
    Buffer.from(schema),
    Buffer.of(0),
    Buffer.from(statement),
  ])
}

/** A format description; `checksum` says whether the events that follow have one. */
export function formatBody(checksum: boolean): Buffer {
  return Buffer.concat([
    uint(4, 2),
    Buffer.alloc(50),
    uint(0, 4),
    Buffer.of(19),
    Buffer.alloc(40),
    Buffer.of(checksum ? 1 : 0),
  ])
}

/** A packet's payload cut into packets, as a server sends it. */
export function packets(payload: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let offset = 0; ; offset += 0xffffff) {
    const part = payload.subarray(offset, offset + 0xffffff)
    parts.push(uint(part.length, 3), Buffer.of(parts.length % 256), part)
    if (part.length < 0xffffff) return Buffer.concat(parts)
  }
}
