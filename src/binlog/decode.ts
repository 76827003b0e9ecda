import { crc32 } from 'node:zlib'
import { ByteReader } from './byte-reader.ts'
import { type Payload, readPayload, uncompress } from './payload.ts'
import type { RowsBody } from './rows.ts'
import { stop } from './stop.ts'

/** What every event says of itself. */
export type Header = {
  /** Seconds since 1970. */
  readonly at: number
  readonly code: number
  readonly serverId: number
  /** Where the event ends in its file, modulo 2^32; 0 in events that are in no file. */
  readonly end: number
  readonly flags: number
}

/** One event of the binlog, as far as the change stream needs to know it. */
export type BinlogEvent = { readonly header: Header } & (
  | { readonly type: 'rotate'; readonly file: string; readonly offset: bigint }
  /** The events that follow are of another server run; `checksum` says whether they end with a checksum. */
  | { readonly type: 'format'; readonly checksum: boolean }
  | { readonly type: 'gtid'; readonly gtid: MysqlGtid | MariadbGtid | null }
  | { readonly type: 'query'; readonly schema: string; readonly statement: string }
  | { readonly type: 'commit' }
  | { readonly type: 'table_map'; readonly body: Buffer }
  | { readonly type: 'rows'; readonly body: RowsBody }
  | { readonly type: 'payload'; readonly payload: Payload }
  | { readonly type: 'heartbeat' }
  /** Nothing that concerns rows. */
  | { readonly type: 'nothing' }
)

/** The id of the transaction that begins; an anonymous one has none. */
export type MysqlGtid = {
  readonly flavour: 'mysql'
  readonly uuid: string
  readonly tag: string
  readonly number: bigint
}

/** The same on MariaDB, where a `standalone` one has no event that ends it. */
export type MariadbGtid = {
  readonly flavour: 'mariadb'
  readonly domain: bigint
  readonly server: bigint
  readonly sequence: bigint
  readonly standalone: boolean
}

const HEADER_BYTES = 19
const CHECKSUM_BYTES = 4
const FLAGS_OFFSET = 17
const IN_USE = 0x1
const IGNORABLE = 0x80
const FORMAT_DESCRIPTION = 15
const STANDALONE = 0x1

type Content = BinlogEvent extends infer Event
  ? Event extends BinlogEvent
    ? Omit<Event, 'header'>
    : never
  : never
type Decode = (body: ByteReader, header: Header) => Content

const NOTHING: Decode = () => ({ type: 'nothing' })
const COMMIT: Decode = () => ({ type: 'commit' })
const HEARTBEAT: Decode = () => ({ type: 'heartbeat' })

/**
 * Every event by its number: 0–99 as in MySQL (`Log_event_type`), from 160 on as in MariaDB. What is not here
 * could carry rows and stops the stream, unless its writer marked it as one that may be ignored.
 */
