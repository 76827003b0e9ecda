import type { Key } from '../../binlog/key.ts'
import { compareKeys, type KeyRange } from '../table/key-sql.ts'

export type KeyState = 'not_reached' | 'in_flight' | 'copied'

/**
 * How far the row copy of one table is. (Spirit calls the same thing a watermark.)
 *
 * A change whose key no copier has reached can be forgotten: the chunk that will hold it reads with locks, so it
 * sees the change. A change inside a chunk that is being copied waits until the chunk is done. Where keys cannot
 * be ordered here as the server orders them, every key counts as copied, and the chunks clear their range first.
 */
export class Frontier {
  readonly #comparable: boolean
  readonly #inFlight = new Set<KeyRange>()
  /** The upper end of the last chunk that was begun; null before the first one. */
  #reached: Key | null = null
  #complete = false
  /** Where the copy ends; what lies beyond is never copied, but brought by the stream. */
  #end: Key | null = null

  constructor(comparable: boolean) {
    this.#comparable = comparable
  }

  /** Continues a copy of which everything up to `key` is proven complete; with null, everything is. */
  resumeAt(key: Key | null): void {
    this.#reached = key
    this.#complete = key === null
  }

  /** Nothing beyond `key` will be copied: from now on every change there is applied. */
  endAt(key: Key): void {
    this.#end = key
  }

  /** Must be called before the chunk's first statement is sent: from now on changes inside it are kept. */
  begin(range: KeyRange): void {
    this.#inFlight.add(range)
    this.#reached = range.upTo
    if (range.upTo === null) this.#complete = true
  }

  /**
   * The first rows of a chunk, up to `key`, are committed: their changes may be applied. The rest of it may even wait for
   * that: a value that it brings can still be held by a row that is there already.
   *
   * @returns what is left of the chunk.
   */
  advance(range: KeyRange, key: Key | null): KeyRange {
    const rest = { after: key, upTo: range.upTo }
    this.#inFlight.delete(range)
    this.#inFlight.add(rest)
    return rest
  }

  /** The chunk is committed: its changes may be applied. */
  end(range: KeyRange): void {
    this.#inFlight.delete(range)
  }

  stateOf(key: Key): KeyState {
    if (!this.#comparable) return 'copied'
    if (this.#end !== null && compareKeys(key, this.#end) > 0) return 'copied'
    if (!this.#complete && (this.#reached === null || compareKeys(key, this.#reached) > 0)) {
      return 'not_reached'
    }
    for (const { after, upTo } of this.#inFlight) {
      const above = after === null || compareKeys(key, after) > 0
      if (above && (upTo === null || compareKeys(key, upTo) <= 0)) return 'in_flight'
    }
    return 'copied'
  }
}
