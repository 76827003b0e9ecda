import type { DeployPolicy } from '../deploy/config.ts'
import type { Deployment, DeploymentState } from '../deploy/deployment.ts'
import { percentCopied } from '../deploy/progress.ts'
import { blockingErrors, type CommentView, renderComments } from './comment.ts'
import { type Markdown, md } from './markdown.ts'

/** What a check of GitHub shows. A title is plain words: GitHub reads no Markdown in it. */
export type Check = {
  readonly title: string
  readonly summary: Markdown
} & CheckOutcome

/** Waiting for a person is not red: it is a check that has not ended. */
export type CheckOutcome =
  | { readonly status: 'queued' | 'in_progress'; readonly conclusion: null }
  | { readonly status: 'completed'; readonly conclusion: 'success' | 'failure' }

/** A deploy request as the required check sees it. */
export type CheckView = CommentView & {
  /** What may start the deploy: a change that the merge deploys must not hold up the merge. */
  readonly policy: DeployPolicy
}

/**
 * The required check `schema` of a commit: success only when every deploy request has what the merge needs.
 * Without a schema change that is at once.
 */
export function renderCheck(views: readonly CheckView[]): Check {
  const [first] = views
  if (!first) {
    const summary = md`This pull request does not change a schema.`
    return { ...SUCCESS, title: 'No schema change', summary }
  }
  const outcomes = views.map((view) => ({ view, outcome: outcomeOf(view) }))
  const worst = outcomes.reduce((a, b) => (rank(b.outcome) > rank(a.outcome) ? b : a))
  const more = views.length > 1 ? ` (${views.length} deploy requests)` : ''
  return {
    ...worst.outcome,
    title: `${titleOf(worst.view)}${more}`,
    summary: renderComments(views.map(withoutDiagram)),
  }
}

/** GitHub draws diagrams in comments and job summaries, not in checks. */
function withoutDiagram(view: CheckView): CheckView {
  return view.review ? { ...view, review: { ...view.review, diagram: '' } } : view
}

/** The check while the deploy check has not begun, or when it cannot tell: never green. */
export function renderPendingCheck(): Check {
  return { ...QUEUED, title: 'Waiting for the schema', summary: md`The schema was not seen yet.` }
}

const SUCCESS = { status: 'completed', conclusion: 'success' } as const
const FAILURE = { status: 'completed', conclusion: 'failure' } as const
const QUEUED = { status: 'queued', conclusion: null } as const
const IN_PROGRESS = { status: 'in_progress', conclusion: null } as const

/** The worst decides: failure over waiting over work over success. */
function rank({ status, conclusion }: CheckOutcome): number {
  if (conclusion !== null) return conclusion === 'failure' ? 3 : 0
  return status === 'queued' ? 2 : 1
}

function outcomeOf(view: CheckView): CheckOutcome {
  const { deployment, policy } = view
  if (blockingErrors(view).length > 0) return FAILURE
  const byMerge = policy === 'on-merge' && MERGE_DEPLOYS.has(deployment.state)
  return byMerge ? SUCCESS : OUTCOME[deployment.state]
}

/** The states from which a merge goes on by itself. */
const MERGE_DEPLOYS: ReadonlySet<DeploymentState> = new Set(['ready', 'pending_cutover'])

const OUTCOME: Readonly<Record<DeploymentState, CheckOutcome>> = {
  pending: QUEUED,
  no_changes: SUCCESS,
  error: FAILURE,
  ready: QUEUED,
  queued: QUEUED,
  cancelled: QUEUED,
  submitting: IN_PROGRESS,
  in_progress: IN_PROGRESS,
  in_progress_vschema: IN_PROGRESS,
  pending_cutover: QUEUED,
  in_progress_cutover: IN_PROGRESS,
  in_progress_cancel: IN_PROGRESS,
  complete_cancel: QUEUED,
  complete_error: FAILURE,
  complete_pending_revert: SUCCESS,
  complete: SUCCESS,
  in_progress_revert: IN_PROGRESS,
  in_progress_revert_vschema: IN_PROGRESS,
  complete_revert: FAILURE,
  complete_revert_error: FAILURE,
}

function titleOf(view: CheckView): string {
  const { deployment, progress, policy } = view
  const { state } = deployment
  const errors = blockingErrors(view)
  if (errors.length > 0) return `Lint: ${[...new Set(errors.map(({ rule }) => rule))].join(', ')}`
  if (state === 'in_progress' && progress?.phase === 'copying') {
    return `Copying, ${percentCopied(progress)} %`
  }
  if (policy === 'on-merge' && MERGE_DEPLOYS.has(state)) return MERGE_TITLE[state] ?? TITLE[state]
  return failureTitle(deployment) ?? TITLE[state]
}

function failureTitle(deployment: Deployment): string | null {
  switch (deployment.state) {
    case 'error':
      return `Cannot be deployed: ${deployment.errors.map(({ code }) => code).join(', ')}`
    case 'complete_error':
      return `Failed: ${deployment.failure.code}`
    case 'complete_revert_error':
      return `The revert failed: ${deployment.failure.code}`
    default:
      return null
  }
}

const MERGE_TITLE: Readonly<Partial<Record<DeploymentState, string>>> = {
  ready: 'Ready: merging deploys it',
  pending_cutover: 'In sync: merging cuts over',
}

const TITLE: Readonly<Record<DeploymentState, string>> = {
  pending: 'Checking the change',
  no_changes: 'No schema change',
  error: 'Cannot be deployed',
  ready: 'Ready: waiting for /stage or /deploy',
  queued: 'In the queue',
  cancelled: 'Left the queue: waiting for /stage or /deploy',
  submitting: 'Preflight checks',
  in_progress: 'Copying and keeping in sync',
  in_progress_vschema: 'Changing the routing rules',
  pending_cutover: 'In sync: waiting for /cutover',
  in_progress_cutover: 'Cutting over',
  in_progress_cancel: 'Cancelling',
  complete_cancel: 'Cancelled: waiting for /stage or /deploy',
  complete_error: 'Failed',
  complete_pending_revert: 'Live, can be reverted',
  complete: 'Live',
  in_progress_revert: 'Reverting',
  in_progress_revert_vschema: 'Reverting the routing rules',
  complete_revert: 'Reverted: the change is not live',
  complete_revert_error: 'The revert failed',
}