const DECODE: Readonly<Record<number, Decode>> = {
  2: (body) => decodeQuery(body, { extra: 0, compressed: false }),
  // STOP, and what a statement in statement format brings along: its numbers, its variables, its files.
  3: NOTHING,
  5: NOTHING,
  9: NOTHING,
  11: NOTHING,
  13: NOTHING,
  14: NOTHING,
  17: NOTHING,
  4: (body) => ({ type: 'rotate', offset: body.uint64(), file: body.rest().toString() }),
  15: (body) => decodeFormat(body),
  16: COMMIT,
  // LOAD DATA in statement format: a query with 13 more bytes about its file.
  18: (body) => decodeQuery(body, { extra: 13, compressed: false }),
  23: rows('write', { version: 1 }),
  24: rows('update', { version: 1 }),
  25: rows('delete', { version: 1 }),
  19: (body) => ({ type: 'table_map', body: body.rest() }),
  27: HEARTBEAT,
  // IGNORABLE and ROWS_QUERY
  28: NOTHING,
  29: NOTHING,
  30: rows('write', { version: 2 }),
  31: rows('update', { version: 2 }),
  32: rows('delete', { version: 2 }),
  33: (body) => decodeGtid(body),
  34: () => ({ type: 'gtid', gtid: null }),
  // PREVIOUS_GTIDS, TRANSACTION_CONTEXT and VIEW_CHANGE
  35: NOTHING,
  36: NOTHING,
  37: NOTHING,
  // XA PREPARE ends its part of the transaction: the rows were before it, their locks stay until XA COMMIT.
  38: COMMIT,
  39: rows('update', { version: 2, partial: true }),
  40: (body) => ({ type: 'payload', payload: readPayload(body) }),
  41: HEARTBEAT,
  42: (body) => decodeTaggedGtid(body),
  // ANNOTATE_ROWS, BINLOG_CHECKPOINT and GTID_LIST
  160: NOTHING,
  161: NOTHING,
  162: decodeMariadbGtid,
  163: NOTHING,
  165: (body) => decodeQuery(body, { extra: 0, compressed: true }),
  166: rows('write', { version: 1, compressed: true }),
  167: rows('update', { version: 1, compressed: true }),
  168: rows('delete', { version: 1, compressed: true }),
  169: rows('write', { version: 2, compressed: true }),
  170: rows('update', { version: 2, compressed: true }),
  171: rows('delete', { version: 2, compressed: true }),
}

/** Why an event that has no place above must not be skipped. */
const REASONS: Readonly<Record<number, string>> = {
  26: 'the server says that changes are missing in its binary log (INCIDENT)',
  164: 'the binary log is encrypted and was not sent decrypted',
}

/**
 * Decodes one event. `checksum` says whether it ends with one, which is verified.
 *
 * @throws {Refusal} STREAM_STOPPED when it is damaged or of a type that must not be skipped.
 */
export function decodeEvent(bytes: Buffer, checksum: boolean): BinlogEvent {
  if (bytes.length < HEADER_BYTES) throw stop('an event is shorter than its header')
  const header: Header = {
    at: bytes.readUInt32LE(0),
    code: bytes.readUInt8(4),
    serverId: bytes.readUInt32LE(5),
    end: bytes.readUInt32LE(13),
    flags: bytes.readUInt16LE(FLAGS_OFFSET),
  }
  if (bytes.readUInt32LE(9) !== bytes.length) throw stop('an event is not as long as it says')
  const decode = DECODE[header.code]
  if (!decode && (header.flags & IGNORABLE) === 0) {
    throw stop(
      REASONS[header.code] ?? `the binary log holds an event of unknown type ${header.code}`,
    )
  }
  const isFormat = header.code === FORMAT_DESCRIPTION
  const hasChecksum = isFormat ? bytes.at(-1 - CHECKSUM_BYTES) === 1 : checksum
  const bodyEnd = hasChecksum || isFormat ? bytes.length - CHECKSUM_BYTES : bytes.length
  if (bodyEnd < HEADER_BYTES) throw stop('an event is shorter than its checksum')
  if (hasChecksum) verifyChecksum(bytes, bodyEnd)
  if (!decode) return { header, type: 'nothing' }
  return { header, ...decode(new ByteReader(bytes.subarray(HEADER_BYTES, bodyEnd)), header) }
}

function verifyChecksum(bytes: Buffer, bodyEnd: number): void {
  let content = bytes.subarray(0, bodyEnd)
  const flags = content.readUInt16LE(FLAGS_OFFSET)
  if (content.readUInt8(4) === FORMAT_DESCRIPTION && (flags & IN_USE) !== 0) {
    // The server sets this flag in the file it writes to and leaves the checksum as it is.
    content = Buffer.from(content)
    content.writeUInt16LE(flags & ~IN_USE, FLAGS_OFFSET)
  }
  if (crc32(content) !== bytes.readUInt32LE(bodyEnd)) throw stop('an event fails its checksum')
}

