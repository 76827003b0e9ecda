import { systemClock } from '../../../src/clock.ts'
import type { Statement } from './plan.ts'

/** A write that the application saw fail. */
export type WriteError = {
  readonly at: Date
  readonly code: string
  readonly errno: number | null
  readonly message: string
  readonly connectionLost: boolean
}

/** How long writes took, in milliseconds, COMMIT included. */
export type Latency = {
  readonly longestMs: number
  readonly longestAt: Date | null
  readonly longestStatement: string
  readonly p50Ms: number
  readonly p99Ms: number
}

export type Counts = {
  /** Rows written and acknowledged, by kind. */
  readonly insert: number
  readonly update: number
  readonly delete: number
  readonly move: number
}

type Waiting = {
  readonly writes: number
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

/** Counts what all writers of a workload did. */
export class Tally {
  readonly errors: WriteError[] = []
  readonly counts = { insert: 0, update: 0, delete: 0, move: 0 }
  rollbacks = 0
  /** Writes whose acknowledgement was lost. */
  doubts = 0
  readonly #latencies: number[] = []
  #longest = { ms: 0, at: null as Date | null, statement: '' }
  #waiting: Waiting[] = []
  #ended = false

  /** How many writes have been acknowledged. */
  get writes(): number {
    const { insert, update, delete: deleted, move } = this.counts
    return insert + update + deleted + move
  }

  /** Resolves when `more` writes have been acknowledged from now on; rejects when nobody writes any more. */
  written(more: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ writes: this.writes + more, resolve, reject })
    if (this.#ended) this.end()
    return promise
  }

  acknowledged(statements: readonly Statement[]): void {
    for (const { kind } of statements) this.counts[kind] += 1
    const due = this.#waiting.filter(({ writes }) => writes <= this.writes)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter((one) => !due.includes(one))
    for (const { resolve } of due) resolve()
  }

  /** Nobody writes any more, so nothing more will be written. */
  end(): void {
    this.#ended = true
    const reason = this.errors.at(-1)?.message ?? 'they were stopped'
    for (const { reject } of this.#waiting) reject(new Error(`every writer has ended: ${reason}`))
    this.#waiting = []
  }

  rolledBack(): void {
    this.rollbacks += 1
  }

  inDoubt(): void {
    this.doubts += 1
  }

  failed(error: WriteError): void {
    this.errors.push(error)
  }

  /** Runs one write and notes how long it took; also when it failed. */
  async timed<T>(statement: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await work()
    } finally {
      const ms = performance.now() - start
      this.#latencies.push(ms)
      if (ms > this.#longest.ms) this.#longest = { ms, at: systemClock.now(), statement }
    }
  }

  latency(): Latency {
    const sorted = this.#latencies.toSorted((a, b) => a - b)
    const share = (ratio: number) => sorted[Math.floor((sorted.length - 1) * ratio)] ?? 0
    return {
      longestMs: this.#longest.ms,
      longestAt: this.#longest.at,
      longestStatement: this.#longest.statement,
      p50Ms: share(0.5),
      p99Ms: share(0.99),
    }
  }
}
