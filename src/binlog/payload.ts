import { createZstdDecompress, inflateSync, zstdDecompressSync } from 'node:zlib'
import { ByteQueue } from './byte-queue.ts'
import type { ByteReader } from './byte-reader.ts'
import { stop } from './stop.ts'

/** A whole transaction in one event (`binlog_transaction_compression`): the events in it, one after the other. */
export type Payload = {
  readonly compressed: boolean
  /** The bytes of its events when they are uncompressed. */
  readonly size: number
  readonly data: Buffer
}

const FIELD = { END: 0, SIZE: 1, COMPRESSION: 2, UNCOMPRESSED_SIZE: 3 } as const
const ZSTD = 0
const NO_COMPRESSION = 255

/** Reads the fields before a payload: each a number, a length and a value. */
export function readPayload(body: ByteReader): Payload {
  let compression = NO_COMPRESSION
  let size = -1
  for (;;) {
    const field = body.lengthEncoded()
    if (field === FIELD.END) break
    const length = body.lengthEncoded()
    const end = body.offset + length
    if (field === FIELD.COMPRESSION) compression = body.lengthEncoded()
    else if (field === FIELD.UNCOMPRESSED_SIZE) size = body.lengthEncoded()
    else body.skip(length)
    if (body.offset !== end) throw stop('a compressed transaction has a damaged header')
  }
  if (compression !== ZSTD && compression !== NO_COMPRESSION) {
    throw stop(`a transaction is compressed in the unknown way ${compression}`)
  }
  const data = body.rest()
  return { compressed: compression === ZSTD, size: size < 0 ? data.length : size, data }
}

/** Up to this size a payload is uncompressed at once; a larger one in parts, so that memory does not grow with it. */
const AT_ONCE_BYTES = 1024 * 1024

/** The events of a payload, in groups; only large payloads have more than one. */
export async function* readEvents(payload: Payload): AsyncGenerator<readonly Buffer[]> {
  const splitter = new EventSplitter()
  if (!payload.compressed) {
    yield splitter.push(payload.data)
  } else if (payload.size <= AT_ONCE_BYTES) {
    yield splitter.push(decompress(payload))
  } else {
    yield* decompressInParts(payload, splitter)
  }
  splitter.end()
}

function decompress({ data, size }: Payload): Buffer {
  try {
    return zstdDecompressSync(data, { maxOutputLength: Math.max(1, size) })
  } catch (error) {
    throw stop('a compressed transaction is damaged', error)
  }
}

async function* decompressInParts(
  { data }: Payload,
  splitter: EventSplitter,
): AsyncGenerator<readonly Buffer[]> {
  const parts = createZstdDecompress({ chunkSize: AT_ONCE_BYTES })
  parts.end(data)
  const chunks: AsyncIterator<Buffer> = parts[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await chunks.next().catch((error: unknown) => {
        throw stop('a compressed transaction is damaged', error)
      })
      if (done) return
      yield splitter.push(value)
    }
  } finally {
    parts.destroy()
  }
}

const HEADER_BYTES = 19
const SIZE_OFFSET = 9

/** Cuts bytes into events by the size that each event says of itself. */
class EventSplitter {
  readonly #bytes = new ByteQueue()

  push(chunk: Buffer): Buffer[] {
    this.#bytes.push(chunk)
    const events: Buffer[] = []
    for (let event = this.#next(); event; event = this.#next()) events.push(event)
    return events
  }

  #next(): Buffer | null {
    const size = this.#bytes.peek(HEADER_BYTES)?.readUInt32LE(SIZE_OFFSET)
    if (size === undefined) return null
    if (size < HEADER_BYTES) throw stop('an event is shorter than its header')
    return this.#bytes.take(size)
  }

  /** @throws {Refusal} STREAM_STOPPED when the last event is incomplete. */
  end(): void {
    if (this.#bytes.size > 0) throw stop('a compressed transaction is cut off')
  }
}

/**
 * What MariaDB's `log_bin_compress` compressed: a byte whose low three bits say how many bytes of length follow, the
 * length, highest byte first, then zlib data.
 */
export function uncompress(bytes: Buffer): Buffer {
  const first = bytes[0] ?? 0
  const lengthBytes = first & 7
  const algorithm = (first >> 4) & 7
  const headerBytes = 1 + lengthBytes
  if (algorithm !== 0 || lengthBytes < 1 || lengthBytes > 4 || headerBytes > bytes.length) {
    throw stop('a compressed event has a damaged header')
  }
  const size = bytes.readUIntBE(1, lengthBytes)
  let content: Buffer
  try {
    content = inflateSync(bytes.subarray(headerBytes), { maxOutputLength: Math.max(1, size) })
  } catch (error) {
    throw stop('a compressed event is damaged', error)
  }
  if (content.length !== size) throw stop('a compressed event is not as long as it says')
  return content
}