/** Version, server, time, header length, one length per event type; the last byte says which checksum is used. */
function decodeFormat(body: ByteReader): Content {
  const version = body.uint(2)
  if (version !== 4) throw stop(`the binary log is of the unknown version ${version}`)
  const rest = body.rest()
  const algorithm = rest.at(-1) ?? 0
  if (algorithm > 1) throw stop(`the binary log uses the unknown checksum ${algorithm}`)
  return { type: 'format', checksum: algorithm === 1 }
}

function decodeQuery(
  body: ByteReader,
  { extra, compressed }: { readonly extra: number; readonly compressed: boolean },
): Content {
  body.skip(8)
  const schemaBytes = body.uint(1)
  body.skip(2)
  const variablesBytes = body.uint(2)
  body.skip(extra + variablesBytes)
  const schema = body.take(schemaBytes).toString()
  body.skip(1)
  const statement = compressed ? uncompress(body.rest()) : body.rest()
  return { type: 'query', schema, statement: toText(statement) }
}

/** Statements come in the character set of their client: nearly always UTF-8, else most likely latin1. */
function toText(bytes: Buffer): string {
  const text = bytes.toString()
  return text.includes('\ufffd') ? bytes.toString('latin1') : text
}

function decodeGtid(body: ByteReader): Content {
  body.skip(1)
  const uuid = toUuid(body.take(16))
  return { type: 'gtid', gtid: { flavour: 'mysql', uuid, tag: '', number: body.uint64() } }
}

/**
 * The id of a transaction with a tag: a message of MySQL's serialization library, whose fields come in the order
 * of their numbers: 0 flags, 1 UUID as 16 numbers, 2 the transaction's number (signed), 3 tag. The rest is not needed.
 */
function decodeTaggedGtid(body: ByteReader): Content {
  const version = body.serialized()
  if (version !== 1n) throw stop(`a transaction id is of the unknown format ${version}`)
  body.serialized()
  body.serialized()
  let field = body.serialized()
  if (field === 0n) {
    body.serialized()
    field = body.serialized()
  }
  if (field !== 1n) throw stop('a transaction id has no source')
  const uuid = toUuid(Buffer.from(Array.from({ length: 16 }, () => Number(body.serialized()))))
  if (body.serialized() !== 2n) throw stop('a transaction id has no number')
  const number = body.serialized() >> 1n
  const hasTag = body.left > 0 && body.serialized() === 3n
  const tag = hasTag ? body.take(Number(body.serialized())).toString() : ''
  return { type: 'gtid', gtid: { flavour: 'mysql', uuid, tag, number } }
}

function toUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function decodeMariadbGtid(body: ByteReader, { serverId }: Header): Content {
  const sequence = body.uint64()
  const domain = BigInt(body.uint(4))
  const standalone = (body.uint(1) & STANDALONE) !== 0
  const server = BigInt(serverId)
  return { type: 'gtid', gtid: { flavour: 'mariadb', domain, server, sequence, standalone } }
}

/** Events of version 2 have a part of variable length before the columns, which says its own length. */
function rows(
  change: RowsBody['change'],
  options: {
    readonly version: 1 | 2
    readonly partial?: boolean
    readonly compressed?: boolean
  },
): Decode {
  return (body) => {
    const tableId = body.uint(6)
    body.skip(2)
    if (options.version === 2) body.skip(Math.max(0, body.uint(2) - 2))
    const columnCount = body.lengthEncoded()
    const columns = body.take(Math.ceil(columnCount / 8))
    const columnsAfter = change === 'update' ? body.take(columns.length) : columns
    const rest = body.rest()
    return {
      type: 'rows',
      body: {
        tableId,
        change,
        partial: options.partial ?? false,
        columnCount,
        columns,
        columnsAfter,
        rows: options.compressed ? uncompress(rest) : rest,
      },
    }
  }
}
