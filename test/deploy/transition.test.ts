import { describe, expect, test } from 'vitest'
import {
  DEPLOYMENT_STATES,
  type Deployment,
  type DeploymentEvent,
  type DeploymentEventType,
  type DeploymentPhase,
  type DeploymentState,
  ENGINE_STATES,
  newDeployment,
} from '../../src/deploy/deployment.ts'
import { digestOf } from '../../src/deploy/digest.ts'
import { mayHappen, NEXT_STEP, transition } from '../../src/deploy/transition.ts'
import { Refusal } from '../../src/errors.ts'

const AT = new Date('2026-03-01T12:00:00Z')
const LATER = new Date('2026-03-01T12:30:00Z')
const PLAN = digestOf({ statements: ['DROP TABLE t'], liveFingerprint: 'f', engineOptions: {} })
const FAILURE = { code: 'DUPLICATE_KEY', message: 'm', next: 'n' } as const

describe('transition', () => {
  test('the whole table, every state by every event', () => {
    const rows = DEPLOYMENT_STATES.flatMap((state) =>
      EVENTS.map((event) => `${state} + ${event.type} → ${stateAfter(a(state), event)}`),
    )

    expect(rows).toHaveLength(20 * 23)
    expect(rows.filter((row) => !row.endsWith('refused'))).toMatchInlineSnapshot(`
      [
        "pending + checked → ready",
        "pending + replanned → pending",
        "pending + auto_cutover_set → pending",
        "pending + revert_window_set → pending",
        "pending + closed → pending",
        "no_changes + replanned → pending",
        "no_changes + closed → no_changes",
        "error + replanned → pending",
        "error + closed → error",
        "ready + replanned → pending",
        "ready + enqueued → queued",
        "ready + auto_cutover_set → ready",
        "ready + revert_window_set → ready",
        "ready + closed → ready",
        "queued + replanned → pending",
        "queued + auto_cutover_set → queued",
        "queued + revert_window_set → queued",
        "queued + submitted → submitting",
        "queued + cutover_requested → queued",
        "queued + cancel_requested → cancelled",
        "queued + closed → cancelled",
        "cancelled + replanned → pending",
        "cancelled + enqueued → queued",
        "cancelled + closed → cancelled",
        "submitting + auto_cutover_set → submitting",
        "submitting + revert_window_set → submitting",
        "submitting + submitted → submitting",
        "submitting + started → in_progress",
        "submitting + cutover_requested → submitting",
        "submitting + cancel_requested → in_progress_cancel",
        "submitting + failed → complete_error",
        "submitting + closed → in_progress_cancel",
        "in_progress + auto_cutover_set → in_progress",
        "in_progress + revert_window_set → in_progress",
        "in_progress + started → in_progress",
        "in_progress + in_sync → pending_cutover",
        "in_progress + cutover_requested → in_progress",
        "in_progress + cancel_requested → in_progress_cancel",
        "in_progress + failed → complete_error",
        "in_progress + closed → in_progress_cancel",
        "pending_cutover + auto_cutover_set → pending_cutover",
        "pending_cutover + revert_window_set → pending_cutover",
        "pending_cutover + started → pending_cutover",
        "pending_cutover + in_sync → pending_cutover",
        "pending_cutover + cutover_requested → in_progress_cutover",
        "pending_cutover + cutover_blocked → pending_cutover",
        "pending_cutover + swapped → complete_pending_revert",
        "pending_cutover + cancel_requested → in_progress_cancel",
        "pending_cutover + failed → complete_error",
        "pending_cutover + closed → in_progress_cancel",
        "in_progress_cutover + started → in_progress_cutover",
        "in_progress_cutover + in_sync → in_progress_cutover",
        "in_progress_cutover + cutover_requested → in_progress_cutover",
        "in_progress_cutover + cutover_blocked → pending_cutover",
        "in_progress_cutover + swapped → complete_pending_revert",
        "in_progress_cutover + cancel_requested → in_progress_cancel",
        "in_progress_cutover + failed → complete_error",
        "in_progress_cutover + closed → in_progress_cancel",
        "in_progress_cancel + started → in_progress_cancel",
        "in_progress_cancel + in_sync → in_progress_cancel",
        "in_progress_cancel + cutover_blocked → in_progress_cancel",
        "in_progress_cancel + swapped → complete_pending_revert",
        "in_progress_cancel + cancel_requested → in_progress_cancel",
        "in_progress_cancel + cancelled → complete_cancel",
        "in_progress_cancel + failed → complete_error",
        "in_progress_cancel + closed → in_progress_cancel",
        "complete_cancel + enqueued → queued",
        "complete_cancel + closed → complete_cancel",
        "complete_error + enqueued → queued",
        "complete_error + retried → queued",
        "complete_error + unblocked → complete_error",
        "complete_error + closed → complete_error",
        "complete_pending_revert + started → complete_pending_revert",
        "complete_pending_revert + in_sync → complete_pending_revert",
        "complete_pending_revert + swapped → complete_pending_revert",
        "complete_pending_revert + revert_requested → in_progress_revert",
        "complete_pending_revert + revert_impossible → complete_pending_revert",
        "complete_pending_revert + skip_revert_requested → complete_pending_revert",
        "complete_pending_revert + revert_window_closed → complete",
        "complete_pending_revert + failed → complete_revert_error",
        "complete_pending_revert + closed → complete_pending_revert",
        "complete + revert_window_closed → complete",
        "complete + closed → complete",
        "in_progress_revert + started → in_progress_revert",
        "in_progress_revert + in_sync → in_progress_revert",
        "in_progress_revert + swapped → in_progress_revert",
        "in_progress_revert + revert_requested → in_progress_revert",
        "in_progress_revert + reverted → complete_revert",
        "in_progress_revert + revert_failed → complete_revert_error",
        "in_progress_revert + revert_impossible → complete_pending_revert",
        "in_progress_revert + revert_window_closed → complete",
        "in_progress_revert + failed → complete_revert_error",
        "in_progress_revert + closed → in_progress_revert",
        "complete_revert + enqueued → queued",
        "complete_revert + closed → complete_revert",
        "complete_revert_error + closed → complete_revert_error",
      ]
    `)
  })

  test('nothing leads to the states of a Vitess engine, and nothing leads out of them', () => {
    const reached = DEPLOYMENT_STATES.flatMap((state) =>
      EVENTS.map((event) => stateAfter(a(state), event)),
    )

    expect(reached.filter((state) => state.includes('vschema'))).toEqual([])
  })

  test('refuses with the code, the state and the next step', () => {
    expect(refusal(() => transition(a('complete'), { type: 'cancel_requested', at: AT }))).toEqual({
      code: 'DEPLOY_STATE',
      message: 'The deployment is complete: there is nothing to cancel.',
      next: 'Open a new pull request for a further change.',
    })
  })

  test('keeps the clocks of a whole life', () => {
    const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 12, minute))
    const events: DeploymentEvent[] = [
      { type: 'checked', at: at(1), result: { kind: 'ready', plan: PLAN } },
      { type: 'enqueued', at: at(2), autoCutover: false, revertWindowMs: 60_000 },
      { type: 'submitted', at: at(3) },
      { type: 'started', at: at(4) },
      { type: 'in_sync', verifiedRows: 1, at: at(5) },
      { type: 'cutover_requested', at: at(6) },
      { type: 'swapped', at: at(7), revertUntil: at(37) },
      { type: 'revert_window_closed', at: at(38) },
    ]

    const end = events.reduce(
      transition,
      newDeployment({ autoCutover: true, revertWindowMs: null }, at(0)),
    )

    expect(end).toEqual({
      state: 'complete',
      plan: PLAN,
      attempt: 1,
      autoCutover: false,
      revertWindowMs: 60_000,
      clocks: {
        createdAt: at(0),
        queuedAt: at(2),
        submittedAt: at(3),
        startedAt: at(4),
        readyToCutoverAt: at(5),
        cutoverAt: at(7),
        finishedAt: at(38),
        waitingPeriodEndAt: at(37),
      },
    })
  })

  test('cuts over as soon as in sync when auto-apply is on, also when it is turned on late', () => {
    const copying = transition(a('in_progress'), { type: 'cutover_requested', at: AT })
    const waiting = a('pending_cutover')

    expect(copying).toMatchObject({ state: 'in_progress', autoCutover: true })
    expect(stateAfter(copying, { type: 'in_sync', verifiedRows: 1, at: AT })).toBe(
      'in_progress_cutover',
    )
    expect(stateAfter(waiting, { type: 'auto_cutover_set', at: AT, autoCutover: true })).toBe(
      'in_progress_cutover',
    )
    expect(stateAfter(waiting, { type: 'auto_cutover_set', at: AT, autoCutover: false })).toBe(
      'pending_cutover',
    )
  })

  test('waits for a person again after a cutover that did not happen', () => {
    const auto = { ...a('in_progress_cutover'), autoCutover: true } as Deployment

    expect(transition(auto, { type: 'cutover_blocked', at: AT })).toMatchObject({
      state: 'pending_cutover',
      autoCutover: false,
    })
  })

  test('is complete at once when there is no revert window', () => {
    const event = { type: 'swapped', at: AT, revertUntil: null } as const

    expect(stateAfter(a('in_progress_cutover'), event)).toBe('complete')
  })

  test('keeps a swap that was done while the cancel was on its way', () => {
    const event = { type: 'swapped', at: AT, revertUntil: LATER } as const

    expect(stateAfter(a('in_progress_cancel'), event)).toBe('complete_pending_revert')
  })

  test('ends the revert window when that is asked for, and says until when it was open', () => {
    expect(
      transition(a('complete_pending_revert'), { type: 'skip_revert_requested', at: AT }),
    ).toMatchObject({ revertUntil: AT, clocks: { waitingPeriodEndAt: AT } })
  })

  test('refuses a revert that the engine found to be impossible', () => {
    const reason = 'The old schema cannot hold a new row.'
    const lost = transition(a('complete_pending_revert'), {
      type: 'revert_impossible',
      at: AT,
      reason,
    })

    expect(refusal(() => transition(lost, { type: 'revert_requested', at: AT }))).toMatchObject({
      code: 'REVERT_IMPOSSIBLE',
      message: reason,
    })
  })

  test('keeps what the engine did before it saw the command to revert', () => {
    const reverting = a('in_progress_revert')
    const lost = { type: 'revert_impossible', at: AT, reason: 'r' } as const

    expect(stateAfter(reverting, { type: 'revert_window_closed', at: AT })).toBe('complete')
    expect(transition(reverting, lost)).toMatchObject({
      state: 'complete_pending_revert',
      revertUntil: AT,
      revertImpossible: 'r',
    })
  })

  test('does not block the queue when preflight refused, and does when tables were touched', () => {
    const event = { type: 'failed', at: AT, failure: FAILURE } as const

    expect(transition(a('submitting'), event)).toMatchObject({ blocksQueue: false })
    expect(transition(a('in_progress'), event)).toMatchObject({ blocksQueue: true })
  })

  test('counts attempts, so that each run has tables of its own', () => {
    const failed = a('complete_error')
    const again = transition(transition(failed, { type: 'retried', at: AT }), {
      type: 'submitted',
      at: AT,
    })

    expect(again.attempt).toBe(failed.attempt + 1)
  })

  test('leaves the very same deployment when a fact is told again', () => {
    const same = a('pending_cutover')

    expect(transition(same, { type: 'in_sync', verifiedRows: 1, at: LATER })).toBe(same)
  })
})

