import type { Target } from '../mysql/connect.ts'
import type { Position } from '../mysql/position.ts'
import type { ChangeEvent } from './event.ts'
import type { KeyLayout } from './key.ts'

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
 * The changes from a position on, without end: one array per chunk of bytes that was read, never empty. An array
 * ends after a statement event and the next is decoded only when it is asked for.
 */
export interface ChangeStream extends AsyncIterable<readonly ChangeEvent[]>, AsyncDisposable {}

/**
 * Starts to read the binlog of `target`'s server.
 *
 * @throws {Refusal} POSITION_GONE when the binlog from there on was purged, and what `connect` throws. The iteration
 * throws STREAM_STOPPED, TABLE_CHANGED or BINLOG_FORMAT, or the driver's error when the connection is lost.
 */
export async function openChangeStream(options: ChangeStreamOptions): Promise<ChangeStream> {
  options.signal?.throwIfAborted()
  throw new TypeError('not there yet')
}
