import { type RawBuilder, sql } from 'kysely'
import type { ChangeEvent, KeysEvent } from '../binlog/event.ts'
import type { Key, KeyLayout } from '../binlog/key.ts'
import { openChangeStream } from '../binlog/stream.ts'
import type { Clock } from '../clock.ts'
import type { Target } from '../mysql/connect.ts'
import { ENGINE_SCHEMA } from '../mysql/identifier.ts'
import type { Position } from '../mysql/position.ts'
import type { Session } from '../mysql/session.ts'
import type { NotedChange } from './apply/key-set.ts'

const BARRIER_LAYOUT: KeyLayout = {
  columnCount: 2,
  keyColumns: [
    { ordinal: 0, dataType: 'varchar', unsigned: false, length: null },
    { ordinal: 1, dataType: 'bigint', unsigned: true, length: null },
  ],
}

/** Rows of a table changed. */
export type TableChange = NotedChange & Pick<KeysEvent, 'schema' | 'table'>

/** What the follower hands on, in the order of the stream. */
export type FollowerHandler = {
  /** As in the change stream; asked again after every statement. */
  readonly layoutOf: (schema: string, table: string) => KeyLayout | null
  /** `number` rises by one with every call. */
  readonly onKeys: (change: TableChange) => void
  readonly onStatement: (schema: string, statement: string) => void
  /** Resolves when there is room for more changes: until then nothing is read, and the server keeps what comes. */
  readonly room: (signal: AbortSignal) => Promise<void>
}

/** A moment in the stream: every change before `position` has a number of at most `number`. */
type Mark = { readonly number: number; readonly position: Position; readonly afterFence: boolean }

/** Positions closer together than this are not worth keeping. */
const MARK_EVERY_MS = 200
const MOST_MARKS = 10_000

/**
 * Follows the change stream of one deployment, and knows three things about it: how far it is (marks), how far it
 * lags (heartbeats are barriers too), and whether it has passed a given moment (barriers).
 *
 * A *barrier* is a row that we write; when the stream delivers it, it has delivered everything that was committed
 * before it was written.
 */
export class Follower {
  readonly #id: string
  readonly #clock: Clock
  readonly #handler: FollowerHandler
  #number = 0
  #marks: Mark[] = []
  readonly #from: Pick<Mark, 'position' | 'afterFence'>
  #afterFence: boolean
  #afterRevert = false
  #lastMarkAt = 0
  #lastBarrier = 0n
  readonly #waiting = new Map<bigint, { readonly writtenAt: number; readonly passed: () => void }>()
  #lastLagMs = 0

  constructor(
    {
      id,
      clock,
      from,
      afterFence,
    }: { id: string; clock: Clock; from: Position; afterFence: boolean },
    handler: FollowerHandler,
  ) {
    this.#id = id
    this.#clock = clock
    this.#from = { position: from, afterFence }
    this.#afterFence = afterFence
    this.#handler = handler
  }

  /** Whether the stream has passed the RENAME of the cutover. */
  get afterFence(): boolean {
    return this.#afterFence
  }

  /** Whether the stream has passed the RENAME of the revert: no change concerns the deployment any more. */
  get afterRevert(): boolean {
    return this.#afterRevert
  }

  /** The number of the newest change that was handed on. */
  get number(): number {
    return this.#number
  }

