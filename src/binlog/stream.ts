import type { Target } from '../mysql/connect.ts'
import { ERRNO } from '../mysql/errno.ts'
import type { Position } from '../mysql/position.ts'
import { decodeEvent } from './decode.ts'
import { connectionLost, Dump, dumpRefusalOf } from './dump.ts'
import type { ChangeEvent } from './event.ts'
import type { KeyLayout } from './key.ts'
import { type Payload, readEvents } from './payload.ts'
import { Place } from './place.ts'
import { stop } from './stop.ts'
import { Translator } from './translate.ts'

/** Where and how to read. */
export type ChangeStreamOptions = {
  readonly target: Target
  readonly from: Position
  /**
   * How to find the key in the rows of a table, or null for a table whose changes are not wanted. Asked
   * whenever the binlog names a table, so that its answer may change at any statement event.
   */
  readonly layoutOf: (schema: string, table: string) => KeyLayout | null
  /** How often the server says that it is alive while nothing happens. */
  readonly heartbeatMs: number
  /** Aborting ends the stream: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal
  /** How we are named among the server's replicas: no other may have the same. Random when it is not given. */
  readonly serverId?: number
}

/**
 * The changes from a position on, without end: one array or more per chunk of bytes that was read, never empty. An array
 * ends after some thousand keys and after a statement event, and what follows is decoded only when the next array is
 * asked for. Nothing is read
 * from the server while nobody asks. It can be iterated once.
 */
export interface ChangeStream extends AsyncIterable<readonly ChangeEvent[]>, AsyncDisposable {}

/**
 * Starts to read the binlog of `target`'s server.
 *
 * @throws {Refusal} POSITION_GONE when the binlog from there on was purged, PRIVILEGE_MISSING, and what `connect`
 * throws. The iteration throws STREAM_STOPPED, TABLE_CHANGED or BINLOG_FORMAT, or the driver's error when the
 * connection is lost; then a new stream from the position of the last transaction event goes on without loss.
 */
export async function openChangeStream(options: ChangeStreamOptions): Promise<ChangeStream> {
  const dump = await Dump.open(options)
  try {
    const first = await dump.read()
    // The server's refusal, if there is one, is the first that it sends.
    for (const packet of first) refuseError(packet, false)
    return new DumpStream(dump, first, options)
  } catch (error) {
    await dump[Symbol.asyncDispose]()
    throw error
  }
}

/** An array with so many keys is full: of small rows, what is read at once has tens of thousands. */
const KEYS_AT_ONCE = 5_000

const OK = 0x00
const ERROR = 0xff

class DumpStream implements ChangeStream {
  readonly #dump: Dump
  readonly #place: Place
  readonly #translator: Translator
  #first: readonly Buffer[] | null
  #checksum: boolean
  /** About how many keys were decoded since the last array that was full. */
  #keys = 0
  /** Whether an event of the binlog itself has come, so that the position was good. */
  #begun = false

  constructor(dump: Dump, first: readonly Buffer[], { from, layoutOf }: ChangeStreamOptions) {
    this.#dump = dump
    this.#first = first
    this.#checksum = dump.checksum
    this.#place = new Place(from)
    this.#translator = new Translator(this.#place, layoutOf)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly ChangeEvent[]> {
    if (!this.#first) throw new TypeError('a change stream is iterated once')
    let packets = this.#first
    this.#first = null
    const changes: ChangeEvent[] = []
    for (;;) {
      try {
        yield* this.#readPackets(packets, changes)
      } catch (error) {
        // What came before it is whole and is delivered.
        if (changes.length > 0) yield changes
        throw error
      }
      packets = await this.#dump.read()
    }
  }

  async *#readPackets(
    packets: readonly Buffer[],
    changes: ChangeEvent[],
  ): AsyncGenerator<readonly ChangeEvent[]> {
    for (const packet of packets) {
      const payload = this.#takePacket(packet, changes)
      if (payload) yield* this.#readPayload(payload, changes)
      const full = this.#cut(changes)
      if (full) yield full
    }
    if (changes.length > 0) yield changes.splice(0)
  }

  /** Adds to `changes` what the event in `packet` says; a compressed transaction is returned instead. */
  #takePacket(packet: Buffer, changes: ChangeEvent[]): Payload | null {
    refuseError(packet, this.#begun)
    const event = decodeEvent(packet.subarray(1), this.#checksum)
    this.#place.advance(event.header)
    if (event.header.end > 0) this.#begun = true
    if (event.type === 'format') this.#checksum = event.checksum
    if (event.type === 'payload') return event.payload
    this.#translator.take(event, changes)
    return null
  }

  /** The events of a compressed transaction: they have no checksum of their own and no place in the file. */
  async *#readPayload(
    payload: Payload,
    changes: ChangeEvent[],
  ): AsyncGenerator<readonly ChangeEvent[]> {
    for await (const events of readEvents(payload)) {
      for (const bytes of events) {
        const event = decodeEvent(bytes, false)
        if (event.type === 'payload') throw stop('a compressed transaction is inside another')
        this.#translator.take(event, changes)
        const full = this.#cut(changes)
        if (full) yield full
      }
      if (changes.length > 0) yield changes.splice(0)
    }
  }

  /** Takes out what is to be handed on before anything more is decoded; null when that is nothing yet. */
  #cut(changes: ChangeEvent[]): readonly ChangeEvent[] | null {
    if (endsWithStatement(changes)) return cutAfterStatement(changes)
    this.#keys += lastKeys(changes)
    if (this.#keys < KEYS_AT_ONCE || changes.length === 0) return null
    this.#keys = 0
    return changes.splice(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dump[Symbol.asyncDispose]()
  }
}

/** How many keys the last event has. */
function lastKeys(changes: readonly ChangeEvent[]): number {
  const last = changes.at(-1)
  return last?.type === 'keys' ? last.keys.length : 0
}

/** Whether the last event was a statement; the end of the transaction that it is comes with it. */
function endsWithStatement(changes: readonly ChangeEvent[]): boolean {
  return changes.at(-1)?.type === 'statement' || changes.at(-2)?.type === 'statement'
}

/** Takes the changes up to the statement out; the end of its transaction stays for the next array. */
function cutAfterStatement(changes: ChangeEvent[]): readonly ChangeEvent[] {
  return changes.splice(0, changes.findLastIndex(({ type }) => type === 'statement') + 1)
}

/** @throws what the packet means when it is not an event. */
function refuseError(packet: Buffer, begun: boolean): void {
  if (packet[0] === OK) return
  // The server ends the stream in good order only when it goes down.
  if (packet[0] !== ERROR || packet.length < 3) throw connectionLost()
  const errno = packet.readUInt16LE(1)
  const error = Object.assign(new Error(packet.subarray(3).toString()), { errno })
  if (errno === ERRNO.LOG_PURGED && begun)
    throw stop('the server cannot read its binary log', error)
  throw dumpRefusalOf(error) ?? connectionLost(error)
}
