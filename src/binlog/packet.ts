import { ByteQueue } from './byte-queue.ts'

/** The length that says that the payload goes on in the next packet. */
const FULL = 0xffffff
const HEADER_BYTES = 4

/**
 * Cuts what a server sends into payloads: each packet has three bytes of length, one of sequence, then the payload;
 * payloads of 16 MiB and more come in several packets.
 */
export class PacketSplitter {
  readonly #bytes = new ByteQueue()
  /** The length of the packet whose header was read and whose content is still to come. */
  #length: number | null = null
  /** The parts of a payload whose last packet is still to come. */
  #parts: Buffer[] = []

  /** The payloads that `chunk` completes; most share its memory, and nothing else that is kept does. */
  push(chunk: Buffer): Buffer[] {
    this.#bytes.push(chunk)
    const payloads: Buffer[] = []
    for (let part = this.#nextPart(); part; part = this.#nextPart()) {
      this.#parts.push(part)
      if (part.length === FULL) continue
      payloads.push(this.#parts.length === 1 ? part : Buffer.concat(this.#parts))
      this.#parts = []
    }
    this.#bytes.own()
    return payloads
  }

  #nextPart(): Buffer | null {
    this.#length ??= this.#bytes.take(HEADER_BYTES)?.readUIntLE(0, 3) ?? null
    const part = this.#length === null ? null : this.#bytes.take(this.#length)
    if (part) this.#length = null
    return part
  }
}
