import { type RawBuilder, sql } from 'kysely'
import { type Key, keyId } from '../../binlog/key.ts'
import type { Clock } from '../../clock.ts'
import { isContention } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'
import type { Frontier } from '../copy/frontier.ts'
import { keyIn } from '../table/key-sql.ts'
import type { TablePair } from '../table/pair.ts'
import { applyKeys, type ChangedKeys, deleteStale, type LeftOut, lockedKeys } from './apply.ts'
import { ChangeNotes } from './change-notes.ts'
import { countedError, dataRefusal } from './data-error.ts'
import { causeOfDuplicate, isDuplicate } from './duplicate.ts'
import type { KeySet, NotedChange, PendingKey } from './key-set.ts'
import { keysIn, type Move, Moves, tracksMoves } from './moves.ts'
import { waitInLine } from './wait-in-line.ts'

/** A batch holds the rows of the source for as long as it takes: a long one only where there is much to catch up with. */
const MIN_BATCH = 400
const MAX_BATCH = 1_000
/** How many batches should be left when a batch is taken. */
const BATCHES_LEFT = 16
/** How many sessions may help the first one of a pair, where that is right. */
const HELPERS = 2
const PARK_MS = 25
const MAX_PARK_MS = 1_000
/** A duplicate whose cause cannot be told is taken for real when it outlives this many tries. */
const DUPLICATE_TRIES = 12
/** A row that was held so often may be held by somebody at every moment: then it is waited for. */
const ATTEMPTS_BEFORE_WAITING = 5
/** After it has waited for a row, a session works this many times as long before it waits again. */
const WORK_PER_WAIT = 10
/** So many moved rows are applied at once, and a chain of so many moves is applied as one. */
const MAX_MOVES = 200
const LONGEST_CHAIN = 1_000
/** Rows that could not be moved so often are deleted and inserted: better without their own values than not at all. */
const MOVE_TRIES = 12
/** How long to wait for new keys before looking again, when nobody says that there are some. */
const IDLE_MS = 20

/**
 * Applies the changed keys of one pair, batch by batch. It is `running` or `halted`; {@link halt} returns once no
 * batch is under way, so that none of its sessions holds a lock.
 *
 * Several sessions may {@link run} it at once. Their batches come from one {@link KeySet}, so no key is in two of them.
 * Batches need no order (invariant APPLY-2), and where the target is written with REPLACE, a row in the way of
 * another is always one whose own change is on its way: the source's unique keys imply the target's. Other pairs
 * get one session, because there values that move between rows must move in one batch.
 */
export class Applier {
  readonly pair: TablePair
  readonly keys: KeySet
  readonly #frontier: Frontier
  readonly #clock: Clock
  readonly #lockOrFail: RawBuilder<unknown>
  #halted = false
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #moves: Moves | null
  readonly #notes: ChangeNotes
  #mostMoves = MAX_MOVES
  #applied = 0
  #missed = 0
  #noWaitUntilMs = Number.NEGATIVE_INFINITY

  constructor(
    pair: TablePair,
    keys: KeySet,
    options: {
      readonly frontier: Frontier
      readonly clock: Clock
      readonly lockOrFail: RawBuilder<unknown>
      /** Whether what is noted was never noted before, by a process or over a connection that is gone. */
      readonly trustsMoves?: boolean
    },
  ) {
    this.#moves = tracksMoves(pair) ? new Moves() : null
    this.pair = pair
    this.keys = keys
    this.#notes = new ChangeNotes(keys, this.#moves, options.trustsMoves ?? false)
    this.#frontier = options.frontier
    this.#clock = options.clock
    this.#lockOrFail = options.lockOrFail
  }

  /** How many keys were applied since the start. */
  get applied(): number {
    return this.#applied
  }

  /** How often rows could not be written for want of a change that may still be to come. */
  get missed(): number {
    return this.#missed
  }

