import type { ErrorCode } from '../errors.ts'
import type { PlanDigest } from './digest.ts'

/** A problem as it is kept and shown: what a `Refusal` says, or INTERNAL for a bug of ours. */
export type Failure = {
  readonly code: ErrorCode | 'INTERNAL'
  readonly message: string
  readonly next: string
}

/** When a deployment passed each step for the last time; null for a step it has not reached. */
export type Clocks = {
  readonly createdAt: Date
  readonly queuedAt: Date | null
  readonly submittedAt: Date | null
  readonly startedAt: Date | null
  readonly readyToCutoverAt: Date | null
  readonly cutoverAt: Date | null
  readonly finishedAt: Date | null
  /** The end of the revert window. */
  readonly waitingPeriodEndAt: Date | null
}

/** What may be chosen before and during the deploy, whatever its state. */
export type DeploymentSettings = {
  /** True cuts over as soon as every table is in sync; false waits at the gate for a person. */
  readonly autoCutover: boolean
  /** How long a revert stays possible after the cutover; null for not at all. */
  readonly revertWindowMs: number | null
}

/** What a deployment has in every state. */
export type DeploymentBase = DeploymentSettings & {
  readonly clocks: Clocks
  /** How often it was given to the engine: each attempt is a run of its own on the target server. */
  readonly attempt: number
}

/** A state and what exists in it alone. */
export type DeploymentPhase =
  | { readonly state: 'pending' | 'no_changes' }
  /** The deploy check refused the change. */
  | { readonly state: 'error'; readonly errors: readonly Failure[] }
  /** `cancelled` left the queue before it ran; `complete_cancel` had begun. */
  | { readonly state: PlainState; readonly plan: PlanDigest }
  | {
      readonly state: 'complete_pending_revert'
      readonly plan: PlanDigest
      readonly revertUntil: Date
      /** Why a revert became impossible before the window ended; null while it is possible. */
      readonly revertImpossible: string | null
    }
  | {
      readonly state: 'complete_error'
      readonly plan: PlanDigest
      readonly failure: Failure
      /** True until somebody unblocked or retried it; other deployments of the branch wait. */
      readonly blocksQueue: boolean
    }
  | {
      readonly state: 'complete_revert_error'
      readonly plan: PlanDigest
      readonly failure: Failure
    }

/** The states that have a plan and nothing else of their own. */
export type PlainState =
  | 'ready'
  | 'queued'
  | 'cancelled'
  | 'submitting'
  | 'in_progress'
  | 'in_progress_vschema'
  | 'pending_cutover'
  | 'in_progress_cutover'
  | 'in_progress_cancel'
  | 'complete_cancel'
  | 'complete'
  | 'in_progress_revert'
  | 'in_progress_revert_vschema'
  | 'complete_revert'

/**
 * One run of a deploy request against one production branch.
 *
 *     pending → ready → queued → submitting → in_progress → pending_cutover → in_progress_cutover
 *       → complete_pending_revert → complete
 *
 * `transition.ts` has every path. A field exists only in the states in which it means something. The two
 * `…_vschema` states are those of a Vitess engine; nothing leads there yet.
 */
export type Deployment = DeploymentBase & DeploymentPhase

/** What the deploy check found. */
export type CheckResult =
  | { readonly kind: 'ready'; readonly plan: PlanDigest }
  | { readonly kind: 'no_changes' }
  | { readonly kind: 'error'; readonly errors: readonly Failure[] }

/**
 * What can happen to a deployment, in the past tense: a command becomes an event once it is authorised,
 * the deployer tells what the engine did.
 */
export type DeploymentEvent = { readonly at: Date } & (
  | { readonly type: 'checked'; readonly result: CheckResult }
  /** The wanted or the live schema is another one now, or somebody asked for a new check. */
  | { readonly type: 'replanned' }
  | ({ readonly type: 'enqueued' } & DeploymentSettings)
  | { readonly type: 'auto_cutover_set'; readonly autoCutover: boolean }
  | { readonly type: 'revert_window_set'; readonly revertWindowMs: number | null }
  /** The deployer took it: the engine's preflight begins. */
  | { readonly type: 'submitted' }
  /** The first shadow table is about to be built. */
  | { readonly type: 'started' }
  /** `verifiedRows`: how many rows were compared, and none differed; null where no row is copied. */
  | { readonly type: 'in_sync'; readonly verifiedRows: number | null }
  | { readonly type: 'cutover_requested' }
  /** The swap was tried until its limit and did not happen; live and shadow stay in sync. */
  | { readonly type: 'cutover_blocked' }
  | { readonly type: 'swapped'; readonly revertUntil: Date | null }
  | { readonly type: 'revert_requested' }
  | { readonly type: 'reverted' }
  | { readonly type: 'revert_failed'; readonly failure: Failure }
  | { readonly type: 'revert_impossible'; readonly reason: string }
  | { readonly type: 'skip_revert_requested' }
  /** The engine ended the revert window: in its time, or because that was asked for. */
  | { readonly type: 'revert_window_closed' }
  | { readonly type: 'cancel_requested' }
  /** The engine discarded the shadow tables. */
  | { readonly type: 'cancelled' }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'retried' }
  | { readonly type: 'unblocked' }
  /** The deploy request was closed. */
  | { readonly type: 'closed' }
)

export type DeploymentState = Deployment['state']
export type DeploymentEventType = DeploymentEvent['type']

/** A deployment in one of the states `S`. */
export type In<S extends DeploymentState> = Deployment & { readonly state: S }
/** An event of the type `T`. */
export type On<T extends DeploymentEventType> = DeploymentEvent & { readonly type: T }

/** Every state, in the order of a life without detours. */
export const DEPLOYMENT_STATES = [
  'pending',
  'no_changes',
  'error',
  'ready',
  'queued',
  'cancelled',
  'submitting',
  'in_progress',
  'in_progress_vschema',
  'pending_cutover',
  'in_progress_cutover',
  'in_progress_cancel',
  'complete_cancel',
  'complete_error',
  'complete_pending_revert',
  'complete',
  'in_progress_revert',
  'in_progress_revert_vschema',
  'complete_revert',
  'complete_revert_error',
] as const satisfies readonly DeploymentState[]

/** The states in which the engine has work to do or to watch: a deployer must be on it. */
export const ENGINE_STATES = [
  'submitting',
  'in_progress',
  'pending_cutover',
  'in_progress_cutover',
  'in_progress_cancel',
  'complete_pending_revert',
  'in_progress_revert',
] as const satisfies readonly DeploymentState[]

/** A deployment at its beginning: the deploy check is due. */
export function newDeployment(settings: DeploymentSettings, at: Date): Deployment {
  return {
    state: 'pending',
    autoCutover: settings.autoCutover,
    revertWindowMs: settings.revertWindowMs,
    attempt: 0,
    clocks: {
      createdAt: at,
      queuedAt: null,
      submittedAt: null,
      startedAt: null,
      readyToCutoverAt: null,
      cutoverAt: null,
      finishedAt: null,
      waitingPeriodEndAt: null,
    },
  }
}

/** The digest of the plan that `deployment` is bound to; null before there is one. */
export function planOf(deployment: Deployment): PlanDigest | null {
  return 'plan' in deployment ? deployment.plan : null
}
