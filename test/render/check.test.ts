import { describe, expect, test } from 'vitest'
import type { DeployPolicy } from '../../src/deploy/config.ts'
import {
  DEPLOYMENT_STATES,
  type DeploymentPhase,
  type DeploymentState,
} from '../../src/deploy/deployment.ts'
import { type CheckView, renderCheck, renderPendingCheck } from '../../src/render/check.ts'
import { aView, COPYING, FAILURE, LATER, PLAN, REVIEW } from './a-view.ts'

describe('renderCheck', () => {
  test('says for every state what the check shows, and what a merge may do', () => {
    const rows = DEPLOYMENT_STATES.map((state) => {
      const [command, merge] = [
        line([aCheckView(state, 'on-command')]),
        line([aCheckView(state, 'on-merge')]),
      ]
      return `${state}: ${command}${merge === command ? '' : ` | on-merge: ${merge}`}`
    })

    expect(rows).toMatchInlineSnapshot(`
      [
        "pending: queued, Checking the change",
        "no_changes: success, No schema change",
        "error: failure, Cannot be deployed: DUPLICATE_KEY",
        "ready: queued, Ready: waiting for /stage or /deploy | on-merge: success, Ready: merging deploys it",
        "queued: queued, In the queue",
        "cancelled: queued, Left the queue: waiting for /stage or /deploy",
        "submitting: in_progress, Preflight checks",
        "in_progress: in_progress, Copying and keeping in sync",
        "in_progress_vschema: in_progress, Changing the routing rules",
        "pending_cutover: queued, In sync: waiting for /cutover | on-merge: success, In sync: merging cuts over",
        "in_progress_cutover: in_progress, Cutting over",
        "in_progress_cancel: in_progress, Cancelling",
        "complete_cancel: queued, Cancelled: waiting for /stage or /deploy",
        "complete_error: failure, Failed: DUPLICATE_KEY",
        "complete_pending_revert: success, Live, can be reverted",
        "complete: success, Live",
        "in_progress_revert: in_progress, Reverting",
        "in_progress_revert_vschema: in_progress, Reverting the routing rules",
        "complete_revert: failure, Reverted: the change is not live",
        "complete_revert_error: failure, The revert failed: DUPLICATE_KEY",
      ]
    `)
  })

  test('is success at once without a schema change', () => {
    expect(renderCheck([])).toEqual({
      status: 'completed',
      conclusion: 'success',
      title: 'No schema change',
      summary: 'This pull request does not change a schema.',
    })
  })

  test('is red while an error of lint is in the way, and not once it is deployed or accepted', () => {
    const review = { ...REVIEW, acceptances: [] }
    const accepted = {
      ...REVIEW,
      acceptances: [{ rule: 'drop-table', reason: 'unused', by: 'alice' }],
    }
    const shown = (state: DeploymentState, changes: Partial<CheckView>) =>
      line([{ ...aCheckView(state, 'on-merge'), ...changes }])

    expect(shown('ready', { review })).toBe('failure, Lint: drop-table')
    expect(shown('cancelled', { review })).toBe('failure, Lint: drop-table')
    expect(shown('ready', { review: accepted })).toBe('success, Ready: merging deploys it')
    expect(shown('complete', { review })).toBe('success, Live')
    expect(shown('pending_cutover', { review })).toMatch(/^success/)
  })

  test('leaves out the diagram, which GitHub draws in comments only', () => {
    const { summary } = renderCheck([{ ...aCheckView('ready', 'on-command'), review: REVIEW }])

    expect(summary).toContain('drop-table')
    expect(summary).not.toContain('mermaid')
  })

  test('shows the worst of several deploy requests', () => {
    const states = (...names: DeploymentState[]) =>
      line(names.map((state) => aCheckView(state, 'on-command')))

    expect(states('complete', 'no_changes')).toBe('success, Live (2 deploy requests)')
    expect(states('complete', 'in_progress')).toContain('in_progress')
    expect(states('in_progress', 'ready', 'complete')).toContain('queued')
    expect(states('ready', 'complete_error', 'in_progress')).toContain('failure')
  })

  test('shows how far the copy is', () => {
    const view = { ...aCheckView('in_progress', 'on-command'), progress: COPYING }

    expect(renderCheck([view]).title).toBe('Copying, 60 %')
  })

  test('is never green while it cannot tell', () => {
    expect(renderPendingCheck()).toMatchObject({ status: 'queued', conclusion: null })
  })
})

function line(views: readonly CheckView[]): string {
  const { status, conclusion, title } = renderCheck(views)
  return `${conclusion ?? status}, ${title}`
}

function aCheckView(state: DeploymentState, policy: DeployPolicy): CheckView {
  return { ...aView(phase(state)), policy }
}

function phase(state: DeploymentState): DeploymentPhase {
  const plan = PLAN.digest
  switch (state) {
    case 'pending':
    case 'no_changes':
      return { state }
    case 'error':
      return { state, errors: [FAILURE] }
    case 'complete_error':
      return { state, plan, failure: FAILURE, blocksQueue: true }
    case 'complete_revert_error':
      return { state, plan, failure: FAILURE }
    case 'complete_pending_revert':
      return { state, plan, revertUntil: LATER, revertImpossible: null }
    default:
      return { state, plan }
  }
}
