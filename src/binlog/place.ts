import { MariadbGtidSet, MysqlGtidSet, parseGtidSet } from '../mysql/gtid-set.ts'
import type { Position } from '../mysql/position.ts'
import type { Header, MariadbGtid, MysqlGtid } from './decode.ts'

/** 2^32: offsets in events have 32 bits, while one large transaction can make a file longer than that. */
const OFFSET_RANGE = 0x1_0000_0000

const ARTIFICIAL = 0x20

/**
 * Where in the binlog the stream is. It moves on with every event, but a position to start from again is
 * only behind the end of a transaction: `boundary`.
 *
 * The dump command takes offsets of 32 bits. Behind a transaction that ended farther in its file, the boundary stays
 * before it, until the next file begins; starting from there delivers the transaction again, which does no harm.
 */
export class Place {
  #file: string | null
  #offset: number
  readonly #set: MysqlGtidSet | MariadbGtidSet | null
  #gtid: MysqlGtid | MariadbGtid | null = null
  #boundary: Position

  constructor(from: Position) {
    this.#file = from.kind === 'file' ? from.file : null
    this.#offset = from.kind === 'file' ? Number(from.offset) : 0
    this.#set = from.kind === 'gtid' ? parseGtidSet(from.flavour, from.set) : null
    this.#boundary = from
  }

  /** Everything before this position was delivered, and a stream can start from it. */
  get boundary(): Position {
    return this.#boundary
  }

  /** Moves behind an event that stands in the file. */
  advance({ end, flags }: Header): void {
    if (end === 0 || (flags & ARTIFICIAL) !== 0) return
    const low = this.#offset % OFFSET_RANGE
    this.#offset += end - low + (end < low ? OFFSET_RANGE : 0)
  }

  /** Goes on in `file`; returns whether the boundary moved with it. */
  rotate(file: string, offset: bigint): boolean {
    if (this.#set) return false
    const moved = file !== this.#file
    this.#file = file
    this.#offset = Number(offset)
    if (moved) this.#boundary = { kind: 'file', file, offset }
    return moved
  }

  /** A transaction begins; null is one without an id. */
  begin(gtid: MysqlGtid | MariadbGtid | null): void {
    this.#gtid = gtid
  }

  /** The transaction is complete; returns the new boundary. */
  commit(): Position {
    if (this.#set) {
      this.#addGtid(this.#set)
    } else if (this.#file !== null && this.#offset < OFFSET_RANGE) {
      this.#boundary = { kind: 'file', file: this.#file, offset: BigInt(this.#offset) }
    }
    return this.#boundary
  }

  #addGtid(set: MysqlGtidSet | MariadbGtidSet): void {
    const gtid = this.#gtid
    this.#gtid = null
    if (gtid?.flavour === 'mysql' && set instanceof MysqlGtidSet) {
      set.add(gtid.uuid, gtid.tag, gtid.number)
      this.#boundary = { kind: 'gtid', flavour: 'mysql', set: set.toString() }
    } else if (gtid?.flavour === 'mariadb' && set instanceof MariadbGtidSet) {
      set.add(gtid.domain, gtid.server, gtid.sequence)
      this.#boundary = { kind: 'gtid', flavour: 'mariadb', set: set.toString() }
    }
  }
}
