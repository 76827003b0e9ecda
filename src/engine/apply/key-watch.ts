/** Notes which of some keys have changed since they began to be watched; a key set tells it of every change. */
export class KeyWatch {
  readonly #watched = new Set<string>()
  readonly #changed = new Set<string>()

  /** From now on changes of this key are noted. */
  begin(id: string): void {
    this.#watched.add(id)
  }

  /** A change of this key has come. */
  note(id: string): void {
    if (this.#watched.has(id)) this.#changed.add(id)
  }

  /** Whether the key was watched all the time and no change of it has come. */
  isUnchanged(id: string): boolean {
    return this.#watched.has(id) && !this.#changed.has(id)
  }
}
