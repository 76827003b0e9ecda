import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../clock.ts'
import { ERRNO, errnoOf, isContention } from '../mysql/errno.ts'
import type { Session } from '../mysql/session.ts'
import { applyKeys } from './apply.ts'
import { dataRefusal } from './data-error.ts'
import type { Frontier } from './frontier.ts'
import type { KeySet, PendingKey } from './key-set.ts'
import type { TablePair } from './pair.ts'

const BATCH = 400
const PARK_MS = 25
const MAX_PARK_MS = 1_000
/** A duplicate that is only values moving between rows is gone once the other row's change is applied. */
const DUPLICATE_TRIES = 40
/** How long to wait for new keys before looking again, when nobody says that there are some. */
const IDLE_MS = 20

/**
 * Applies the changed keys of one pair, batch by batch. It is `running` or `halted`; {@link halt} returns once no
 * batch is under way, so that its session holds no lock.
 */
export class Applier {
  readonly pair: TablePair
  readonly keys: KeySet
  readonly #frontier: Frontier
  readonly #clock: Clock
  readonly #lockOrFail: RawBuilder<unknown>
  #halted = false
  #batchDone: Promise<unknown> = Promise.resolve()
  #applied = 0

  constructor(
    pair: TablePair,
    keys: KeySet,
    options: {
      readonly frontier: Frontier
      readonly clock: Clock
      readonly lockOrFail: RawBuilder<unknown>
    },
  ) {
    this.pair = pair
    this.keys = keys
    this.#frontier = options.frontier
    this.#clock = options.clock
    this.#lockOrFail = options.lockOrFail
  }

  /** How many keys were applied since the start. */
  get applied(): number {
    return this.#applied
  }

  /**
   * Runs until the signal is aborted.
   *
   * @throws {Refusal} DUPLICATE_KEY or VALUE_DOES_NOT_FIT when the target cannot hold a row, or a lost connection.
   */
  async run(session: Session, signal: AbortSignal): Promise<never> {
    for (;;) {
      signal.throwIfAborted()
      const batch = this.#halted ? [] : this.#take(BATCH)
      if (batch.length === 0) {
        await this.#clock.sleep(IDLE_MS, { signal })
        continue
      }
      const done = this.#applyBatch(session, batch)
      // Whoever halts waits for the batch to end; how it ends is told below.
      this.#batchDone = done.catch(() => null)
      await done
    }
  }

  /** Takes no more batches, and returns when none is under way. */
  async halt(): Promise<void> {
    this.#halted = true
    await this.#batchDone
  }

  proceed(): void {
    this.#halted = false
  }

  /**
   * Applies everything that waits, through a session that holds LOCK TABLES on both tables; the applier is halted.
   * Nothing can be in the way: no other session can touch the tables.
   */
  async drain(session: Session): Promise<void> {
    for (;;) {
      const batch = this.keys.take(BATCH, () => true, Number.POSITIVE_INFINITY)
      if (batch.length === 0) return
      try {
        await applyKeys(
          session,
          this.pair,
          sql``,
          batch.map(({ key }) => key),
        )
      } catch (error) {
        this.keys.park(batch, 0)
        throw dataRefusal(error, this.pair) ?? error
      }
      this.#settle(batch)
    }
  }

  #take(limit: number): readonly PendingKey[] {
    const now = this.#clock.now().getTime()
    return this.keys.take(limit, (key) => this.#frontier.stateOf(key) !== 'in_flight', now)
  }

  #settle(batch: readonly PendingKey[]): void {
    this.keys.applied(batch)
    this.#applied += batch.length
  }

  /** Splits a batch that is blocked, so that one held row holds up no other; a single key is parked. */
  async #applyBatch(session: Session, batch: readonly PendingKey[]): Promise<void> {
    try {
      await session.transaction(() =>
        applyKeys(
          session,
          this.pair,
          this.#lockOrFail,
          batch.map(({ key }) => key),
        ),
      )
      this.#settle(batch)
    } catch (error) {
      const duplicate = errnoOf(error) === ERRNO.DUPLICATE_ENTRY
      if (!duplicate && !isContention(error)) {
        this.keys.park(batch, 0)
        throw dataRefusal(error, this.pair) ?? error
      }
      if (batch.length > 1) {
        const half = Math.ceil(batch.length / 2)
        await this.#applyBatch(session, batch.slice(0, half))
        await this.#applyBatch(session, batch.slice(half))
        return
      }
      this.#park(batch, duplicate ? error : null)
    }
  }

  #park(batch: readonly PendingKey[], duplicate: unknown): void {
    const attempts = Math.max(...batch.map((pending) => pending.attempts))
    const backOffMs = Math.min(MAX_PARK_MS, PARK_MS * 2 ** Math.min(attempts, 6))
    this.keys.park(batch, this.#clock.now().getTime() + backOffMs)
    if (duplicate !== null && attempts >= DUPLICATE_TRIES) {
      throw dataRefusal(duplicate, this.pair) ?? duplicate
    }
  }
}
