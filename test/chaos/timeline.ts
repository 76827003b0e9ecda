/** What happened in a round, and when; for whoever has to find out why it failed. */
export class Timeline {
  readonly #begun = performance.now()
  readonly #lines: string[] = []

  note(what: string): void {
    this.#lines.push(`${String(this.ms).padStart(7)} ms  ${what}`)
  }

  get ms(): number {
    return Math.round(performance.now() - this.#begun)
  }

  get lines(): readonly string[] {
    return this.#lines
  }
}
