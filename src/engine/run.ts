import type { Clock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import type { Target } from '../mysql/connect.ts'
import { codeOf } from '../mysql/errno.ts'
import type { Flavour } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import {
  type Checkpoint,
  type Ending,
  findCheckpoint,
  saveRevertImpossible,
  saveSwapped,
} from './checkpoint.ts'
import { type RunCommand, requirePhase } from './commands.ts'
import { clearSentries } from './cutover/sentry.ts'
import { SwapUnrecorded } from './cutover/swap.ts'
import { settleViews } from './cutover/view-swap.ts'
import { endDeployment, goOnEnding } from './ending.ts'
import { claimDeployment, openSession } from './engine-session.ts'
import { asDiskFull, failureOf, saysDiskFull } from './failure.ts'
import { endEvents } from './finished-run.ts'
import { inTheWayAfter } from './in-the-way.ts'
import { Lifecycle, type NewEvent, type RunState, revertUntilOf } from './lifecycle.ts'
import type {
  EngineEvent,
  EngineOutcome,
  EngineRun,
  Prospects,
  RunOptions,
  RunStatus,
} from './port.ts'
import { Progress } from './progress.ts'
import { requireSameServer } from './same-server.ts'
import { isSwapped, tablesOf } from './shadow.ts'
import { signalsOf } from './signal/signals.ts'
import { Sync } from './sync.ts'
import { asTableChanged } from './table/changed-table.ts'
import { TaskGroup } from './task-group.ts'
import { Throttle } from './throttle.ts'
import { Cancelled, verdictOf } from './verdict.ts'

export type ShadowRunContext = {
  readonly target: Target
  readonly flavour: Flavour
  readonly clock: Clock
  readonly options: RunOptions
  readonly resumed: boolean
  /** What `started` tells. */
  readonly prospects: Prospects
}

const PROGRESS_EVERY_MS = 1_000
/** Between two tries to go on. */
const LONGEST_PAUSE_MS = 5_000

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
  #group: TaskGroup | null = null
  #sync: Sync | null = null
  #resumed: boolean
  #announced = false
  #outcome: EngineOutcome | null = null
  #lostSince: number | null = null
  readonly #state: RunState
  /** Why the last try of a swap gave way; null when none is being made. */
  #inTheWay: string | null = null

  constructor(checkpoint: Checkpoint, context: ShadowRunContext) {
    this.#checkpoint = checkpoint
    this.#context = context
    this.#resumed = context.resumed
    this.#throttle = new Throttle({
      clock: context.clock,
      ratio: checkpoint.request.throttleRatio,
      signals: signalsOf(checkpoint.request, {
        ...context,
        replicas: context.options.replicas ?? [],
      }),
    })
    this.#progress = new Progress(context.clock)
    this.#state = {
      phase: 'starting',
      ready: false,
      swapTold: false,
      revertImpossible: checkpoint.revertImpossible,
      verified: null,
      wanted: {
        cutover: checkpoint.request.cutover === 'auto',
        force: false,
        cancel: false,
        revert: false,
        skipRevert: false,
      },
      emit: (event) => this.#emit(event),
    }
    this.finished = this.#runToEnd()
  }

  status(): RunStatus {
    const { phase, verified, revertImpossible } = this.#state
    const progress = this.#progress.status({ phase, sync: this.#sync, throttle: this.#throttle })
    const throttledBy = this.#inTheWay ?? progress.throttledBy
    return { ...progress, throttledBy, verified, revertImpossible }
  }

  cutover({ force }: { readonly force: boolean } = { force: false }): void {
    this.#want(force ? 'force' : 'cutover')
    this.#state.wanted.cutover = true
    this.#state.wanted.force ||= force
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
    this.#state.wanted.cancel = true
    this.#group?.abort(new Cancelled())
  }

  revert(): void {
    this.#want('revert')
    if (this.#state.revertImpossible) {
      throw new Refusal('REVERT_IMPOSSIBLE', this.#state.revertImpossible.reason, {
        next: 'Skip the revert window to keep the change; to undo it, deploy a new change.',
      })
    }
    this.#state.wanted.revert = true
  }

  skipRevert(): void {
    this.#want('skipRevert')
    this.#state.wanted.skipRevert = true
  }

  #want(command: RunCommand): void {
    requirePhase(command, this.#state.phase)
  }

  async #runToEnd(): Promise<EngineOutcome> {
    // The caller gets its run before the first event.
    await Promise.resolve()
    for (;;) {
      try {
        return await this.#attempt()
      } catch (error) {
        const next = await this.#nextAfter(error)
        if (next === 'away') await this.#waitForServer(error)
        else if (next !== 'again') return next
        this.#resumed = true
      }
    }
  }

  /** How the run ends by an error, or how it goes on: `again` at once, `away` when the server is to be waited for. */
  async #nextAfter(cause: unknown): Promise<EngineOutcome | 'again' | 'away'> {
    // What breaks after the end, such as a connection that is being closed, changes nothing any more.
    if (this.#outcome) return this.#outcome
    this.#context.options.signal?.throwIfAborted()
    const error = asDiskFull(asTableChanged(cause))
    const verdict = verdictOf(error)
    // Another process has the tables: nothing of them is ours to tidy up.
    if (verdict === 'busy' && this.#sync === null) return this.#fail(error)
    return verdict === 'over' ? await this.#end(error) : 'away'
  }

  /**
   * Pauses before the next try to connect, longer each time. It is tried without end: giving up would throw away a
   * copy that may have taken days, and the checkpoint waits as well as we do.
   */
  async #waitForServer(error: unknown): Promise<void> {
    const { clock, options } = this.#context
    const now = clock.now().getTime()
    this.#lostSince ??= now
    const lostForMs = now - this.#lostSince
    const wrapped = error instanceof SwapUnrecorded || saysDiskFull(error)
    const reason = codeOf(wrapped && error instanceof Error ? error.cause : error) ?? 'no answer'
    this.#emit({ event: 'connection_lost', lostForMs, reason })
    const signal = options.signal ? { signal: options.signal } : {}
    // A disk is not emptied in a moment, and everything else works meanwhile.
    const pauseMs = saysDiskFull(error) ? LONGEST_PAUSE_MS : 200 + lostForMs / 4
    await clock.sleep(Math.min(LONGEST_PAUSE_MS, pauseMs), signal)
  }

  /** From the checkpoint to the end, or to the first error. */
  async #attempt(): Promise<EngineOutcome> {
    const over = await this.#readCheckpoint()
    if (over) return over
    const group = new TaskGroup(this.#context.options.signal)
    this.#group = group
    if (this.#state.wanted.cancel && this.#checkpoint.stage !== 'reverse')
      group.abort(new Cancelled())
    await using sync = await Sync.open({
      ...this.#context,
      checkpoint: this.#checkpoint,
      resumed: this.#resumed,
      throttle: this.#throttle,
      signal: group.signal,
    })
    this.#sync = sync
    const tables = sync.operations.map(tablesOf)
    if (!this.#announced) this.#emit({ event: 'started', tables, ...this.#context.prospects })
    this.#announced = true
    const work = async () => {
      await sync.start(group)
      this.#lostSince = null
      group.spawn((ended) => this.#reportProgress(ended))
      const { clock } = this.#context
      const lifecycle = new Lifecycle(sync, this.#checkpoint, { clock, state: this.#state })
      return await lifecycle.run(group)
    }
    const outcome = await group.run(work, { clock: this.#context.clock, cut: () => sync.cut() })
    // After the group: whatever still wrote beside it would leave something of a deployment that is over.
    return await this.#finish(sync.control, outcome)
  }

  /**
   * Reads where the deployment stands. Whether a swap has happened is decided by the server's dictionary: a process
   * can die between the RENAME and the record of it.
   *
   * @returns how the deployment has ended, when nothing is left to do but to tidy up; else null.
   */
  async #readCheckpoint(): Promise<EngineOutcome | null> {
    await using session = await openSession(this.#context)
    const { id, request, schema } = this.#checkpoint
    // First: another process may end the deployment while we wait for it.
    await claimDeployment(session, id)
    const checkpoint = await findCheckpoint(session, id)
    if (!checkpoint) {
      throw new Refusal('CHECKPOINT_MISSING', `The server knows no deployment ${id}.`, {
        next: 'Start a new deployment.',
      })
    }
    this.#checkpoint = checkpoint
    this.#state.revertImpossible ??= checkpoint.revertImpossible
    // A RENAME of a connection that we have lost could still happen after we have looked.
    await clearSentries(session, { schema, request }, this.#context.clock)
    // What is tidied up already must not be taken for somebody's doing.
    if (checkpoint.ending !== null) return await this.#goOnEnding(session, checkpoint.ending)
    await requireSameServer(session, checkpoint)
    const swapped = await isSwapped(session, checkpoint)
    if (checkpoint.stage === 'reverse' && !swapped) return await this.#finish(session, 'reverted')
    if (checkpoint.stage !== 'reverse' && swapped) await this.#recordSwap(session)
    if (swapped) this.#tellSwap()
    return null
  }

  /** Records a swap of which only the server's dictionary knows. */
  async #recordSwap(session: Session): Promise<void> {
    const { id, request } = this.#checkpoint
    const revertUntil = revertUntilOf(request, this.#context.clock)
    await saveSwapped(session, id, revertUntil)
    this.#checkpoint = { ...this.#checkpoint, stage: 'reverse', revertUntil }
  }

  /** Does what an earlier process, or an earlier connection, has left of the end. */
  async #goOnEnding(session: Session, outcome: EngineOutcome): Promise<EngineOutcome> {
    const {
      clock,
      options: { onEvent, signal },
    } = this.#context
    const { failure } = this.#checkpoint
    await goOnEnding(session, this.#checkpoint, { ending: { outcome, failure }, clock, signal })
    this.#outcome = outcome
    this.#state.phase = 'finished'
    const events = endEvents(this.#checkpoint, outcome, clock.now())
    for (const event of events) {
      if (event.event !== 'cutover' || !this.#state.swapTold) onEvent(event)
    }
    return outcome
  }

  /** Tells that the tables are swapped, once in a run: whoever listened to an earlier one may have missed it. */
  #tellSwap(): void {
    if (this.#state.swapTold) return
    this.#state.swapTold = true
    const { revertUntil } = this.#checkpoint
    this.#emit({ event: 'cutover', stalledMs: 0, revertUntil })
  }

  async #finish(session: Session, outcome: 'complete' | 'reverted'): Promise<EngineOutcome> {
    const ending = { outcome, failure: null }
    const { clock, options } = this.#context
    this.#tellSwap()
    await settleViews(session, this.#checkpoint, outcome, {
      clock,
      open: () => openSession(this.#context),
      emit: (event) => this.#emit(event),
      isForced: () => this.#state.wanted.force,
      signal: options.signal ?? new AbortController().signal,
    })
    await endDeployment(session, this.#checkpoint, { ending, clock, signal: options.signal })
    this.#outcome = outcome
    this.#state.phase = 'finished'
    this.#emit({ event: outcome })
    return outcome
  }

  /** Ends the run after an error that no new try would mend; see {@link #nextAfter}. */
  async #end(error: unknown): Promise<EngineOutcome | 'again' | 'away'> {
    const cancelled = error instanceof Cancelled
    try {
      await using session = await openSession(this.#context)
      await claimDeployment(session, this.#checkpoint.id)
      const { clock } = this.#context
      const checkpoint = (await findCheckpoint(session, this.#checkpoint.id)) ?? this.#checkpoint
      this.#checkpoint = checkpoint
      await clearSentries(session, checkpoint, clock)
      if (checkpoint.ending !== null) return await this.#goOnEnding(session, checkpoint.ending)
      if (await isSwapped(session, checkpoint)) return await this.#endSwapped(session, error)
      if (checkpoint.stage === 'reverse') return await this.#finish(session, 'reverted')
      return await this.#endUnswapped(session, error)
    } catch (failure) {
      this.#context.options.signal?.throwIfAborted()
      // What is left to do is in the checkpoint, or will be found to be done again.
      if (verdictOf(failure) !== 'over') return 'away'
      // The tidying up failed too: the first error is the one to tell, the checkpoint knows the rest.
      return this.#fail(cancelled ? failure : error)
    }
  }

  async #endUnswapped(session: Session, error: unknown): Promise<EngineOutcome> {
    const cancelled = error instanceof Cancelled
    const { clock } = this.#context
    const ending: Ending = cancelled
      ? { outcome: 'cancelled', failure: null }
      : { outcome: 'failed', failure: failureOf(error) }
    const freedBytes = await endDeployment(session, this.#checkpoint, { ending, clock })
    if (!cancelled) return this.#fail(error)
    this.#state.phase = 'finished'
    this.#emit({ event: 'cancelled', freedBytes })
    return 'cancelled'
  }

  /** The new tables are live and stay live; what has failed can only be the way back. */
  async #endSwapped(session: Session, error: unknown): Promise<EngineOutcome | 'again' | 'away'> {
    const isNews = this.#checkpoint.stage !== 'reverse'
    if (isNews) await this.#recordSwap(session)
    this.#state.wanted.cancel = false
    // The swap was faster than the cancel, or than whatever went wrong. What follows is the revert window.
    if (isNews || error instanceof Cancelled) return 'again'
    // Both tables are whole, and the way back is worth waiting for; the binlog keeps what is not applied.
    if (saysDiskFull(error)) return 'away'
    this.#tellSwap()
    if (!this.#state.revertImpossible) {
      const reason =
        error instanceof Refusal ? error.message : 'An internal error ended the reverse sync.'
      const impossible = { since: this.#context.clock.now(), reason }
      this.#state.revertImpossible = impossible
      await saveRevertImpossible(session, this.#checkpoint.id, impossible)
      this.#emit({ event: 'revert_impossible', ...impossible, cause: error })
    }
    return await this.#finish(session, 'complete')
  }

  #fail(error: unknown): EngineOutcome {
    this.#state.phase = 'finished'
    this.#emit({ event: 'failed', ...failureOf(error), cause: error })
    return 'failed'
  }

  async #reportProgress(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.#context.clock.sleep(PROGRESS_EVERY_MS, { signal })
      this.#emit({ event: 'progress', ...this.status() })
    }
  }

  #emit(event: NewEvent): void {
    this.#inTheWay = inTheWayAfter(event, this.#inTheWay)
    // Sound: a member of the union without its time, and the time.
    this.#context.options.onEvent({ ...event, at: this.#context.clock.now() } as EngineEvent)
  }
}