describe('mayHappen', () => {
  test('agrees with the table', () => {
    for (const state of DEPLOYMENT_STATES) {
      for (const event of EVENTS) {
        expect(mayHappen(a(state), event.type)).toBe(stateAfter(a(state), event) !== 'refused')
      }
    }
  })

  test('takes a failure in every state in which the engine is at work', () => {
    for (const state of ENGINE_STATES) expect(mayHappen(a(state), 'failed')).toBe(true)
  })
})

test('NEXT_STEP is one sentence for each state', () => {
  for (const state of DEPLOYMENT_STATES) expect(NEXT_STEP[state]).toMatch(/^[A-Z].*\.$/)
})

/** A deployment in `state`, with what this state needs. */
function a(state: DeploymentState): Deployment {
  const { clocks } = newDeployment({ autoCutover: false, revertWindowMs: null }, AT)
  return { autoCutover: false, revertWindowMs: 1_800_000, attempt: 1, clocks, ...phase(state) }
}

function phase(state: DeploymentState): DeploymentPhase {
  switch (state) {
    case 'pending':
    case 'no_changes':
      return { state }
    case 'error':
      return { state, errors: [FAILURE] }
    case 'complete_error':
      return { state, plan: PLAN, failure: FAILURE, blocksQueue: true }
    case 'complete_revert_error':
      return { state, plan: PLAN, failure: FAILURE }
    case 'complete_pending_revert':
      return { state, plan: PLAN, revertUntil: LATER, revertImpossible: null }
    default:
      return { state, plan: PLAN }
  }
}

