import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Key } from '../../src/binlog/key.ts'
import { KeySet, type PendingKey } from '../../src/engine/apply/key-set.ts'

const always = () => true

describe('KeySet', () => {
  test('merges equal keys and keeps the age of the first', () => {
    const keys = new KeySet()

    keys.add([7n], 1)
    keys.add([7n], 2)

    expect(keys.size).toBe(1)
    expect(keys.take(10, always, 0)).toMatchObject([{ key: [7n], number: 1 }])
  })

  test('makes a key wait again that changed while its batch was under way', () => {
    const keys = new KeySet()
    keys.add([7n], 1)
    const batch = keys.take(10, always, 0)

    keys.add([7n], 2)
    keys.applied(batch)

    expect(keys.oldest).toBe(2)
    expect(keys.take(10, always, 0)).toMatchObject([{ key: [7n], number: 2 }])
  })

  test('gives a parked key back only when its time has come', () => {
    const keys = new KeySet()
    keys.add([7n], 1)
    keys.park(keys.take(10, always, 0), 100)

    expect(keys.take(10, always, 99)).toEqual([])
    expect(keys.take(10, always, 100)).toMatchObject([{ attempts: 1, number: 1 }])
  })

  test('finds a key behind very many that may not be taken yet', () => {
    const keys = new KeySet()
    for (let id = 1n; id <= 1_000n; id += 1n) keys.add([id], Number(id))
    const isLast = ([id]: Key) => id === 1_000n

    const found = Array.from({ length: 10 }, () => keys.take(10, isLast, 0)).flat()

    expect(found).toMatchObject([{ key: [1_000n] }])
    expect(keys.take(10, always, 0)).toMatchObject(
      Array.from({ length: 10 }, (_, n) => ({ key: [BigInt(n + 1)] })),
    )
  })

  test('gives all keys to whoever wants all, also after a search that was cut off', () => {
    const keys = new KeySet()
    for (let id = 1n; id <= 1_000n; id += 1n) keys.add([id], Number(id))
    expect(keys.take(10, () => false, 0)).toEqual([])

    expect(keys.take(Number.POSITIVE_INFINITY, always, 0)).toHaveLength(1_000)
  })

  test('gives no more keys at once than a statement holds, but at least one', () => {
    const keys = new KeySet()
    for (let id = 1; id <= 1_000; id += 1) keys.add([Buffer.alloc(3_072, `${id},`)], id)

    const batch = keys.take(1_000, always, 0)

    expect(batch.length).toBeGreaterThan(100)
    // As it is written out in hex, once to find the row and once to compare its spelling.
    expect(batch.length * 3_072 * 2 * 2).toBeLessThan(4 * 1024 * 1024 - 1_000 * 100)
    expect(keys.take(Number.POSITIVE_INFINITY, always, 0)).toHaveLength(1_000 - batch.length)
  })

  test('leaves a key alone that may not be taken yet', () => {
    const keys = new KeySet()
    keys.add([7n], 1)

    expect(keys.take(10, () => false, 0)).toEqual([])
    expect(keys.oldest).toBe(1)
  })

  test('CHECKPOINT-1: its oldest number never passes a change that is not applied', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
        const model = new Model()
        for (const step of steps) {
          model.run(step)
          expect(model.keys.oldest ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(model.oldest)
        }
      }),
    )
  })
})

const STEP = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), key: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant('take' as const), limit: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('applied' as const) }),
  fc.record({ kind: fc.constant('park' as const), forMs: fc.integer({ min: 0, max: 5 }) }),
)
type Step = typeof STEP extends fc.Arbitrary<infer S> ? S : never

/** A key set, and beside it for each key the numbers of its changes that no finished batch has read after. */
class Model {
  readonly keys = new KeySet()
  readonly #unapplied = new Map<number, readonly number[]>()
  readonly #batches: { readonly batch: readonly PendingKey[]; readonly takenAt: number }[] = []
  #number = 0
  #now = 0

  get oldest(): number {
    return Math.min(...[...this.#unapplied.values()].flat())
  }

  run(step: Step): void {
    this.#now += 1
    if (step.kind === 'add') this.#add(step.key)
    else if (step.kind === 'take') this.#take(step.limit)
    else this.#finish(step)
  }

  #add(key: number): void {
    this.#number += 1
    this.keys.add([BigInt(key)], this.#number)
    this.#unapplied.set(key, [...(this.#unapplied.get(key) ?? []), this.#number])
  }

  #take(limit: number): void {
    const batch = this.keys.take(limit, always, this.#now)
    if (batch.length > 0) this.#batches.push({ batch, takenAt: this.#number })
  }

  #finish(step: Step & { readonly kind: 'applied' | 'park' }): void {
    const done = this.#batches.shift()
    if (!done) return
    if (step.kind === 'park') {
      this.keys.park(done.batch, this.#now + step.forMs)
      return
    }
    this.keys.applied(done.batch)
    for (const { key } of done.batch) {
      const id = Number(key[0])
      const later = (this.#unapplied.get(id) ?? []).filter((change) => change > done.takenAt)
      this.#unapplied.set(id, later)
    }
  }
}
