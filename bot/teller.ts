import type { DeploymentEvent, Failure } from '../src/deploy/deployment.ts'
import type { DeploymentProgress } from '../src/deploy/progress.ts'
import type { By } from '../src/deploy/request.ts'
import type { EngineEvent } from '../src/engine/port.ts'
import { Refusal } from '../src/errors.ts'
import { recordFact, requireDeployment, saveProgress } from '../src/store/deployments.ts'
import { logCause } from './log-cause.ts'
import type { Parts } from './parts.ts'

/** Who does what nobody asked for: the engine. */
export const ENGINE: By = { actor: 'crossfade', via: 'engine' }
const PROGRESS_EVERY_MS = 1_000

/** Writes what the engine says to the store, in its order; progress at most once a second. */
export class Teller {
  readonly #parts: Parts
  readonly #id: number
  readonly #failed = new AbortController()
  #telling: Promise<void> = Promise.resolve()
  #progressAt = Number.NEGATIVE_INFINITY

  constructor(parts: Parts, id: number) {
    this.#parts = parts
    this.#id = id
  }

  /** Aborted when something was not written or not read. */
  get failed(): AbortSignal {
    return this.#failed.signal
  }

  tell(event: EngineEvent): void {
    if (event.event === 'progress' && !this.#isProgressDue()) return
    this.#telling = this.#telling
      .then(() => (this.failed.aborted ? undefined : this.#write(event)))
      .catch((error: unknown) => this.fail(error))
  }

  /** Ends the drive with this reason: the store is away, or something of ours is wrong. */
  fail(error: unknown): void {
    this.#failed.abort(error)
  }

  /** Resolves when everything is written; rejects with the reason why something was not. */
  async done(): Promise<void> {
    await this.#telling
    this.failed.throwIfAborted()
  }

  #isProgressDue(): boolean {
    const now = performance.now()
    if (now - this.#progressAt < PROGRESS_EVERY_MS) return false
    this.#progressAt = now
    return true
  }

  async #write(event: EngineEvent): Promise<void> {
    const { store, clock, log, ring } = this.#parts
    if (event.event === 'progress') {
      const stored = await requireDeployment(store, this.#id)
      await saveProgress(store, stored, toProgress(event), clock.now())
      return
    }
    if (event.event === 'failed' && event.code === 'DEPLOYMENT_BUSY') {
      // A process of ours that died is still connected as far as the server knows: the drive is repeated.
      throw new Refusal(event.code, event.message, { next: event.next })
    }
    const fact = toFact(event)
    log.info(event.event, { deployment: this.#id })
    logCause(log, event, { deployment: this.#id })
    if (!fact) return
    try {
      await recordFact(store, this.#id, fact, ENGINE)
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'DEPLOY_STATE') throw error
      await this.#contradict(fact, error)
    }
    ring()
  }

  /**
   * The engine did something that does not follow from the state. A revert that was asked for just when it
   * became impossible has failed; everything else is a bug of ours, and no reason to stop keeping tables in sync.
   */
  async #contradict(fact: DeploymentEvent, refusal: Refusal): Promise<void> {
    const { store, log } = this.#parts
    if (fact.type !== 'revert_impossible') {
      log.error('a fact contradicts the state', refusal, { deployment: this.#id, fact: fact.type })
      return
    }
    const failure: Failure = {
      code: 'REVERT_IMPOSSIBLE',
      message: fact.reason,
      next: 'Open a pull request that changes the schema back.',
    }
    await recordFact(store, this.#id, { type: 'revert_failed', failure, at: fact.at }, ENGINE)
  }
}

function toProgress(status: EngineEvent & { readonly event: 'progress' }): DeploymentProgress {
  const { phase, rowsCopied, rowsEstimated, rowsPerSecond, etaSeconds } = status
  const { lagMs, throttledBy, verified, tables } = status
  return {
    phase,
    rowsCopied,
    rowsEstimated,
    rowsPerSecond,
    etaSeconds,
    lagMs,
    throttledBy,
    verified: verified && { ...verified, at: verified.at.toISOString() },
    tables,
  }
}

/** What an event of the engine means for the deployment; null for what changes no state. */
function toFact(event: Exclude<EngineEvent, { event: 'progress' }>): DeploymentEvent | null {
  const { at } = event
  switch (event.event) {
    case 'started':
      return { type: 'started', at }
    case 'ready_to_cutover':
      return { type: 'in_sync', verifiedRows: event.verifiedRows, at }
    case 'cutover_blocked':
      return { type: 'cutover_blocked', at }
    case 'cutover':
      return { type: 'swapped', revertUntil: event.revertUntil, at }
    case 'revert_impossible':
      return { type: 'revert_impossible', reason: event.reason, at }
    case 'complete':
      return { type: 'revert_window_closed', at }
    case 'reverted':
      return { type: 'reverted', at }
    case 'cancelled':
      return { type: 'cancelled', at }
    case 'failed': {
      const { code, message, next } = event
      return { type: 'failed', failure: { code, message, next }, at }
    }
    case 'verified':
    case 'cutover_retry':
    case 'connection_lost':
    case 'reverse_in_sync':
      return null
  }
}
