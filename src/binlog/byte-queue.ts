/** Bytes that came in chunks, to be taken in pieces; a piece that lies within one chunk is not copied. */
export class ByteQueue {
  readonly #chunks: Buffer[] = []
  #size = 0

  /** How many bytes are in it. */
  get size(): number {
    return this.#size
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  /** Copies what is left of the chunk that was pushed last, so that its memory may be used again. */
  own(): void {
    const last = this.#chunks.pop()
    if (last) this.#chunks.push(Buffer.from(last))
  }

  /** The first `length` bytes, which stay in it; null while there are fewer. */
  peek(length: number): Buffer | null {
    if (length > this.#size) return null
    const [first = EMPTY] = this.#chunks
    if (length <= first.length) return first.subarray(0, length)
    const piece = Buffer.allocUnsafe(length)
    let copied = 0
    for (const chunk of this.#chunks) {
      copied += chunk.copy(piece, copied, 0, length - copied)
      if (copied === length) break
    }
    return piece
  }

  /** Takes the first `length` bytes out; null while there are fewer. */
  take(length: number): Buffer | null {
    const piece = this.peek(length)
    if (piece) this.#drop(length)
    return piece
  }

  #drop(length: number): void {
    this.#size -= length
    let left = length
    let whole = 0
    for (const chunk of this.#chunks) {
      if (chunk.length > left) break
      left -= chunk.length
      whole += 1
    }
    this.#chunks.splice(0, whole)
    const [first] = this.#chunks
    if (first && left > 0) this.#chunks[0] = first.subarray(left)
  }
}

const EMPTY = Buffer.alloc(0)
