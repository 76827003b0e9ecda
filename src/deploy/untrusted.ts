/**
 * A value that came from outside, read piece by piece. Every piece knows its path, so that a refusal can
 * name it: `databases.shop.branches.production.cutover`.
 */
export class Untrusted {
  readonly #value: unknown
  readonly #path: string
  readonly #refuse: Refuse

  /** `refuse` makes the error from the place and what is wrong there. */
  constructor(value: unknown, refuse: Refuse, path = '') {
    this.#value = value
    this.#path = path
    this.#refuse = refuse
  }

  get isPresent(): boolean {
    return this.#value !== undefined && this.#value !== null
  }

  /** The error that says of this place that it `must` … */
  refusal(must: string): Error {
    return this.#refuse(this.#path, must)
  }

  /** The members of an object that knows no others than `known`. */
  members<K extends string>(known: readonly K[]): Readonly<Record<K, Untrusted>> {
    const object = this.#object()
    const unknown = Object.keys(object).find((key) => !known.some((name) => name === key))
    if (unknown !== undefined) {
      throw this.#refuse(this.#at(unknown), `is unknown; known are ${known.join(', ')}`)
    }
    // Sound: one entry for each of `known`.
    return Object.fromEntries(known.map((key) => [key, this.#member(object, key)])) as Record<
      K,
      Untrusted
    >
  }

  /** The members of an object with any names. */
  entries(): readonly (readonly [string, Untrusted])[] {
    const object = this.#object()
    return Object.keys(object).map((key) => [key, this.#member(object, key)])
  }

  items(): readonly Untrusted[] {
    if (!Array.isArray(this.#value)) throw this.refusal('must be a list')
    return this.#value.map((item: unknown, index) => this.#child(item, String(index)))
  }

  text(): string {
    if (typeof this.#value !== 'string') throw this.refusal('must be a text')
    return this.#value
  }

  /** A text that matches `pattern`; `must` says in words what that means. */
  match(pattern: RegExp, must: string): string {
    const value = this.text()
    if (!pattern.test(value)) throw this.refusal(must)
    return value
  }

  oneOf<T extends string>(values: readonly T[]): T {
    const value = values.find((candidate) => candidate === this.#value)
    if (value === undefined) throw this.refusal(`must be one of ${values.join(', ')}`)
    return value
  }

  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number {
    const value = this.#value
    if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most) {
      throw this.refusal(`must be a whole number from ${least} to ${most}`)
    }
    return Number(value)
  }

  flag(): boolean {
    if (typeof this.#value !== 'boolean') throw this.refusal('must be true or false')
    return this.#value
  }

  /** What `read` makes of the value, or `otherwise` when there is none. */
  or<T, U>(otherwise: U, read: (value: this) => T): T | U {
    return this.isPresent ? read(this) : otherwise
  }

  #object(): object {
    const value = this.#value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.refusal('must hold named values')
    }
    return value
  }

  #member(object: object, key: string): Untrusted {
    const own = Object.getOwnPropertyDescriptor(object, key)
    return this.#child(own?.value, key)
  }

  #child(value: unknown, key: string): Untrusted {
    return new Untrusted(value, this.#refuse, this.#at(key))
  }

  #at(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`
  }
}

/** Makes the error for the place `path` (empty for the whole), which `must` …, as in `must be a text`. */
export type Refuse = (path: string, must: string) => Error
