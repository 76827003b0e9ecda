import type { Key } from '../../binlog/key.ts'
import type { KeySet, NotedChange } from './key-set.ts'
import type { Moves } from './moves.ts'

/** Writes down what the stream tells of the rows of one pair: which keys changed, and which rows moved to another key. */
export class ChangeNotes {
  readonly #keys: KeySet
  readonly #moves: Moves | null
  #trustsMoves: boolean

  /** `moves` is null where nobody asks for them; `trustsMoves` as in {@link trustMoves}. */
  constructor(keys: KeySet, moves: Moves | null, trustsMoves: boolean) {
    this.#keys = keys
    this.#moves = moves
    this.#trustsMoves = trustsMoves
  }

  /** Notes a change of the source, in the order of the stream. */
  note({ change, keys, moves, number }: NotedChange): void {
    const leaving = new Set(this.#moves ? moves : [])
    for (const [place, key] of keys.entries()) {
      const to = leaving.has(place) ? keys[place + 1] : undefined
      // Where a row has come to is noted with where it has left.
      if (leaving.has(place - 1)) continue
      if (!this.#moves) this.#keys.add(key, number)
      else if (to) this.#noteMove(this.#moves, [key, to], number)
      else this.#noteRow(this.#moves, { key, number, change })
    }
  }

  #noteMove(moves: Moves, [from, to]: readonly [Key, Key], number: number): void {
    const isNew = this.#trustsMoves ? moves.moved(from, to, this.#keys.isNew(from)) : null
    this.#keys.add(from, number, { gone: true, isNew: false })
    this.#keys.add(to, number, { gone: false, isNew })
  }

  #noteRow(
    moves: Moves,
    { key, number, change }: { readonly key: Key } & Pick<NotedChange, 'number' | 'change'>,
  ): void {
    const gone = change === 'delete'
    if (gone) moves.gone(key)
    const isMade = change === 'write' && this.#trustsMoves
    this.#keys.add(key, number, { gone, isNew: gone ? false : isMade || null })
  }

  /** From now on nothing is noted that was noted before: a move is made once. */
  trustMoves(): void {
    this.#trustsMoves = true
  }
}
