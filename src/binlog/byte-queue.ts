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
    let [first = Buffer.alloc(0)] = this.#chunks
    if (first.length < length) {
      let count = 0
      for (let bytes = 0; bytes < length; count += 1) bytes += this.#chunks[count]?.length ?? 0
      first = Buffer.concat(this.#chunks.splice(0, count))
      this.#chunks.unshift(first)
    }
    return first.subarray(0, length)
  }

  /** Takes the first `length` bytes out; null while there are fewer. */
  take(length: number): Buffer | null {
    const bytes = this.peek(length)
    const [first] = this.#chunks
    if (!bytes || !first) return bytes
    if (first.length === length) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(length)
    this.#size -= length
    return bytes
  }
}
