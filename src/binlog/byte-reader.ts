import { stop } from './stop.ts'

/**
 * A cursor over the bytes of one event. It never reads past their end: damaged lengths stop the stream
 * instead of reading what belongs to the next event.
 */
export class ByteReader {
  readonly bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** How many bytes were read. */
  get offset(): number {
    return this.#offset
  }

  /** How many bytes are left. */
  get left(): number {
    return this.bytes.length - this.#offset
  }

  /** The next `length` bytes, without a copy. */
  take(length: number): Buffer {
    const from = this.#advance(length)
    return this.bytes.subarray(from, from + length)
  }

  /** All bytes that are left, without a copy. */
  rest(): Buffer {
    return this.take(this.left)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  /** An unsigned number of 1 to 6 bytes, the lowest first. */
  uint(length: 1 | 2 | 3 | 4 | 6): number {
    return this.bytes.readUIntLE(this.#advance(length), length)
  }

  /** An unsigned number of 8 bytes, the lowest first. */
  uint64(): bigint {
    return this.bytes.readBigUInt64LE(this.#advance(8))
  }

  /** MySQL's length-encoded integer: one byte up to 250, else a byte that says how many follow. */
  lengthEncoded(): number {
    const first = this.uint(1)
    if (first <= 250) return first
    if (first === 0xfc) return this.uint(2)
    if (first === 0xfd) return this.uint(3)
    if (first === 0xfe) {
      const value = this.uint64()
      if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value)
    }
    throw stop('a length in an event makes no sense')
  }

  /**
   * An unsigned number of MySQL's serialization library (`mysql/serialization`): as many bytes follow the first as
   * it has ones at its low end.
   */
  serialized(): bigint {
    const first = this.uint(1)
    if (first === 0xff) return this.uint64()
    let more = 0
    while ((first >> more) & 1) more += 1
    let value = BigInt(first >> (more + 1))
    for (let index = 0; index < more; index += 1) {
      value |= BigInt(this.uint(1)) << BigInt(7 - more + 8 * index)
    }
    return value
  }

  #advance(length: number): number {
    const from = this.#offset
    if (length > this.bytes.length - from) throw stop('an event ends before its content does')
    this.#offset = from + length
    return from
  }
}