  /**
   * Runs until the signal is aborted.
   *
   * @throws {Refusal} DUPLICATE_KEY or VALUE_DOES_NOT_FIT when the target cannot hold a row, or a lost connection.
   */
  async run(session: Session, signal: AbortSignal): Promise<never> {
    for (;;) {
      signal.throwIfAborted()
      const moving = this.#halted ? [] : this.#takeMoves()
      const batch = this.#halted || moving.length > 0 ? [] : this.#take()
      if (batch.length + moving.length === 0) {
        await this.#clock.sleep(IDLE_MS, { signal })
        continue
      }
      const done =
        moving.length > 0 ? this.#applyMoves(session, moving) : this.#applyBatch(session, batch)
      // Whoever halts waits for the batch to end; how it ends is told below.
      const ended = done.catch(() => null)
      this.#underWay.add(ended)
      await done.finally(() => this.#underWay.delete(ended))
    }
  }

  /** Notes a change of the source, in the order of the stream. */
  note(change: NotedChange): void {
    this.#notes.note(change)
  }

  /** From now on nothing is noted that was noted before: a move is made once. */
  trustMoves(): void {
    this.#notes.trustMoves()
  }

  /** How many more sessions may {@link help}. */
  get helpers(): number {
    return this.pair.write === 'replace' ? HELPERS : 0
  }

  /** Runs beside {@link run}, with a session that is opened when there is more to do than one batch. */
  async help(open: () => Promise<Session>, signal: AbortSignal): Promise<never> {
    while (this.keys.size <= MIN_BATCH) await this.#clock.sleep(IDLE_MS, { signal })
    return await this.run(await open(), signal)
  }

  /** Takes no more batches, and returns when none is under way. */
  async halt(): Promise<void> {
    this.#halted = true
    await Promise.all(this.#underWay)
  }

  proceed(): void {
    this.#halted = false
  }

  /**
   * Applies everything that waits, through a session that holds LOCK TABLES on both tables; the applier is halted.
   * Nothing can be in the way: no other session can touch the tables. It is one batch, because values of a unique key
   * can have moved between any two of its rows, and one transaction (START TRANSACTION would release the locks).
   */
  async drain(session: Session): Promise<void> {
    const all = Number.POSITIVE_INFINITY
    const moves = this.#moves?.take({ limit: all, longest: all }, () => true) ?? []
    const batch = this.keys.take(all, () => true, all)
    if (batch.length === 0) return
    try {
      await session.run(sql`SET autocommit = 0`)
      await applyKeys(session, this.pair, sql``, this.#changed(batch, moves))
      await session.run(sql`COMMIT`)
      await session.run(sql`SET autocommit = 1`)
    } catch (error) {
      this.#rolledBack(batch, 0)
      await session.run(sql`ROLLBACK`).catch(() => session.destroy())
      await session.run(sql`SET autocommit = 1`).catch(() => session.destroy())
      throw dataRefusal(error, this.pair) ?? error
    }
    this.#settle(batch)
  }

  #take(): readonly PendingKey[] {
    const limit = Math.min(MAX_BATCH, Math.max(MIN_BATCH, this.keys.size / BATCHES_LEFT))
    const moves = this.#moves
    return this.keys.take(
      limit,
      (key, id) => this.#frontier.stateOf(key) !== 'in_flight' && !moves?.has(id),
      this.#now,
    )
  }

  #takeMoves(): readonly Move[] {
    const moves = this.#moves
    if (!moves || moves.size === 0) return []
    const now = this.#now
    const mayTake = (chain: readonly Move[]) =>
      [...idsOf(chain)].every((id) => this.keys.mayTakeNow(id, now))
    return moves.take({ limit: this.#mostMoves, longest: LONGEST_CHAIN }, mayTake)
  }

  /**
   * Applies keys between which rows have moved. The source can be ahead of the stream: where a row has gone on already, what
   * tells where to is waited for.
   */
  async #applyMoves(session: Session, moves: readonly Move[]): Promise<void> {
    const batch = this.keys.takeOnly(idsOf(moves))
    const places = moves.flatMap(({ to }) => (to === null ? [] : [to]))
    try {
      const isWhole = await session.transaction(async () => {
        if (!(await this.#areThere(session, places))) return false
        await applyKeys(session, this.pair, this.#lockOrFail, this.#changed(batch, moves))
        return true
      })
      if (isWhole) this.#settle(batch)
      else this.#putOff(batch)
      if (!isWhole) this.#missed += 1
      this.#mostMoves = isWhole ? Math.min(MAX_MOVES, this.#mostMoves * 2) : 1
    } catch (error) {
      if (isDuplicate(error) || isContention(error)) {
        this.#mostMoves = 1
        if (isDuplicate(error)) this.#missed += 1
        this.#putOff(batch)
        return
      }
      this.#rolledBack(batch, 0)
      throw await countedError(session, this.pair, error)
    }
  }

  async #areThere(session: Session, keys: readonly Key[]): Promise<boolean> {
    if (keys.length === 0) return true
    return (await lockedKeys(session, this.pair, this.#lockOrFail, keys)).length === keys.length
  }

  /** Lets moves wait, or gives them up when they have waited too often. */
  #putOff(batch: readonly PendingKey[]): void {
    const isHopeless = batch.some(({ attempts }) => attempts >= MOVE_TRIES)
    this.#park(batch)
    if (isHopeless) for (const { key } of batch) this.#moves?.forgetFrom(key)
  }

  #changed(batch: readonly PendingKey[], moves: readonly Move[]): ChangedKeys {
    const staying = new Set(this.#moves ? batch.flatMap(({ id, gone }) => (gone ? [] : id)) : [])
    return { keys: keysOf(batch), stays: (key) => staying.has(keyId(key)), moves, waits: null }
  }

  /** Only one session applies changes of such a pair: a key that waits now waits until this batch is done. */
  #waits(batch: readonly PendingKey[]): ChangedKeys['waits'] {
    if (this.pair.write !== 'delete_insert') return null
    const own = new Set(batch.map(({ id }) => id))
    return (key) => {
      const id = keyId(key)
      return !own.has(id) && this.keys.has(id) && this.#frontier.stateOf(key) === 'copied'
    }
  }

  #rolledBack(batch: readonly PendingKey[], untilMs: number): void {
    this.keys.park(batch, untilMs)
    if (!this.#moves) return
    const moved = idsOf(this.#moves.failed())
    // A move of a new row was told meanwhile, when the target was thought to have that row already.
    for (const { id, key, isNew } of batch) {
      if (isNew && !moved.has(id)) this.#moves.forgetFrom(key)
    }
  }

  get #now(): number {
    return this.#clock.now().getTime()
  }

  #settle(batch: readonly PendingKey[]): void {
    this.keys.applied(batch)
    this.#moves?.applied()
    this.#applied += batch.length
  }

  /**
   * Applies a batch in parts, where some of its rows are held. Those that collide with the target are tried once more,
   * together and without the held ones: values that move between rows find their place only if both rows move.
   */
  async #applyBatch(session: Session, batch: readonly PendingKey[]): Promise<void> {
    const colliding = await this.#collidingAgain(session, await this.#applyParts(session, batch))
    const together = colliding.map(({ pending }) => pending)
    if (colliding.length > 0) this.#missed += 1
    if (await this.#isOnlyLag(session, together)) {
      this.#park(together)
      await this.#makeRoom(session, keysOf(together))
      return
    }
    for (const collision of colliding) await this.#judge(session, collision)
  }

  async #collidingAgain(
    session: Session,
    colliding: readonly Collision[],
  ): Promise<readonly Collision[]> {
    if (colliding.length < 2) return colliding
    const outcome = await this.#applyAtOnce(
      session,
      colliding.map(({ pending }) => pending),
    )
    if (outcome === 'applied') return []
    return outcome === 'held' ? colliding : outcome
  }

