import { Refusal } from '../errors.ts'
import type {
  Clocks,
  Deployment,
  DeploymentBase,
  DeploymentEvent,
  DeploymentEventType,
  DeploymentState,
  Failure,
  In,
  On,
  PlainState,
} from './deployment.ts'
import type { PlanDigest } from './digest.ts'

/** For each state, the events that may happen in it and the deployment that follows. */
type Rules = {
  readonly [S in DeploymentState]: {
    readonly [T in DeploymentEventType]?: (from: In<S>, event: On<T>) => Deployment
  }
}

/**
 * Two kinds of rules need a word.
 *
 * A fact may be told twice, because the engine goes on from its last checkpoint after a crash: {@link same}
 * takes it without a change. And the engine may have acted before it saw a command: a swap that was done
 * while the cancel was on its way has happened, so `in_progress_cancel` takes `swapped`.
 */
const rules: Rules = {
  pending: {
    checked,
    replanned: same,
    auto_cutover_set: setAutoCutover,
    revert_window_set: setRevertWindow,
    closed: same,
  },
  no_changes: { replanned, closed: same },
  error: { replanned, closed: same },
  ready: {
    replanned,
    enqueued,
    auto_cutover_set: setAutoCutover,
    revert_window_set: setRevertWindow,
    closed: same,
  },
  queued: {
    replanned,
    auto_cutover_set: setAutoCutover,
    revert_window_set: setRevertWindow,
    cutover_requested: cutoverWhenInSync,
    submitted: (from, { at }) => ({
      ...to('submitting', from, { submittedAt: at }),
      attempt: from.attempt + 1,
    }),
    cancel_requested: leaveQueue,
    closed: leaveQueue,
  },
  cancelled: { replanned, enqueued, closed: same },
  submitting: {
    auto_cutover_set: setAutoCutover,
    revert_window_set: setRevertWindow,
    cutover_requested: cutoverWhenInSync,
    submitted: same,
    started: (from, { at }) => to('in_progress', from, { startedAt: at }),
    cancel_requested: cancelRequested,
    closed: cancelRequested,
    // Preflight refused: nothing was touched, so nobody else has to wait for it.
    failed: (from, event) => ({ ...fail(from, event), blocksQueue: false }),
  },
  in_progress: {
    auto_cutover_set: setAutoCutover,
    revert_window_set: setRevertWindow,
    cutover_requested: cutoverWhenInSync,
    started: same,
    in_sync: (from, { at }) =>
      from.autoCutover
        ? to('in_progress_cutover', from, { readyToCutoverAt: at, cutoverAt: at })
        : to('pending_cutover', from, { readyToCutoverAt: at }),
    cancel_requested: cancelRequested,
    closed: cancelRequested,
    failed: fail,
  },
  in_progress_vschema: {},
  pending_cutover: {
    auto_cutover_set: (from, { autoCutover, at }) => {
      const set = { ...from, autoCutover }
      return autoCutover ? to('in_progress_cutover', set, { cutoverAt: at }) : set
    },
    revert_window_set: setRevertWindow,
    started: same,
    in_sync: same,
    cutover_blocked: same,
    swapped,
    cutover_requested: (from, { at }) => to('in_progress_cutover', from, { cutoverAt: at }),
    cancel_requested: cancelRequested,
    closed: cancelRequested,
    failed: fail,
  },
  in_progress_cutover: {
    started: same,
    in_sync: same,
    cutover_requested: same,
    // Whoever asks for the cutover next decides again; otherwise it would be tried for ever.
    cutover_blocked: (from) => to('pending_cutover', { ...from, autoCutover: false }, {}),
    swapped,
    cancel_requested: cancelRequested,
    closed: cancelRequested,
    failed: fail,
  },
  in_progress_cancel: {
    started: same,
    in_sync: same,
    cutover_blocked: same,
    swapped,
    cancel_requested: same,
    cancelled: (from, { at }) => to('complete_cancel', from, { finishedAt: at }),
    closed: same,
    failed: fail,
  },
  complete_cancel: { enqueued, closed: same },
  complete_error: {
    enqueued,
    retried: (from, { at }) => to('queued', from, { ...NOT_RUN, queuedAt: at }),
    unblocked: (from) => ({ ...from, blocksQueue: false }),
    closed: (from) => ({ ...from, blocksQueue: false }),
  },
  complete_pending_revert: {
    started: same,
    in_sync: same,
    swapped: same,
    revert_requested: (from) => {
      if (from.revertImpossible === null) return to('in_progress_revert', from, {})
      throw new Refusal('REVERT_IMPOSSIBLE', from.revertImpossible, {
        next: 'Open a pull request that changes the schema back.',
      })
    },
    revert_impossible: (from, { reason, at }) => revertWindow(from, at, reason),
    skip_revert_requested: (from, { at }) => endWindow(from, at),
    revert_window_closed: (from, { at }) => to('complete', from, { finishedAt: at }),
    closed: same,
    // The change is live all the same; what failed is the way back.
    failed: revertFailed,
  },
  complete: { revert_window_closed: same, closed: same },
  in_progress_revert: {
    started: same,
    in_sync: same,
    swapped: same,
    revert_requested: same,
    revert_impossible: (from, { reason, at }) => revertWindow(from, at, reason),
    revert_window_closed: (from, { at }) => to('complete', from, { finishedAt: at }),
    reverted: (from, { at }) => to('complete_revert', from, { finishedAt: at }),
    revert_failed: revertFailed,
    failed: revertFailed,
    closed: same,
  },
  in_progress_revert_vschema: {},
  complete_revert: { enqueued, closed: same },
  complete_revert_error: { closed: same },
}

