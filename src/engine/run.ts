import type { Clock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import type { Target } from '../mysql/connect.ts'
import { isConnectionLost } from '../mysql/errno.ts'
import type { Flavour } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import { type Checkpoint, findCheckpoint, saveOutcome, saveSwapped } from './checkpoint.ts'
import { type RunCommand, requirePhase } from './commands.ts'
import { cutOver } from './cutover.ts'
import type { SwapDirection } from './cutover-mysql.ts'
import type {
  EngineEvent,
  EngineOutcome,
  EngineRun,
  RunOptions,
  RunPhase,
  RunStatus,
} from './port.ts'
import { Progress } from './progress.ts'
import { dropShadows, isSwapped, tablesOf } from './shadow.ts'
import { openSession, Sync } from './sync.ts'
import { TaskGroup } from './task-group.ts'
import { Throttle } from './throttle.ts'

export type ShadowRunContext = {
  readonly target: Target
  readonly flavour: Flavour
  readonly clock: Clock
  readonly options: RunOptions
  readonly resumed: boolean
}

/** An event before it gets its time. */
type NewEvent = EngineEvent extends infer E
  ? E extends EngineEvent
    ? Omit<E, 'at'>
    : never
  : never

/** Somebody cancelled: not an error, but the way to end every task at once. */
class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

const PROGRESS_EVERY_MS = 1_000
const WATCH_EVERY_MS = 50
/** Verified again this often while the gate waits. */
const VERIFY_EVERY_MS = 10 * 60_000
/** How long to look for a server that is gone before giving up; its checkpoint stays. */
const RECONNECT_FOR_MS = 10 * 60_000
const CUTOVER_FOR_MS = 60 * 60_000

/**
 * One deployment in this process. Its phases follow each other as in `RunPhase`; commands only note what is wanted, and
 * the phase that it concerns looks. After a lost connection everything is rebuilt from the checkpoint, exactly as after
 * a crash: there is one way to resume, and it is used all the time.
 */
export class ShadowRun implements EngineRun {
  readonly finished: Promise<EngineOutcome>
  readonly #context: ShadowRunContext
  readonly #throttle: Throttle
  readonly #progress: Progress
  #checkpoint: Checkpoint
  #phase: RunPhase = 'starting'
  #group: TaskGroup | null = null
  #sync: Sync | null = null
  #resumed: boolean
  #announced = false
  #outcome: EngineOutcome | null = null
  #lostSince: number | null = null
  #ready = false
  #revertImpossible: Refusal | null = null
  readonly #wanted = { cutover: false, cancel: false, revert: false, skipRevert: false }

  constructor(checkpoint: Checkpoint, context: ShadowRunContext) {
    this.#checkpoint = checkpoint
    this.#context = context
    this.#resumed = context.resumed
    this.#throttle = new Throttle(context.clock, checkpoint.request.throttleRatio)
    this.#progress = new Progress(context.clock)
    this.#wanted.cutover = checkpoint.request.cutover === 'auto'
    this.finished = this.#runToEnd()
  }

  status(): RunStatus {
    return this.#progress.status({
      phase: this.#phase,
      sync: this.#sync,
      throttle: this.#throttle,
    })
  }

  cutover(): void {
    this.#want('cutover')
    this.#wanted.cutover = true
  }

  pause(): void {
    this.#want('pause')
    this.#throttle.pause()
  }

  resume(): void {
    this.#want('resume')
    this.#throttle.resume()
  }

  throttle(ratio: number): void {
    if (!Number.isInteger(ratio) || ratio < 0 || ratio > 95) {
      throw new Refusal('INPUT_INVALID', `A throttle of ${ratio} makes no sense.`, {
        next: 'Give a whole number from 0 (full speed) to 95 (slowest).',
      })
    }
    this.#want('throttle')
    this.#throttle.setRatio(ratio)
  }

  cancel(): void {
    this.#want('cancel')
    this.#wanted.cancel = true
    this.#group?.abort(new Cancelled())
  }

  revert(): void {
    this.#want('revert')
    if (this.#revertImpossible) {
      throw new Refusal('REVERT_IMPOSSIBLE', this.#revertImpossible.message, {
        next: 'Skip the revert window to keep the change; to undo it, deploy a new change.',
      })
    }
    this.#wanted.revert = true
  }

  skipRevert(): void {
    this.#want('skipRevert')
    this.#wanted.skipRevert = true
  }

  #want(command: RunCommand): void {
    requirePhase(command, this.#phase)
  }

  async #runToEnd(): Promise<EngineOutcome> {
    // The caller gets its run before the first event.
    await Promise.resolve()
    for (;;) {
      try {
        return await this.#attempt()
      } catch (error) {
        // What breaks after the end, such as a connection that is being closed, changes nothing any more.
        if (this.#outcome) return this.#outcome
        this.#context.options.signal?.throwIfAborted()
        if (!isUnreachable(error)) return await this.#end(error)
        if (!(await this.#waitForServer())) return this.#fail(error)
        this.#resumed = true
      }
    }
  }

  /** Pauses before the next try to connect, longer each time; false when it has been tried for too long. */
  async #waitForServer(): Promise<boolean> {
    const { clock, options } = this.#context
    const now = clock.now().getTime()
    this.#lostSince ??= now
    const lostForMs = now - this.#lostSince
    if (lostForMs > RECONNECT_FOR_MS) return false
    const signal = options.signal ? { signal: options.signal } : {}
    await clock.sleep(Math.min(5_000, 200 + lostForMs / 4), signal)
    return true
  }

  /** From the checkpoint to the end, or to the first error. */
  async #attempt(): Promise<EngineOutcome> {
    const reverted = await this.#readCheckpoint()
    if (reverted) return 'reverted'
    const group = new TaskGroup(this.#context.options.signal)
    this.#group = group
    if (this.#wanted.cancel && this.#checkpoint.stage !== 'reverse') group.abort(new Cancelled())
    await using sync = await Sync.open({
      ...this.#context,
      checkpoint: this.#checkpoint,
      resumed: this.#resumed,
      throttle: this.#throttle,
    })
    this.#sync = sync
    this.#announce(sync)
    return await group.run(async (signal) => {
      await sync.start(group)
      this.#lostSince = null
      group.spawn((ended) => this.#reportProgress(ended))
      if (this.#checkpoint.stage === 'forward') {
        await this.#reachGate(sync, signal)
        await this.#waitAtGate(sync, signal)
        await this.#cutOver(sync, signal)
      }
      return await this.#keepOld(sync, group)
    })
  }

  /**
   * Reads where the deployment stands. Whether a swap has happened is decided by the server's dictionary: a process
   * can die between the RENAME and the record of it.
   *
   * @returns true when the tables are swapped back, and nothing is left to do.
   */
  async #readCheckpoint(): Promise<boolean> {
    await using session = await openSession(this.#context)
    const { id, request, schema } = this.#checkpoint
    const checkpoint = await findCheckpoint(session, id)
    if (!checkpoint) {
      throw new Refusal('CHECKPOINT_MISSING', `The server knows no deployment ${id}.`, {
        next: 'Start a new deployment.',
      })
    }
    this.#checkpoint = checkpoint
    const swapped = await isSwapped(session, schema, request)
    if (checkpoint.stage === 'reverse' && !swapped) {
      await this.#finish(session, 'reverted')
      return true
    }
    if (checkpoint.stage !== 'reverse' && swapped) {
      const revertUntil = this.#revertUntil()
      await saveSwapped(session, id, revertUntil)
      this.#checkpoint = { ...checkpoint, stage: 'reverse', revertUntil }
      this.#emit({ event: 'cutover', stalledMs: 0, revertUntil })
    }
    return false
  }

  #revertUntil(): Date | null {
    const { revertWindowMs } = this.#checkpoint.request
    if (revertWindowMs === null) return null
    return new Date(this.#context.clock.now().getTime() + revertWindowMs)
  }

  #announce(sync: Sync): void {
    if (this.#announced) return
    this.#announced = true
    this.#emit({ event: 'started', tables: sync.operations.map(tablesOf) })
  }

  async #reachGate(sync: Sync, signal: AbortSignal): Promise<void> {
    this.#phase = 'copying'
    await sync.copy(signal)
    this.#phase = 'catching_up'
    await sync.catchUp(signal)
    this.#phase = 'verifying'
    const session = await sync.session()
    const verifiedRows = await sync.verify(session, signal)
    await sync.catchUp(signal)
    this.#phase = 'in_sync'
    if (!this.#ready) this.#emit({ event: 'ready_to_cutover', verifiedRows })
    this.#ready = true
  }

  async #waitAtGate(sync: Sync, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context
    let session: Session | null = null
    let verifiedAt = clock.now().getTime()
    while (!this.#wanted.cutover) {
      await clock.sleep(WATCH_EVERY_MS, { signal })
      if (clock.now().getTime() - verifiedAt < VERIFY_EVERY_MS) continue
      session ??= await sync.session()
      await sync.verify(session, signal)
      verifiedAt = clock.now().getTime()
    }
  }

  async #cutOver(sync: Sync, signal: AbortSignal): Promise<void> {
    this.#phase = 'cutting_over'
    const revertUntil = this.#revertUntil()
    const stalledMs = await this.#swap(sync, 'forward', { signal, revertUntil })
    this.#checkpoint = { ...this.#checkpoint, stage: 'reverse', revertUntil }
    this.#emit({ event: 'cutover', stalledMs, revertUntil })
  }

  async #swap(
    sync: Sync,
    direction: SwapDirection,
    { signal, revertUntil }: { readonly signal: AbortSignal; readonly revertUntil: Date | null },
  ): Promise<number> {
    const { id, schema } = this.#checkpoint
    const session = await sync.session()
    return await sync.quietly(() =>
      cutOver(session, {
        id,
        schema,
        operations: sync.operations,
        direction,
        clock: this.#context.clock,
        follower: sync.follower,
        appliers: direction === 'forward' ? sync.forwardAppliers : sync.reverseAppliers,
        tryForMs: CUTOVER_FOR_MS,
        onRetry: (attempt, reason) => this.#emit({ event: 'cutover_retry', attempt, reason }),
        record: async (locked) => {
          if (direction === 'forward') await saveSwapped(locked, id, revertUntil)
        },
        signal,
      }),
    )
  }

  /** Keeps the old tables in sync until the window ends, or swaps back. */
  async #keepOld(sync: Sync, group: TaskGroup): Promise<EngineOutcome> {
    const { clock } = this.#context
    const until = this.#checkpoint.revertUntil
    if (until === null) return await this.#complete(sync)
    this.#phase = 'revert_window'
    await sync.startReverse(group, (reason) => this.#giveUpRevert(reason))
    await sync.catchUp(group.signal)
    if (!this.#revertImpossible) this.#emit({ event: 'reverse_in_sync' })
    while (!this.#wanted.revert && !this.#wanted.skipRevert && clock.now() < until) {
      await clock.sleep(WATCH_EVERY_MS, { signal: group.signal })
    }
    if (!this.#wanted.revert || this.#wanted.skipRevert) return await this.#complete(sync)
    this.#phase = 'reverting'
    await this.#swap(sync, 'back', { signal: group.signal, revertUntil: null })
    return await this.#finish(sync.control, 'reverted')
  }

  #giveUpRevert(reason: Refusal): void {
    this.#revertImpossible = reason
    this.#wanted.revert = false
    this.#emit({ event: 'revert_impossible', reason: reason.message })
  }

  async #complete(sync: Sync): Promise<EngineOutcome> {
    return await this.#finish(sync.control, 'complete')
  }

  async #finish(session: Session, outcome: 'complete' | 'reverted'): Promise<EngineOutcome> {
    await saveOutcome(session, this.#checkpoint.id, outcome)
    this.#outcome = outcome
    this.#phase = 'finished'
    this.#emit({ event: outcome })
    return outcome
  }

  /** Ends the run after an error that no new try would mend. */
  async #end(error: unknown): Promise<EngineOutcome> {
    try {
      await using session = await openSession(this.#context)
      const { id, schema, request } = this.#checkpoint
      if (await isSwapped(session, schema, request)) return await this.#endSwapped(session, error)
      const freedBytes = await dropShadows(session, schema, request)
      const cancelled = error instanceof Cancelled
      await saveOutcome(session, id, cancelled ? 'cancelled' : 'failed')
      if (!cancelled) return this.#fail(error)
      this.#phase = 'finished'
      this.#emit({ event: 'cancelled', freedBytes })
      return 'cancelled'
    } catch (failure) {
      // The tidying up failed too: the first error is the one to tell, the checkpoint knows the rest.
      return this.#fail(error instanceof Cancelled ? failure : error)
    }
  }

  /** The new tables are live and stay live; what has failed is only the way back. */
  async #endSwapped(session: Session, error: unknown): Promise<EngineOutcome> {
    if (error instanceof Cancelled) {
      // The swap was faster than the cancel. What follows is the revert window, as if nothing had been said.
      this.#wanted.cancel = false
      return await this.#runToEnd()
    }
    const reason =
      error instanceof Refusal ? error.message : 'An internal error ended the reverse sync.'
    this.#emit({ event: 'revert_impossible', reason })
    return await this.#finish(session, 'complete')
  }

  #fail(error: unknown): EngineOutcome {
    this.#phase = 'finished'
    const known = error instanceof Refusal
    this.#emit({
      event: 'failed',
      code: known ? error.code : 'INTERNAL',
      message: known
        ? error.message
        : `Internal error: ${error instanceof Error ? error.name : 'unknown'}.`,
      next: known ? error.next : 'Report this as a defect of Crossfade, with its log.',
      cause: error,
    })
    return 'failed'
  }

  async #reportProgress(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.#context.clock.sleep(PROGRESS_EVERY_MS, { signal })
      this.#emit({ event: 'progress', ...this.status() })
    }
  }

  #emit(event: NewEvent): void {
    // Sound: a member of the union without its time, and the time.
    this.#context.options.onEvent({ ...event, at: this.#context.clock.now() } as EngineEvent)
  }
}

function isUnreachable(error: unknown): boolean {
  return (
    isConnectionLost(error) || (error instanceof Refusal && error.code === 'DATABASE_UNREACHABLE')
  )
}