  /** Splits a batch that is blocked, so that one held row holds up no other; returns the keys that collide alone. */
  async #applyParts(session: Session, batch: readonly PendingKey[]): Promise<readonly Collision[]> {
    const outcome = await this.#applyAtOnce(session, batch)
    if (outcome === 'applied') return []
    if (outcome !== 'held' && outcome.length < batch.length) return outcome
    if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2)
      const first = await this.#applyParts(session, batch.slice(0, half))
      return [...first, ...(await this.#applyParts(session, batch.slice(half)))]
    }
    if (outcome !== 'held') return outcome
    const [held] = batch
    if (held && this.#mayWaitFor(held)) return await this.#applyInLine(session, held)
    this.#park(batch)
    return []
  }

  /** A transaction that stays open for long must not keep every session waiting for its rows, one after the other. */
  #mayWaitFor({ attempts }: PendingKey): boolean {
    return attempts >= ATTEMPTS_BEFORE_WAITING && this.#now >= this.#noWaitUntilMs
  }

  /**
   * Waits in line for a row that is never to be had at once. The transaction holds nothing else while it waits, so that
   * nobody can be waiting for it.
   */
  async #applyInLine(session: Session, pending: PendingKey): Promise<readonly Collision[]> {
    const begunAtMs = this.#now
    this.#noWaitUntilMs = Number.POSITIVE_INFINITY
    const waitFirst = () =>
      waitInLine(session, this.pair, keyIn(this.pair, 'source', [pending.key]))
    const outcome = await this.#applyAtOnce(session, [pending], waitFirst).finally(() => {
      this.#noWaitUntilMs = this.#now + WORK_PER_WAIT * (this.#now - begunAtMs)
    })
    if (outcome === 'held') this.#park([pending])
    return typeof outcome === 'string' ? [] : outcome
  }

  /** Applies a batch in one transaction; what collides is all of it, which is rolled back then, or what was left out. */
  async #applyAtOnce(
    session: Session,
    batch: readonly PendingKey[],
    waitFirst: () => Promise<void> = () => Promise.resolve(),
  ): Promise<'applied' | 'held' | readonly Collision[]> {
    const changed = { ...this.#changed(batch, []), waits: this.#waits(batch) }
    let leftOut: LeftOut | null
    try {
      leftOut = await session.transaction(async () => {
        await waitFirst()
        return await applyKeys(session, this.pair, this.#lockOrFail, changed)
      })
    } catch (error) {
      if (isDuplicate(error)) return batch.map((pending) => ({ pending, error }))
      if (isContention(error)) return 'held'
      this.#rolledBack(batch, 0)
      throw await countedError(session, this.pair, error)
    }
    const left = new Set(leftOut?.keys.map(keyId))
    this.#settle(batch.filter(({ id }) => !left.has(id)))
    if (leftOut === null) return 'applied'
    return batch.flatMap((pending) =>
      left.has(pending.id) ? { pending, error: leftOut.error } : [],
    )
  }

  /** Whether no two rows of the source have equal values; where many rows collide, one answer for all is much cheaper. */
  async #isOnlyLag(session: Session, batch: readonly PendingKey[]): Promise<boolean> {
    if (batch.length < 2) return false
    const where = keyIn(this.pair, 'source', keysOf(batch))
    return (await causeOfDuplicate(session, this.pair, where)) === 'lag'
  }

  /** Tries a key that collides again later, unless two rows of the source really have equal values. */
  async #judge(session: Session, { pending, error }: Collision): Promise<void> {
    this.#park([pending])
    const where = keyIn(this.pair, 'source', [pending.key])
    const cause = await causeOfDuplicate(session, this.pair, where)
    const isReal = cause === 'rows' || (cause === 'unknown' && pending.attempts >= DUPLICATE_TRIES)
    if (isReal) throw await countedError(session, this.pair, error)
    await this.#makeRoom(session, [pending.key])
  }

  /**
   * Takes the stale rows of keys out of the way: others may wait for their values, and a ring of rows that all change all
   * the time would never be caught at rest. The keys still wait, so their rows come back.
   */
  async #makeRoom(session: Session, keys: readonly Key[]): Promise<void> {
    // Columns that only the old table has would be lost with the row.
    if (this.pair.write === 'update_insert') return
    try {
      await deleteStale(session, this.pair, keys)
    } catch (error) {
      // A copier holds the row: then next time.
      if (!isContention(error)) throw error
    }
  }

  #park(batch: readonly PendingKey[]): void {
    const attempts = Math.max(...batch.map((pending) => pending.attempts))
    const backOffMs = Math.min(MAX_PARK_MS, PARK_MS * 2 ** Math.min(attempts, 6))
    this.#rolledBack(batch, this.#now + backOffMs)
  }
}

/** A key whose row is in the target's way, and what the server said of it. */
type Collision = { readonly pending: PendingKey; readonly error: unknown }

function idsOf(moves: readonly Move[]): ReadonlySet<string> {
  return new Set(keysIn(moves).map(keyId))
}

function keysOf(batch: readonly PendingKey[]): readonly Key[] {
  return batch.map(({ key }) => key)
}
