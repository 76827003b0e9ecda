import type { Clock } from '../clock.ts'
import type { Refusal } from '../errors.ts'
import { errnoOf, isConnectionLost, isContention } from '../mysql/errno.ts'
import { isAboutRows } from './apply/data-error.ts'
import { type Checkpoint, saveRevertImpossible, saveSwapped } from './checkpoint.ts'
import { cutOver } from './cutover/cutover.ts'
import type { SwapDirection } from './cutover/swap.ts'
import { TriesOver } from './cutover/tries.ts'
import { planOfViews, requireViews } from './cutover/view-change.ts'
import { swapViews } from './cutover/view-swap.ts'
import type { EngineEvent, EngineRequest, RevertImpossible, RunPhase, Verified } from './port.ts'
import type { Sync } from './sync.ts'
import type { TaskGroup } from './task-group.ts'
import { Comparison } from './verify/comparison.ts'

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
  /** The swap was told. */
  swapTold: boolean
  revertImpossible: RevertImpossible | null
  verified: Verified | null
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
  readonly #comparison: Comparison
  /** Aborted with what closes the way back. */
  readonly #closed = new AbortController()

  constructor(
    sync: Sync,
    checkpoint: Checkpoint,
    { clock, state }: { readonly clock: Clock; readonly state: RunState },
  ) {
    this.#sync = sync
    this.#checkpoint = checkpoint
    this.#clock = clock
    this.#state = state
    this.#comparison = new Comparison(sync, {
      clock,
      onVerified: (verified, told) => {
        state.verified = verified
        state.emit({ event: 'verified', ...told })
      },
    })
  }

  async run(group: TaskGroup): Promise<'complete' | 'reverted'> {
    const { stage, revertUntil } = this.#checkpoint
    if (stage === 'reverse') return await this.#goLive(group, revertUntil)
    await this.#reachGate(group.signal)
    return await this.#goLive(group, await this.#passGate(group.signal))
  }

  async #reachGate(signal: AbortSignal): Promise<void> {
    this.#state.phase = 'copying'
    await this.#sync.copy(signal)
    this.#state.phase = 'catching_up'
    await this.#sync.catchUp(signal)
    this.#state.phase = 'verifying'
    const { throttle } = this.#sync
    const verifiedRows = await this.#comparison.now((ms) => throttle.rest(ms, signal), signal)
    await this.#sync.catchUp(signal)
    this.#state.phase = 'in_sync'
    if (!this.#state.ready) this.#state.emit({ event: 'ready_to_cutover', verifiedRows })
    this.#state.ready = true
  }

  /** Waits for the cutover; it is not begun on a comparison that is too old. */
  async #waitAtGate(signal: AbortSignal): Promise<void> {
    await this.#comparison.until(() => this.#state.wanted.cutover, 'gate', signal)
    if (this.#comparison.isCurrent) return
    this.#state.phase = 'verifying'
    await this.#comparison.now(async () => undefined, signal)
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
    await requireViews(this.#sync.control, planOfViews(this.#checkpoint))
    const revertUntil = revertUntilOf(this.#checkpoint.request, this.#clock)
    const { id } = this.#checkpoint
    const stalledMs = await this.#swap('forward', {
      signal,
      record: () => saveSwapped(this.#sync.control, id, revertUntil),
    })
    // Whoever reverts later has to say so again.
    this.#state.wanted.force = false
    this.#state.swapTold = true
    this.#state.emit({ event: 'cutover', stalledMs, revertUntil })
    return revertUntil
  }

  /** What follows the swap: the views, then the revert window. */
  async #goLive(group: TaskGroup, until: Date | null): Promise<'complete' | 'reverted'> {
    const { emit, wanted } = this.#state
    if (until !== null) this.#state.phase = 'revert_window'
    if (!this.#checkpoint.viewsChanged) {
      await swapViews(this.#checkpoint, 'forward', {
        clock: this.#clock,
        open: () => this.#sync.open(),
        emit,
        isForced: () => wanted.force,
        isGivenUp: () => wanted.revert,
        signal: group.signal,
      })
    }
    return await this.#keepOld(group, until)
  }

  /** Keeps the old tables in sync until the window ends, or swaps back. */
  async #keepOld(group: TaskGroup, until: Date | null): Promise<'complete' | 'reverted'> {
    const { wanted } = this.#state
    if (until === null) return 'complete'
    const isOver = () => wanted.revert || wanted.skipRevert || this.#clock.now() >= until
    this.#state.phase = 'revert_window'
    if (this.#state.revertImpossible) await this.#closeWayBack(this.#state.revertImpossible, null)
    else await this.#followBack(group, isOver)
    for (;;) {
      while (!isOver()) await this.#clock.sleep(WATCH_EVERY_MS, { signal: group.signal })
      if (!wanted.revert || wanted.skipRevert) return 'complete'
      if (await this.#swapBack(group.signal)) return 'reverted'
    }
  }

  /** Keeps the old tables in sync, and compares them, until `isOver` or until they cannot follow any more. */
  async #followBack(group: TaskGroup, isOver: () => boolean): Promise<void> {
    const isClosed = () => this.#state.revertImpossible !== null
    await this.#sync.startReverse(group, (reason) => this.#giveUpRevert(reason))
    await this.#sync.catchUp(group.signal)
    if (!isClosed()) this.#state.emit({ event: 'reverse_in_sync' })
    try {
      await this.#comparison.until(() => isOver() || isClosed(), 'revert_window', group.signal)
    } catch (error) {
      // Rows that no longer follow differ, of course.
      if (isClosed()) return
      if (isAboutRows(error)) await this.#giveUpRevert(error)
      else if (!isRefusedByServer(error)) throw error
      // A value that cannot be compared could still be written back: it is not for a comparison to close the way back.
    }
  }

  /** @returns whether the old tables are live again; if not, the window goes on without a way back. */
  async #swapBack(signal: AbortSignal): Promise<boolean> {
    this.#state.phase = 'reverting'
    try {
      // An old table that stops to follow between two tries would be swapped in without what came since.
      const both = AbortSignal.any([signal, this.#closed.signal])
      // That the tables are back is told by the server's dictionary, should the process die before it is recorded.
      await this.#swap('back', { signal: both, record: async () => undefined })
      return true
    } catch (error) {
      // It comes from rows that are applied between the tries or under the locks: the new tables are still live.
      if (!isAboutRows(error)) throw error
      this.#state.phase = 'revert_window'
      await this.#giveUpRevert(error)
      return false
    }
  }

  async #giveUpRevert(refusal: Refusal): Promise<void> {
    if (this.#state.revertImpossible) return
    await this.#closeWayBack({ since: this.#clock.now(), reason: refusal.message }, refusal)
  }

  /** Once impossible, always impossible: first it is remembered, then recorded, and only then acted upon and told. */
  async #closeWayBack(impossible: RevertImpossible, cause: unknown): Promise<void> {
    this.#state.revertImpossible = impossible
    this.#state.wanted.revert = false
    this.#closed.abort(cause)
    await saveRevertImpossible(this.#sync.control, this.#checkpoint.id, impossible)
    this.#sync.endReverse()
    this.#state.emit({ event: 'revert_impossible', ...impossible, cause })
  }

  async #swap(
    direction: SwapDirection,
    { signal, record }: { readonly signal: AbortSignal; readonly record: () => Promise<void> },
  ): Promise<number> {
    const sync = this.#sync
    const { id, schema } = this.#checkpoint
    return await cutOver({
      flavour: sync.flavour,
      session: () => sync.session(),
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

/** Whether the server refused a statement for what is in it, and not for the moment. */
function isRefusedByServer(error: unknown): boolean {
  return errnoOf(error) !== null && !isConnectionLost(error) && !isContention(error)
}