/**
 * The deployment after `event`; the very same object when the event changes nothing.
 *
 * This is the only place that decides what may follow what; the store accepts no other change.
 *
 * @throws {Refusal} DEPLOY_STATE when `event` cannot happen in this state; REVERT_IMPOSSIBLE when a revert
 *   is asked for that the engine has already found to be impossible.
 */
export function transition(from: Deployment, event: DeploymentEvent): Deployment {
  const rule = rules[from.state][event.type]
  if (!rule) {
    const message = `The deployment is ${from.state}: ${REFUSED[event.type]}.`
    throw new Refusal('DEPLOY_STATE', message, { next: NEXT_STEP[from.state] })
  }
  // Sound: `rules` was indexed by the very state and type that `from` and `event` carry.
  return (rule as (from: Deployment, event: DeploymentEvent) => Deployment)(from, event)
}

/** Whether an event of this type may happen now. */
export function mayHappen(from: Deployment, type: DeploymentEventType): boolean {
  return rules[from.state][type] !== undefined
}

type Planned = DeploymentBase & { readonly plan: PlanDigest }

const NOT_RUN = {
  queuedAt: null,
  submittedAt: null,
  startedAt: null,
  readyToCutoverAt: null,
  cutoverAt: null,
  finishedAt: null,
  waitingPeriodEndAt: null,
} as const satisfies Omit<Clocks, 'createdAt'>

function to(
  state: PlainState,
  from: Planned,
  clocks: Partial<Clocks>,
): DeploymentBase & { readonly state: PlainState; readonly plan: PlanDigest } {
  return { ...base(from, clocks), state, plan: from.plan }
}

/** What every state has, so that no field of the former state is carried on. */
function base(
  { autoCutover, revertWindowMs, attempt, clocks }: DeploymentBase,
  passed: Partial<Clocks>,
): DeploymentBase {
  return { autoCutover, revertWindowMs, attempt, clocks: { ...clocks, ...passed } }
}

function same<D extends Deployment>(from: D): D {
  return from
}

function checked(from: In<'pending'>, { result }: On<'checked'>): Deployment {
  switch (result.kind) {
    case 'ready':
      return { ...base(from, {}), state: 'ready', plan: result.plan }
    case 'no_changes':
      return { ...base(from, {}), state: 'no_changes' }
    case 'error':
      return { ...base(from, {}), state: 'error', errors: result.errors }
  }
}

function replanned(from: Deployment): Deployment {
  return { ...base(from, NOT_RUN), state: 'pending' }
}

function enqueued(from: Planned, event: On<'enqueued'>): Deployment {
  const { autoCutover, revertWindowMs, at } = event
  return to('queued', { ...from, autoCutover, revertWindowMs }, { ...NOT_RUN, queuedAt: at })
}

function leaveQueue(from: Planned, { at }: DeploymentEvent): Deployment {
  return to('cancelled', from, { finishedAt: at })
}

function setAutoCutover<D extends Deployment>(from: D, event: On<'auto_cutover_set'>): D {
  return from.autoCutover === event.autoCutover ? from : { ...from, autoCutover: event.autoCutover }
}

function setRevertWindow<D extends Deployment>(from: D, event: On<'revert_window_set'>): D {
  return from.revertWindowMs === event.revertWindowMs
    ? from
    : { ...from, revertWindowMs: event.revertWindowMs }
}