/** One event of each type; a type that is forgotten does not compile. */
const EVENT: { readonly [T in DeploymentEventType]: DeploymentEvent & { readonly type: T } } = {
  checked: { type: 'checked', at: AT, result: { kind: 'ready', plan: PLAN } },
  replanned: { type: 'replanned', at: AT },
  enqueued: { type: 'enqueued', at: AT, autoCutover: false, revertWindowMs: null },
  auto_cutover_set: { type: 'auto_cutover_set', at: AT, autoCutover: false },
  revert_window_set: { type: 'revert_window_set', at: AT, revertWindowMs: null },
  submitted: { type: 'submitted', at: AT },
  started: { type: 'started', at: AT },
  in_sync: { type: 'in_sync', verifiedRows: 1, at: AT },
  cutover_requested: { type: 'cutover_requested', at: AT },
  cutover_blocked: { type: 'cutover_blocked', at: AT },
  swapped: { type: 'swapped', at: AT, revertUntil: LATER },
  revert_requested: { type: 'revert_requested', at: AT },
  reverted: { type: 'reverted', at: AT },
  revert_failed: { type: 'revert_failed', at: AT, failure: FAILURE },
  revert_impossible: { type: 'revert_impossible', at: AT, reason: 'r' },
  skip_revert_requested: { type: 'skip_revert_requested', at: AT },
  revert_window_closed: { type: 'revert_window_closed', at: AT },
  cancel_requested: { type: 'cancel_requested', at: AT },
  cancelled: { type: 'cancelled', at: AT },
  failed: { type: 'failed', at: AT, failure: FAILURE },
  retried: { type: 'retried', at: AT },
  unblocked: { type: 'unblocked', at: AT },
  closed: { type: 'closed', at: AT },
}

const EVENTS = Object.values(EVENT)

function stateAfter(from: Deployment, event: DeploymentEvent): DeploymentState | 'refused' {
  try {
    return transition(from, event).state
  } catch (error) {
    if (error instanceof Refusal) return 'refused'
    throw error
  }
}

function refusal(act: () => unknown): { code: string; message: string; next: string } {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) {
      return { code: error.code, message: error.message, next: error.next }
    }
    throw error
  }
  throw new Error('nothing was refused')
}
