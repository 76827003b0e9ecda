import type { EngineRequest } from '../port.ts'

export type Profile = EngineRequest['profile']

/** How far a profile goes at full effort. */
type Limits = { readonly workers: number; readonly chunkMs: number; readonly maxRows: number }

const LIMITS: Readonly<Record<Profile, Limits>> = {
  polite: { workers: 4, chunkMs: 100, maxRows: 5_000 },
  fast: { workers: 4, chunkMs: 250, maxRows: 20_000 },
}

/** The most workers of any profile. */
export const MAX_WORKERS = Math.max(...Object.values(LIMITS).map(({ workers }) => workers))

const MIN_CHUNK_MS = 10
const MIN_ROWS = 50
/** Where `polite` begins, and the least that it comes down to: one worker with chunks of about 10 ms. */
const FIRST_EFFORT = 0.3
const LEAST_EFFORT = 0.05
/** Added when a commit was as quick as before; nobody to be polite to is a reason to go up faster. */
const MORE = 0.03
const MORE_WHEN_ALONE = 0.2
/** Multiplied with when a commit was slow. */
const LESS = 0.7
/** A commit is slow when it takes this many times as long as before the copy, and this much longer. */
const SLOW_FACTOR = 2
const SLOW_BEYOND_MS = 4

/** What was seen at one moment. */
export type Sight = {
  /** How long a small commit took, in milliseconds. */
  readonly commitMs: number
  /** Whether anybody but the engine has written to the server lately. */
  readonly othersWrite: boolean
}

/**
 * How hard the row copy works: how many workers, and how long a chunk of theirs should take. `fast` is always at its
 * limits. `polite` goes up by a little with every commit that is as quick as before the copy, and down by a
 * share with every one that is not (additive increase, multiplicative decrease, as in TCP). The commits are small ones
 * of the engine's own: they wait for the same log as those of the application.
 */
export class Pace {
  readonly profile: Profile
  #effort: number
  #slowBeyondMs = Number.POSITIVE_INFINITY

  constructor(profile: Profile) {
    this.profile = profile
    this.#effort = profile === 'fast' ? 1 : FIRST_EFFORT
  }

  /** How many workers may copy at once. */
  get workers(): number {
    return Math.max(1, Math.round(this.#limits.workers * this.#effort))
  }

  /** How long one chunk should take: each row of it is locked for up to that long. */
  get chunkMs(): number {
    return Math.max(MIN_CHUNK_MS, this.#limits.chunkMs * this.#effort)
  }

  /** Takes what commits took before the copy as the level to stay near to; without any, every commit is quick. */
  setBaseline(commitsMs: readonly number[]): void {
    if (commitsMs.length === 0) return
    const sorted = commitsMs.toSorted((some, other) => some - other)
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0
    this.#slowBeyondMs = Math.max(median * SLOW_FACTOR, median + SLOW_BEYOND_MS)
  }

  observe({ commitMs, othersWrite }: Sight): void {
    if (this.profile === 'fast') return
    if (!othersWrite) this.#effort += MORE_WHEN_ALONE
    else if (commitMs > this.#slowBeyondMs) this.#effort *= LESS
    else this.#effort += MORE
    this.#effort = Math.min(1, Math.max(LEAST_EFFORT, this.#effort))
  }

  /** How many rows the next chunk should have, given how long the last one took; changes at most twofold. */
  nextRows(rows: number, tookMs: number): number {
    const factor = Math.min(2, Math.max(0.5, this.chunkMs / Math.max(1, tookMs)))
    return Math.min(this.#limits.maxRows, Math.max(MIN_ROWS, Math.round(rows * factor)))
  }

  get #limits(): Limits {
    return LIMITS[this.profile]
  }
}
