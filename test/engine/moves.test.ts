import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Key } from '../../src/binlog/key.ts'
import { Moves } from '../../src/engine/apply/moves.ts'

const all = { limit: Number.POSITIVE_INFINITY, longest: Number.POSITIVE_INFINITY }
const key = (id: number): Key => [BigInt(id)]

function taken(moves: Moves): readonly string[] {
  return moves
    .take(all, () => true)
    .map(({ from, to }) => `${from}→${to}`)
    .toSorted()
}

describe('Moves', () => {
  test.for([
    ['one change', [[1, 2]], ['1→2']],
    [
      'a chain',
      [
        [1, 2],
        [2, 3],
      ],
      ['1→3'],
    ],
    [
      'a way back',
      [
        [1, 2],
        [2, 1],
      ],
      [],
    ],
    [
      'a swap',
      [
        [1, 9],
        [2, 1],
        [9, 2],
      ],
      ['1→2', '2→1'],
    ],
    [
      'a shift',
      [
        [3, 4],
        [2, 3],
        [1, 2],
      ],
      ['1→2', '2→3', '3→4'],
    ],
    [
      'a row that came to a key which another had left',
      [
        [1, 2],
        [1, 3],
      ],
      ['1→2'],
    ],
  ] as const)('makes one of changes one after the other: %s', ([, changes, expected]) => {
    const moves = new Moves()

    for (const [from, to] of changes) moves.moved(key(from), key(to), false)

    expect(taken(moves)).toEqual(expected)
  })

  test('ends a way at which the row is deleted', () => {
    const moves = new Moves()
    moves.moved(key(1), key(2), false)

    moves.gone(key(2))

    expect(taken(moves)).toEqual(['1→null'])
  })

  test('forgets a chain that is too long, and takes no chain in part', () => {
    const moves = new Moves()
    for (let id = 30; id > 0; id -= 1) moves.moved(key(id), key(id + 1), false)
    moves.moved(key(101), key(102), false)
    moves.moved(key(100), key(101), false)

    const some = moves.take({ limit: 10, longest: 20 }, () => true)

    expect(some).toHaveLength(2)
    expect(moves.size).toBe(0)
  })

  test('REVERSE-2: what belongs to a row follows it, however batches are cut, fail and are repeated', () => {
    fc.assert(
      fc.property(fc.array(aStep(), { maxLength: 60 }), (steps) => {
        const world = new World()
        for (const step of steps) world.take(step)
        world.settle()
        expect(world.kept).toEqual(world.rows)
      }),
    )
  })
})

type Step =
  | { readonly type: 'delete'; readonly key: number }
  | { readonly type: 'move'; readonly key: number; readonly to: number }
  | { readonly type: 'begin'; readonly limit: number }
  | { readonly type: 'end'; readonly fails: boolean }

const KEYS = 6

function aStep(): fc.Arbitrary<Step> {
  const id = fc.integer({ min: 0, max: KEYS - 1 })
  return fc.oneof(
    fc.record({ type: fc.constant('delete' as const), key: id }),
    fc.record({ type: fc.constant('move' as const), key: id, to: id }),
    fc.record({ type: fc.constant('begin' as const), limit: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ type: fc.constant('end' as const), fails: fc.boolean() }),
  )
}

/** The source's rows by key and whose they are, and the same as the target is kept by the moves alone. */
class World {
  readonly rows = new Map<number, number>()
  readonly kept = new Map<number, number>()
  readonly #moves = new Moves()
  #next = 1

  constructor() {
    for (let id = 0; id < KEYS; id += 2) this.#insert(id)
  }

  take(step: Step): void {
    if (step.type === 'move') this.#move(step.key, step.to)
    else if (step.type === 'delete') this.#delete(step.key)
    else if (step.type === 'begin') this.#begin(step.limit)
    else if (step.type === 'end') this.#end(step.fails)
  }

  settle(): void {
    this.#end(false)
    while (this.#moves.size > 0) {
      this.#begin(4)
      this.#end(false)
    }
  }

  #insert(id: number): void {
    this.rows.set(id, this.#next)
    this.kept.set(id, this.#next)
    this.#next += 1
  }

  /** Only rows that have moved: the others are the key set's business. */
  #delete(id: number): void {
    const row = this.rows.get(id)
    if (row === undefined || this.kept.get(id) === row) return
    this.rows.delete(id)
    this.#moves.gone(key(id))
  }

  #move(from: number, to: number): void {
    const row = this.rows.get(from)
    if (row === undefined || this.rows.has(to)) return
    this.rows.delete(from)
    this.rows.set(to, row)
    this.#moves.moved(key(from), key(to), false)
  }

  #taken: readonly { readonly from: number; readonly to: number | null }[] | null = null

  #begin(limit: number): void {
    if (this.#taken) return
    this.#taken = this.#moves
      .take({ limit, longest: KEYS }, () => true)
      .map(({ from, to }) => ({ from: Number(from[0]), to: to && Number(to[0]) }))
  }

  #end(fails: boolean): void {
    if (!this.#taken) return
    if (fails) this.#moves.failed()
    else {
      const found = this.#taken.map(({ from, to }) => [to, this.kept.get(from)] as const)
      for (const { from } of this.#taken) this.kept.delete(from)
      for (const [to, row] of found) if (to !== null && row !== undefined) this.kept.set(to, row)
      this.#moves.applied()
    }
    this.#taken = null
  }
}
