import * as mysql2 from 'mysql2'
import type { RunPhase } from '../../src/engine/port.ts'

/** Which statement springs a trap: the first that a pattern matches, or the so-manyth (from 1) of a phase or of all. */
export type Statement =
  | { readonly matches: string }
  | { readonly number: number; readonly phase: RunPhase | 'any' }

/** A statement of this process at which something happens; each trap springs once. */
export type Trap = {
  readonly at: Statement
  /** After means once the server has answered. */
  readonly when: 'before' | 'after'
}

type Callback = (...answer: unknown[]) => void

/** Watches the statements of every connection of this process. */
export class StatementTraps {
  readonly #open: Set<Trap>
  readonly #phase: () => RunPhase
  readonly #spring: (trap: Trap) => Promise<void>
  readonly #counts = new Map<RunPhase | 'any', number>()
  readonly #unanswered = new Set<{ readonly text: string }>()

  /**
   * `spring` is called when a trap springs. Until it resolves, the statement is not sent (before), or its answer is
   * not given (after).
   */
  constructor(
    traps: readonly Trap[],
    { phase, spring }: { phase: () => RunPhase; spring: (trap: Trap) => Promise<void> },
  ) {
    this.#open = new Set(traps)
    this.#phase = phase
    this.#spring = spring
  }

  /** How many statements there were so far. */
  get statements(): number {
    return this.#counts.get('any') ?? 0
  }

  /** The statements that the server has not answered yet, or whose answer is held back. */
  get unanswered(): readonly string[] {
    return [...this.#unanswered].map(({ text }) => text)
  }

  /** Begins to watch; it never ends. */
  set(): void {
    // Sound: the driver exports the class of its connections; its typings know only their type.
    const { prototype } = (mysql2 as unknown as { Connection: { prototype: object } }).Connection
    // Sound: all connections inherit this method, and its last argument is what it calls when it is done.
    const owner = prototype as { query: (this: object, ...args: unknown[]) => unknown }
    const send = owner.query
    const hit = (text: string) => this.#hit(text)
    const spring = this.#spring
    const unanswered = this.#unanswered
    owner.query = function (this: object, ...args: unknown[]) {
      const trap = hit(String(args[0]))
      const done = args.at(-1)
      if (typeof done !== 'function') return send.apply(this, args)
      const statement = { text: String(args[0]) }
      unanswered.add(statement)
      const answer: Callback = (...results) => {
        unanswered.delete(statement)
        done(...results)
      }
      const late: Callback = (...results) => {
        if (trap?.when === 'after') void spring(trap).then(() => answer(...results))
        else answer(...results)
      }
      const all = [...args.slice(0, -1), late]
      if (trap?.when !== 'before') return send.apply(this, all)
      // Not handed on: what the driver returns has a `then` that throws.
      void spring(trap).then(() => {
        send.apply(this, all)
      })
      return undefined
    }
  }

  #hit(text: string): Trap | null {
    const phase = this.#phase()
    for (const name of [phase, 'any'] as const) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    }
    for (const trap of this.#open) {
      if (!this.#isAt(trap.at, text, phase)) continue
      this.#open.delete(trap)
      return trap
    }
    return null
  }

  #isAt(at: Statement, text: string, phase: RunPhase): boolean {
    if ('matches' in at) return new RegExp(at.matches).test(text)
    if (at.phase !== 'any' && at.phase !== phase) return false
    return (this.#counts.get(at.phase) ?? 0) >= at.number
  }
}
