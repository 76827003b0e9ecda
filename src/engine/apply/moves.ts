import { type Key, keyId } from '../../binlog/key.ts'
import { isListed } from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'

/** A row of the target, by its key there, and the key that the row of the source has by now; null when it is gone. */
export type Move = { readonly from: Key; readonly to: Key | null }

/** What the stream told of a row, with whether there is nothing of it in the target. */
type Told = Move & { readonly isNew: boolean }

/** The keys of all moves, from and to; a key can come twice. */
export function keysIn(moves: readonly Move[]): readonly Key[] {
  return moves.flatMap(({ from, to }) => (to === null ? [from] : [from, to]))
}

/** Keys of text are left out: two spellings can be one key, and then nothing moves. */
export function tracksMoves(pair: TablePair): boolean {
  const { write, target, columns, key, iterated, targetIndex } = pair
  if (write !== 'update_insert') return false
  const shared = new Set(columns.map(({ to }) => to.name))
  const hasOwn = target.columns.some(({ name, generated }) => !generated && !shared.has(name))
  const isOneIndex = key.length === iterated && targetIndex.every((place, at) => place === at)
  return (
    hasOwn &&
    isOneIndex &&
    targetIndex.length === key.length &&
    key.every(({ from, to }) => from.charset === null && to.charset === null && !isListed(from))
  )
}

/**
 * Where the rows went whose key was changed, of those changes that are not applied yet. The target keeps values that the
 * source does not have, and they belong to the row, not to its key.
 *
 * A re-read is ahead of the stream, so what the source holds does not tell which row it is; only the stream does, in
 * its order. Changes one after the other become one: A → B and B → C is A → C, and back to A is none. Each row of the
 * target is in one move at most, and no two go to one key.
 *
 * Moves that are taken are either {@link applied} or {@link failed}; what the stream tells meanwhile comes after that.
 */
export class Moves {
  readonly #byFrom = new Map<string, Move>()
  readonly #byTo = new Map<string, Move>()
  #taken: readonly Move[] | null = null
  #toldMeanwhile: Told[] = []

  get size(): number {
    return this.#byFrom.size
  }

  /** Whether a key is part of a move that waits: then it can be applied only with it. */
  has(id: string): boolean {
    return this.#byFrom.has(id) || this.#byTo.has(id)
  }

  /**
   * The row at `from` has the key `to` now.
   *
   * @param isNew whether the row came to `from` after what the target holds there.
   * @returns whether it has nothing of its own in the target.
   */
  moved(from: Key, to: Key, isNew: boolean): boolean {
    this.#tell({ from, to, isNew })
    return isNew && !this.#byTo.has(keyId(to))
  }

  /** The row at `key` was deleted. */
  gone(key: Key): void {
    this.#tell({ from: key, to: null, isNew: true })
  }

  /** What the target holds at `key` is of a row that is gone: nothing of it may go elsewhere. */
  forgetFrom(key: Key): void {
    const move = this.#byFrom.get(keyId(key))
    if (move) this.#forget(move)
  }

  /**
   * Whole chains of moves, of which `mayTake` allows every key, up to about `limit` moves; at least one chain, if there is
   * one. One that is longer than `longest` is forgotten: it could not be applied in one transaction.
   */
  take(
    { limit, longest }: { readonly limit: number; readonly longest: number },
    mayTake: (chain: readonly Move[]) => boolean,
  ): readonly Move[] {
    const taken: Move[] = []
    for (const chain of this.#chains(limit * 4)) {
      if (taken.length >= limit) break
      if (chain.length > longest) for (const move of chain) this.#forget(move)
      else if (mayTake(chain)) taken.push(...chain)
    }
    for (const move of taken) this.#forget(move)
    this.#taken = taken.length > 0 ? taken : null
    return taken
  }

  /** What was taken is committed. */
  applied(): void {
    this.#taken = null
    const told = this.#toldMeanwhile
    this.#toldMeanwhile = []
    for (const entry of told) this.#tell(entry)
  }

  /** What was taken was rolled back: it waits again, as if it had not been taken; returns it. */
  failed(): readonly Move[] {
    const taken = this.#taken ?? []
    for (const move of taken) this.#put(move)
    this.applied()
    return taken
  }

  #tell(told: Told): void {
    if (this.#taken) this.#toldMeanwhile.push(told)
    else this.#note(told)
  }

  #note({ from, to, isNew }: Told): void {
    const fromId = keyId(from)
    const before = this.#byTo.get(fromId)
    const hasOwn = !isNew && !this.#byFrom.has(fromId)
    const origin = before?.from ?? (hasOwn ? from : null)
    if (before) this.#forget(before)
    const isBack = origin !== null && to !== null && keyId(origin) === keyId(to)
    if (origin !== null && !isBack) this.#put({ from: origin, to })
  }

  #put(move: Move): void {
    this.#byFrom.set(keyId(move.from), move)
    if (move.to !== null) this.#byTo.set(keyId(move.to), move)
  }

  #forget({ from, to }: Move): void {
    this.#byFrom.delete(keyId(from))
    if (to !== null) this.#byTo.delete(keyId(to))
  }

  /** Some chains, each once: the search ends after so many moves, as it must not become the work. */
  *#chains(most: number): Generator<readonly Move[]> {
    const seen = new Set<Move>()
    for (const first of this.#byFrom.values()) {
      if (seen.size >= most) return
      if (seen.has(first)) continue
      const chain = this.#chainOf(first)
      for (const move of chain) seen.add(move)
      yield chain
    }
  }

  /** The moves that hang together with one: where it goes, another row leaves. */
  #chainOf(first: Move): readonly Move[] {
    const chain = new Set([first])
    const follow = (next: (move: Move) => Move | undefined) => {
      for (let move = next(first); move && !chain.has(move); move = next(move)) chain.add(move)
    }
    follow(({ to }) => (to === null ? undefined : this.#byFrom.get(keyId(to))))
    follow(({ from }) => this.#byTo.get(keyId(from)))
    return [...chain]
  }
}