  /** How old the newest delivered change is; grows while the stream delivers nothing that was written. */
  get lagMs(): number {
    const now = this.#clock.now().getTime()
    // They are in the order in which they were written.
    const [oldest] = this.#waiting.values()
    return oldest ? Math.max(this.#lastLagMs, now - oldest.writtenAt) : this.#lastLagMs
  }

  /** Reads until the signal is aborted, or throws what the stream throws. */
  async follow(target: Target, signal: AbortSignal): Promise<never> {
    await using stream = await openChangeStream({
      target,
      from: this.#from.position,
      heartbeatMs: 2_000,
      signal,
      layoutOf: (schema, table) =>
        schema === ENGINE_SCHEMA && table === 'barrier'
          ? BARRIER_LAYOUT
          : this.#handler.layoutOf(schema, table),
    })
    for await (const events of stream) {
      for (const event of events) this.#take(event)
      await this.#handler.room(signal)
    }
    signal.throwIfAborted()
    throw new TypeError('the change stream ended by itself')
  }

  /**
   * Writes a barrier through `session` and resolves once the stream has delivered it.
   *
   * @throws the signal's reason when it is aborted first.
   */
  async passBarrier(session: Session, signal: AbortSignal): Promise<void> {
    const { passed } = await this.#writeBarrier(session)
    signal.throwIfAborted()
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([passed, aborted])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Writes a barrier that nobody waits for, so that the lag can be told, and removes the old ones. */
  async beat(session: Session): Promise<void> {
    await this.#writeBarrier(session)
    const old = this.#lastBarrier - 60_000_000n
    await session.run(
      sql`DELETE FROM ${BARRIER} WHERE deployment_id = ${this.#id} AND number < ${old} LIMIT 100`,
    )
  }

  /**
   * The furthest position before which every change is applied, given the number of the oldest one that is not
   * (null: all are).
   */
  safePosition(oldest: number | null): Pick<Mark, 'position' | 'afterFence'> {
    const unsafe = this.#marks.findIndex(({ number }) => oldest !== null && number >= oldest)
    const safe = unsafe === -1 ? this.#marks : this.#marks.slice(0, unsafe)
    const last = safe.at(-1)
    if (last) {
      // The last safe mark stays: it is the answer until a later one is safe.
      this.#marks = this.#marks.slice(safe.length - 1)
      return last
    }
    return this.#from
  }

  async #writeBarrier(session: Session): Promise<{ readonly passed: Promise<void> }> {
    // Microseconds of the wall clock, and above all that an earlier process has written, whose clock may have been ahead:
    // a barrier of the same number that is read again would be taken for the new one.
    if (this.#lastBarrier === 0n) await this.#beginAbove(session)
    const now = BigInt(this.#clock.now().getTime()) * 1000n
    const number = now > this.#lastBarrier ? now : this.#lastBarrier + 1n
    this.#lastBarrier = number
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.set(number, { writtenAt: this.#clock.now().getTime(), passed: resolve })
    try {
      await session.run(
        sql`INSERT INTO ${BARRIER} (deployment_id, number) VALUES (${this.#id}, ${number})`,
      )
    } catch (error) {
      this.#waiting.delete(number)
      throw error
    }
    return { passed: promise }
  }

  /** The old ones are removed from the lowest on, so the highest of all is there as long as the deployment is. */
  async #beginAbove(session: Session): Promise<void> {
    const row = await session.row(sql<{ highest: string | null }>`
      SELECT MAX(number) AS highest FROM ${BARRIER} WHERE deployment_id = ${this.#id}`)
    const highest = BigInt(row?.highest ?? 0)
    if (highest > this.#lastBarrier) this.#lastBarrier = highest
  }

  #take(event: ChangeEvent): void {
    switch (event.type) {
      case 'keys':
        if (event.schema === ENGINE_SCHEMA) this.#passBarriers(event.keys)
        else this.#handler.onKeys({ ...event, number: ++this.#number })
        return
      case 'statement':
        if (event.statement.includes(fenceComment(this.#id))) this.#afterFence = true
        if (event.statement.includes(revertComment(this.#id))) this.#afterRevert = true
        this.#handler.onStatement(event.schema, event.statement)
        return
      case 'transaction':
        this.#mark(event.position)
        return
      case 'heartbeat':
        return
    }
  }

  #mark(position: Position): void {
    const now = this.#clock.now().getTime()
    const last = this.#marks.at(-1)
    // A clock that was put back must not hold up the checkpoint.
    const isNear = Math.abs(now - this.#lastMarkAt) < MARK_EVERY_MS
    if (last && isNear && last.afterFence === this.#afterFence) return
    this.#lastMarkAt = now
    this.#marks.push({ number: this.#number, position, afterFence: this.#afterFence })
    // While one key waits, for days perhaps, all are kept; then every other one does as well.
    if (this.#marks.length > MOST_MARKS) this.#marks = this.#marks.filter((_, at) => at % 2 === 0)
  }

  #passBarriers(keys: readonly Key[]): void {
    for (const [id, number] of keys) {
      if (typeof number !== 'bigint' || !(id instanceof Uint8Array)) continue
      const waiting = this.#waiting.get(number)
      if (!waiting || Buffer.from(id).toString('latin1') !== this.#id) continue
      this.#waiting.delete(number)
      this.#lastLagMs = this.#clock.now().getTime() - waiting.writtenAt
      waiting.passed()
    }
  }
}

const BARRIER: RawBuilder<unknown> = sql.id(ENGINE_SCHEMA, 'barrier')

/** Marks every DDL of a deployment in the binlog, so that the stream can tell it from somebody else's. */
export function ownComment(id: string): string {
  return `/* crossfade:${id} */`
}

/** Marks the RENAME of the cutover: the fence between changes of the old and of the new table. */
export function fenceComment(id: string): string {
  return `/* crossfade:${id} cutover */`
}

/** Marks the RENAME of the revert: what comes after it is nobody's business here. */
export function revertComment(id: string): string {
  return `/* crossfade:${id} revert */`
}