/** A cutover asked for too early is one that happens as soon as it can. */
function cutoverWhenInSync<D extends Deployment>(from: D): D {
  return from.autoCutover ? from : { ...from, autoCutover: true }
}

function cancelRequested(from: Planned): Deployment {
  return to('in_progress_cancel', from, {})
}

function swapped(from: Planned, { at, revertUntil }: On<'swapped'>): Deployment {
  if (!revertUntil) return to('complete', from, { cutoverAt: at, finishedAt: at })
  return revertWindow({ ...from, ...base(from, { cutoverAt: at }) }, revertUntil, null)
}

function revertWindow(
  from: Planned,
  revertUntil: Date,
  revertImpossible: string | null,
): In<'complete_pending_revert'> {
  return {
    ...base(from, { waitingPeriodEndAt: revertUntil }),
    state: 'complete_pending_revert',
    plan: from.plan,
    revertUntil,
    revertImpossible,
  }
}

function endWindow(from: In<'complete_pending_revert'>, at: Date): In<'complete_pending_revert'> {
  return from.revertUntil <= at ? from : revertWindow(from, at, from.revertImpossible)
}

function fail(from: Planned, { failure, at }: On<'failed'>): In<'complete_error'> {
  return {
    ...base(from, { finishedAt: at }),
    state: 'complete_error',
    plan: from.plan,
    failure,
    blocksQueue: true,
  }
}

function revertFailed(
  from: Planned,
  { failure, at }: { readonly failure: Failure; readonly at: Date },
): Deployment {
  return {
    ...base(from, { finishedAt: at }),
    state: 'complete_revert_error',
    plan: from.plan,
    failure,
  }
}

/** Why an event is refused, as the end of a sentence. */
const REFUSED: Readonly<Record<DeploymentEventType, string>> = {
  checked: 'no deploy check is due',
  replanned: 'it cannot be planned again',
  enqueued: 'it cannot be queued',
  auto_cutover_set: 'auto-apply cannot be changed',
  revert_window_set: 'the revert window cannot be changed',
  submitted: 'it cannot be submitted',
  started: 'it cannot be started',
  in_sync: 'it cannot become in sync',
  cutover_requested: 'there is nothing to cut over',
  cutover_blocked: 'no cutover was being tried',
  swapped: 'its tables cannot have been swapped',
  revert_requested: 'there is nothing to revert',
  reverted: 'it cannot have been reverted',
  revert_failed: 'no revert was being tried',
  revert_impossible: 'there is nothing to revert',
  skip_revert_requested: 'there is no revert window to end',
  revert_window_closed: 'there is no revert window to close',
  cancel_requested: 'there is nothing to cancel',
  cancelled: 'nothing was being cancelled',
  failed: 'there was nothing that could fail',
  retried: 'there is nothing to retry',
  unblocked: 'it blocks nothing',
  closed: 'it cannot be closed',
}

/** What a reader can do in each state. */
export const NEXT_STEP: Readonly<Record<DeploymentState, string>> = {
  pending: 'Wait for the deploy check; it takes a few seconds.',
  no_changes: 'Push a commit that changes the schema.',
  error: 'Push a commit that mends the schema.',
  ready: 'Comment `/stage` to build the tables, or `/deploy` to go through to the cutover.',
  queued: 'Wait for its turn, or comment `/cancel`.',
  cancelled: 'Comment `/stage` or `/deploy` to queue it again.',
  submitting: 'Wait for the preflight checks, or comment `/cancel`.',
  in_progress: 'Wait until every table is in sync, or comment `/cancel`.',
  in_progress_vschema: 'Wait until the routing rules are changed.',
  pending_cutover: 'Comment `/cutover` to swap the tables, or `/cancel` to discard them.',
  in_progress_cutover: 'Wait: the swap is being tried. `/cancel` works until it has happened.',
  in_progress_cancel: 'Wait until the tables are discarded.',
  complete_cancel: 'Comment `/stage` or `/deploy` to start again.',
  complete_error: 'Comment `/stage` or `/deploy` to try again once the cause is gone.',
  complete_pending_revert: 'Comment `/revert` to swap back, or `/skip-revert` to keep the change.',
  complete: 'Open a new pull request for a further change.',
  in_progress_revert: 'Wait until the tables are swapped back.',
  in_progress_revert_vschema: 'Wait until the routing rules are changed back.',
  complete_revert: 'Comment `/stage` or `/deploy` to start again.',
  complete_revert_error: 'Look at the reason of the failure; the tables are left as they are.',
}
