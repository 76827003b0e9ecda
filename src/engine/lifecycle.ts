import type { Clock } from '../clock.ts'
import type { Refusal } from '../errors.ts'
import type { Session } from '../mysql/session.ts'
import { type Checkpoint, saveSwapped } from './checkpoint.ts'
import { cutOver } from './cutover.ts'
import type { SwapDirection } from './cutover-mysql.ts'
import type { EngineEvent, EngineRequest, RunPhase } from './port.ts'
import type { Sync } from './sync.ts'
import type { TaskGroup } from './task-group.ts'
import { TriesOver } from './tries.ts'

/** An event before it gets its time. */
export type NewEvent = EngineEvent extends infer E
  ? E extends EngineEvent
    ? Omit<E, 'at'>
    : never
  : never

/** What a run remembers from one connection to the next: where it is, and what people want of it. */
export type RunState = {
  phase: RunPhase
  /** The gate was reached and told. */
  ready: boolean
  revertImpossible: Refusal | null
  readonly wanted: {
    cutover: boolean
    /** Whoever is in the way of the swap may be ended. */
    force: boolean
    cancel: boolean
    revert: boolean
    skipRevert: boolean
  }
  readonly emit: (event: NewEvent) => void
}

const WATCH_EVERY_MS = 50
/** Verified again this often while the gate waits. */
const VERIFY_EVERY_MS = 10 * 60_000

/** When the revert window of a cutover that happens now ends; null when there is none. */
export function revertUntilOf({ revertWindowMs }: EngineRequest, clock: Clock): Date | null {
  return revertWindowMs === null ? null : new Date(clock.now().getTime() + revertWindowMs)
}

/**
 * The phases of a deployment from its checkpoint on, one after the other: copy → catch up → verify → gate → cutover →
 * revert window → end or revert. It holds as long as the connections do; what has to be remembered is in the
 * checkpoint and in the {@link RunState}.
 */
export class Lifecycle {
  readonly #sync: Sync
  readonly #checkpoint: Checkpoint
  readonly #clock: Clock
  readonly #state: RunState

  constructor(
    sync: Sync,
    checkpoint: Checkpoint,
    { clock, state }: { readonly clock: Clock; readonly state: RunState },
  ) {
    this.#sync = sync
    this.#checkpoint = checkpoint
    this.#clock = clock
    this.#state = state
  }

  async run(group: TaskGroup): Promise<'complete' | 'reverted'> {
    const { stage, revertUntil } = this.#checkpoint
    if (stage === 'reverse') return await this.#keepOld(group, revertUntil)
    await this.#reachGate(group.signal)
    return await this.#keepOld(group, await this.#passGate(group.signal))
  }

  async #reachGate(signal: AbortSignal): Promise<void> {
    this.#state.phase = 'copying'
    await this.#sync.copy(signal)
    this.#state.phase = 'catching_up'
    await this.#sync.catchUp(signal)
    this.#state.phase = 'verifying'
    const verifiedRows = await this.#sync.verify(await this.#sync.session(), signal)
    await this.#sync.catchUp(signal)
    this.#state.phase = 'in_sync'
    if (!this.#state.ready) this.#state.emit({ event: 'ready_to_cutover', verifiedRows })
    this.#state.ready = true
  }

  async #waitAtGate(signal: AbortSignal): Promise<void> {
    let session: Session | null = null
    let verifiedAt = this.#clock.now().getTime()
    while (!this.#state.wanted.cutover) {
      await this.#clock.sleep(WATCH_EVERY_MS, { signal })
      if (this.#clock.now().getTime() - verifiedAt < VERIFY_EVERY_MS) continue
      session ??= await this.#sync.session()
      await this.#sync.verify(session, signal)
      verifiedAt = this.#clock.now().getTime()
    }
  }

  /**
   * Waits at the gate and cuts over; when the tables were not to be had, it waits at the gate again.
   *
   * @returns when the revert window ends; null when there is none.
   */
  async #passGate(signal: AbortSignal): Promise<Date | null> {
    const { wanted, emit } = this.#state
    for (;;) {
      await this.#waitAtGate(signal)
      try {
        return await this.#cutOver(signal)
      } catch (error) {
        if (!(error instanceof TriesOver)) throw error
        wanted.cutover = false
        wanted.force = false
        this.#state.phase = 'in_sync'
        emit({ event: 'cutover_blocked', attempts: error.attempts, reason: error.reason })
      }
    }
  }

  /** @returns when the revert window ends; null when there is none. */
  async #cutOver(signal: AbortSignal): Promise<Date | null> {
    this.#state.phase = 'cutting_over'
    const revertUntil = revertUntilOf(this.#checkpoint.request, this.#clock)
    const { id } = this.#checkpoint
    const stalledMs = await this.#swap('forward', {
      signal,
      record: () => saveSwapped(this.#sync.control, id, revertUntil),
    })
    this.#state.emit({ event: 'cutover', stalledMs, revertUntil })
    return revertUntil
  }

  /** Keeps the old tables in sync until the window ends, or swaps back. */
  async #keepOld(group: TaskGroup, until: Date | null): Promise<'complete' | 'reverted'> {
    const { wanted } = this.#state
    if (until === null) return 'complete'
    this.#state.phase = 'revert_window'
    await this.#sync.startReverse(group, (reason) => this.#giveUpRevert(reason))
    await this.#sync.catchUp(group.signal)
    if (!this.#state.revertImpossible) this.#state.emit({ event: 'reverse_in_sync' })
    while (!wanted.revert && !wanted.skipRevert && this.#clock.now() < until) {
      await this.#clock.sleep(WATCH_EVERY_MS, { signal: group.signal })
    }
    if (!wanted.revert || wanted.skipRevert) return 'complete'
    this.#state.phase = 'reverting'
    // That the tables are back is told by the server's dictionary, should the process die before it is recorded.
    await this.#swap('back', { signal: group.signal, record: async () => undefined })
    return 'reverted'
  }

  #giveUpRevert(reason: Refusal): void {
    this.#state.revertImpossible = reason
    this.#state.wanted.revert = false
    this.#state.emit({ event: 'revert_impossible', reason: reason.message })
  }

  async #swap(
    direction: SwapDirection,
    { signal, record }: { readonly signal: AbortSignal; readonly record: () => Promise<void> },
  ): Promise<number> {
    const sync = this.#sync
    const { id, schema } = this.#checkpoint
    const session = await sync.session()
    return await cutOver(session, {
      id,
      schema,
      operations: sync.operations,
      direction,
      clock: this.#clock,
      follower: sync.follower,
      control: sync.control,
      appliers: direction === 'forward' ? sync.forwardAppliers : sync.reverseAppliers,
      onRetry: (retry) => this.#state.emit({ event: 'cutover_retry', ...retry }),
      open: () => sync.open(),
      own: () => sync.connectionIds,
      isForced: () => this.#state.wanted.force,
      // Whoever wants the old tables back is in trouble: only the end of the deployment ends that.
      endless: direction === 'back',
      record,
      signal,
    })
  }
}
