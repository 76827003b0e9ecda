import type { Position } from '../mysql/position.ts'
import type { Key } from './key.ts'

/** When the server wrote the event, in seconds since 1970; servers measure it no finer. */
type At = { readonly at: number }

/** What the change stream says, in the order of the binlog. */
export type ChangeEvent =
  | KeysEvent
  | StatementEvent
  | TransactionEvent
  /** Nothing happened: the connection is alive and everything up to `position` was delivered. */
  | { readonly type: 'heartbeat'; readonly at: null; readonly position: Position }

/** Rows of a table changed, from one rows event. A key can come twice. */
export type KeysEvent = At & {
  readonly type: 'keys'
  readonly schema: string
  readonly table: string
  readonly change: RowChange
  /** The keys before and after the change, in the order in which the rows were changed. */
  readonly keys: readonly Key[]
  /** Places in `keys`, in their order: an update gave that row the key that comes after it. */
  readonly moves: readonly number[]
}

export type RowChange = 'write' | 'update' | 'delete'

/** A statement in the binlog: DDL, or DML in statement format; never one that only begins or ends a transaction. */
export type StatementEvent = At & {
  readonly type: 'statement'
  /** The session's default schema, which names without a schema are of; empty when it had none. */
  readonly schema: string
  readonly statement: string
}

/** A transaction or a DDL ended: everything before `position` was delivered. */
export type TransactionEvent = At & {
  readonly type: 'transaction'
  readonly position: Position
}
