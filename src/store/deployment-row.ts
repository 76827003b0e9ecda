import {
  type Deployment,
  type DeploymentPhase,
  type Failure,
  planOf,
} from '../deploy/deployment.ts'
import { parsePlanDigest } from '../deploy/digest.ts'
import type { DeploymentRow } from './database.ts'

/** What only some states have, as kept in `detail`. */
type Detail = {
  readonly errors?: readonly Failure[]
  readonly failure?: Failure
  readonly blocksQueue?: boolean
  readonly revertImpossible?: string | null
}

type Columns = Omit<
  DeploymentRow,
  'id' | 'deploy_request_id' | 'version' | 'progress' | 'created_at'
>

/** The columns that hold `deployment`. */
export function toColumns(deployment: Deployment): Columns {
  const { clocks } = deployment
  return {
    state: deployment.state,
    plan_digest: planOf(deployment),
    auto_cutover: deployment.autoCutover ? 1 : 0,
    revert_window_ms: deployment.revertWindowMs,
    attempt: deployment.attempt,
    queued_at: clocks.queuedAt,
    submitted_at: clocks.submittedAt,
    started_at: clocks.startedAt,
    ready_to_cutover_at: clocks.readyToCutoverAt,
    cutover_at: clocks.cutoverAt,
    finished_at: clocks.finishedAt,
    waiting_period_end_at: clocks.waitingPeriodEndAt,
    detail: JSON.stringify(detailOf(deployment)),
  }
}

function detailOf(deployment: Deployment): Detail {
  switch (deployment.state) {
    case 'error':
      return { errors: deployment.errors }
    case 'complete_error':
      return { failure: deployment.failure, blocksQueue: deployment.blocksQueue }
    case 'complete_revert_error':
      return { failure: deployment.failure }
    case 'complete_pending_revert':
      return { revertImpossible: deployment.revertImpossible }
    default:
      return {}
  }
}

/** The deployment that a row holds. */
export function toDeployment(row: DeploymentRow): Deployment {
  return {
    autoCutover: row.auto_cutover === 1,
    revertWindowMs: row.revert_window_ms,
    attempt: row.attempt,
    clocks: {
      createdAt: row.created_at,
      queuedAt: row.queued_at,
      submittedAt: row.submitted_at,
      startedAt: row.started_at,
      readyToCutoverAt: row.ready_to_cutover_at,
      cutoverAt: row.cutover_at,
      finishedAt: row.finished_at,
      waitingPeriodEndAt: row.waiting_period_end_at,
    },
    ...phaseOf(row),
  }
}

function phaseOf(row: DeploymentRow): DeploymentPhase {
  const { state } = row
  // Sound: `detail` is written by `toColumns` alone, next to the state it belongs to.
  const detail = JSON.parse(row.detail) as Detail
  if (state === 'pending' || state === 'no_changes') return { state }
  if (state === 'error') return { state, errors: detail.errors ?? [] }
  const plan = parsePlanDigest(row.plan_digest ?? '')
  switch (state) {
    case 'complete_error':
      return { state, plan, failure: need(detail.failure), blocksQueue: need(detail.blocksQueue) }
    case 'complete_revert_error':
      return { state, plan, failure: need(detail.failure) }
    case 'complete_pending_revert':
      return {
        state,
        plan,
        revertUntil: need(row.waiting_period_end_at),
        revertImpossible: detail.revertImpossible ?? null,
      }
    default:
      return { state, plan }
  }
}

/** `value`, which the state of the row says is there. */
function need<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new TypeError('a deployment lacks a field')
  return value
}
