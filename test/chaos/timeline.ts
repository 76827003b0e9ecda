/** What happened in a round, and when; for whoever has to find out why it failed. */
export class Timeline {
  readonly #begunAt = Date.now()
  readonly #lines: { readonly ms: number; readonly line: string }[] = []

  /** `at` is for what is told later than it happened. */
  note(what: string, at = new Date()): void {
    const ms = at.getTime() - this.#begunAt
    this.#lines.push({ ms, line: `${String(ms).padStart(7)} ms  ${what}` })
  }

  get ms(): number {
    return Date.now() - this.#begunAt
  }

  get lines(): readonly string[] {
    return this.#lines.toSorted((a, b) => a.ms - b.ms).map(({ line }) => line)
  }
}
