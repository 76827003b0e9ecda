/** The length that says that the payload goes on in the next packet. */
const FULL = 0xffffff
const HEADER_BYTES = 4

/**
 * Cuts what a server sends into payloads: each packet has three bytes of length, one of sequence, then the payload;
 * payloads of 16 MiB and more come in several packets.
 */
export class PacketSplitter {
  readonly #pending: Buffer[] = []
  #pendingBytes = 0
  #neededBytes = HEADER_BYTES

  /** The payloads that `chunk` completes. They share its memory. */
  push(chunk: Buffer): Buffer[] {
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    if (this.#pendingBytes < this.#neededBytes) return []
    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending)
    const payloads: Buffer[] = []
    let offset = 0
    for (;;) {
      const parts = this.#parts(bytes, offset)
      if (!parts) break
      const [first = Buffer.alloc(0)] = parts
      payloads.push(parts.length === 1 ? first : Buffer.concat(parts))
      offset += parts.reduce((total, part) => total + HEADER_BYTES + part.length, 0)
    }
    this.#pending.length = 0
    this.#pending.push(bytes.subarray(offset))
    this.#pendingBytes = bytes.length - offset
    return payloads
  }

  /** The parts of the payload at `offset`, or null when bytes of it are still to come; then it knows how many at least. */
  #parts(bytes: Buffer, offset: number): Buffer[] | null {
    const parts: Buffer[] = []
    let at = offset
    for (;;) {
      this.#neededBytes = at - offset + HEADER_BYTES
      if (bytes.length - at < HEADER_BYTES) return null
      const length = bytes.readUIntLE(at, 3)
      this.#neededBytes += length
      at += HEADER_BYTES
      if (bytes.length - at < length) return null
      parts.push(bytes.subarray(at, at + length))
      at += length
      if (length < FULL) return parts
    }
  }
}
