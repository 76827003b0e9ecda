/** Numbers from 0 up to 1, the same for the same seed. mulberry32: 32 bits of state are enough to vary a test. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Choices that follow from a seed. */
export class Chance {
  readonly random: () => number

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike.
    this.random = seededRandom(Math.imul(seed, 0x9e37_79b1))
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1))
  }

  isLikely(share: number): boolean {
    return this.random() < share
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.random() * items.length)]
    if (item === undefined) throw new TypeError('there is nothing to choose from')
    return item
  }

  /** Between `least` and all of the items, in their order. */
  some<T>(items: readonly T[], least: number): readonly T[] {
    const count = this.between(least, items.length)
    const order = items.map((item, index) => ({ item, index, rank: this.random() }))
    const chosen = order.toSorted((a, b) => a.rank - b.rank).slice(0, count)
    return chosen.toSorted((a, b) => a.index - b.index).map(({ item }) => item)
  }
}
