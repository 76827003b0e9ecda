import type { Flavour } from './server.ts'

/** A set of transactions by their global ids. It only grows; `toString` is the server's spelling of it. */
export interface GtidSet {
  /** Whether every transaction of `other` is in this set. Sets of different flavours hold nothing of each other. */
  readonly contains: (other: GtidSet) => boolean
  readonly toString: () => string
}

/**
 * Reads a set as the server of `flavour` prints it.
 *
 * @throws {TypeError} when it is none.
 */
export function parseGtidSet(flavour: Flavour, text: string): MysqlGtidSet | MariadbGtidSet {
  return flavour === 'mysql' ? MysqlGtidSet.parse(text) : MariadbGtidSet.parse(text)
}

/** Whole numbers from `first` to `last`, both in it. */
type Interval = { first: bigint; last: bigint }

/** The transactions of one source (and, since MySQL 8.3, one tag) with their text, which is made once per change. */
type Source = { readonly intervals: Interval[]; text: string | null }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TAG = /^[a-z_][a-z0-9_]{0,31}$/
const INTERVAL = /^(\d+)(?:-(\d+))?$/

/**
 * MySQL's set: per source UUID and tag, ordered intervals that neither overlap nor touch.
 * `3e11fa47-…:1-5:7:some_tag:1-3,…`; the empty tag is the ids without one.
 */
export class MysqlGtidSet implements GtidSet {
  /** UUID → tag → transactions; both in the order in which they are printed. */
  readonly #sources = new Map<string, Map<string, Source>>()

  static parse(text: string): MysqlGtidSet {
    const set = new MysqlGtidSet()
    for (const part of text.toLowerCase().replaceAll(/\s+/g, '').split(',')) {
      if (part !== '') set.#parseSource(part)
    }
    return set
  }

  #parseSource(part: string): void {
    const [uuid = '', ...tokens] = part.split(':')
    if (!UUID.test(uuid)) throw notASet('mysql')
    let tag = ''
    for (const token of tokens) {
      const interval = INTERVAL.exec(token)
      if (interval) {
        const first = BigInt(interval[1] ?? '')
        this.#addInterval(uuid, tag, { first, last: BigInt(interval[2] ?? first) })
      } else if (TAG.test(token)) {
        tag = token
      } else {
        throw notASet('mysql')
      }
    }
  }

  /** Adds transaction `number` of the source `uuid`; `tag` is empty for an id without one. */
  add(uuid: string, tag: string, number: bigint): void {
    this.#addInterval(uuid, tag, { first: number, last: number })
  }

  #addInterval(uuid: string, tag: string, { first, last }: Interval): void {
    if (last < first) return
    const source = this.#source(uuid, tag)
    source.text = null
    const { intervals } = source
    // Nearly every id is the next one of its source.
    const end = intervals.at(-1)
    if (end && first === end.last + 1n) {
      end.last = last
      return
    }
    const from = intervals.findIndex((interval) => interval.last >= first - 1n)
    if (from === -1) {
      intervals.push({ first, last })
      return
    }
    let until = from
    const merged = { first, last }
    for (let next = intervals[until]; next && next.first <= last + 1n; next = intervals[until]) {
      if (next.first < merged.first) merged.first = next.first
      if (next.last > merged.last) merged.last = next.last
      until += 1
    }
    intervals.splice(from, until - from, merged)
  }

  #source(uuid: string, tag: string): Source {
    let tags = this.#sources.get(uuid)
    if (!tags) {
      tags = new Map()
      this.#sources.set(uuid, tags)
      sortMap(this.#sources)
    }
    let source = tags.get(tag)
    if (!source) {
      source = { intervals: [], text: null }
      tags.set(tag, source)
      sortMap(tags)
    }
    return source
  }

  contains(other: GtidSet): boolean {
    if (!(other instanceof MysqlGtidSet)) return false
    return other.sources().every(({ uuid, tag, intervals }) => {
      const own = this.#sources.get(uuid)?.get(tag)?.intervals ?? []
      return intervals.every(({ first, last }) =>
        own.some((interval) => interval.first <= first && last <= interval.last),
      )
    })
  }

  /** Every source with its intervals, in the set's order. */
  sources(): readonly {
    readonly uuid: string
    readonly tag: string
    readonly intervals: readonly Readonly<Interval>[]
  }[] {
    return [...this.#sources].flatMap(([uuid, tags]) =>
      [...tags].map(([tag, { intervals }]) => ({ uuid, tag, intervals })),
    )
  }

  toString(): string {
    let text = ''
    for (const [uuid, tags] of this.#sources) {
      text += text === '' ? uuid : `,${uuid}`
      for (const [tag, source] of tags) {
        source.text ??= printIntervals(source.intervals)
        text += tag === '' ? source.text : `:${tag}${source.text}`
      }
    }
    return text
  }
}

function printIntervals(intervals: readonly Interval[]): string {
  return intervals
    .map(({ first, last }) => (first === last ? `:${first}` : `:${first}-${last}`))
    .join('')
}

/** Brings the entries of `map` into the order of their keys. */
function sortMap<Value>(map: Map<string, Value>): void {
  const entries = [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  map.clear()
  for (const [key, value] of entries) map.set(key, value)
}

/**
 * MariaDB's position: per replication domain the last transaction, as `domain-server-sequence`. It stands for
 * that transaction and all before it in its domain.
 */
export class MariadbGtidSet implements GtidSet {
  readonly #last = new Map<bigint, { readonly server: bigint; readonly sequence: bigint }>()

  static parse(text: string): MariadbGtidSet {
    const set = new MariadbGtidSet()
    for (const part of text.replaceAll(/\s+/g, '').split(',')) {
      if (part === '') continue
      const match = /^(\d+)-(\d+)-(\d+)$/.exec(part)
      if (!match) throw notASet('mariadb')
      set.add(BigInt(match[1] ?? ''), BigInt(match[2] ?? ''), BigInt(match[3] ?? ''))
    }
    return set
  }

  /** Moves `domain` on to this transaction, which is the newest of it whatever its number is. */
  add(domain: bigint, server: bigint, sequence: bigint): void {
    this.#last.set(domain, { server, sequence })
  }

  contains(other: GtidSet): boolean {
    if (!(other instanceof MariadbGtidSet)) return false
    return [...other.#last].every(
      ([domain, { sequence }]) => (this.#last.get(domain)?.sequence ?? -1n) >= sequence,
    )
  }

  toString(): string {
    return [...this.#last]
      .map(([domain, { server, sequence }]) => `${domain}-${server}-${sequence}`)
      .join(',')
  }
}

function notASet(flavour: Flavour): TypeError {
  return new TypeError(`not a GTID set of ${flavour}`)
}
