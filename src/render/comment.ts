import type { Deployment, DeploymentState } from '../deploy/deployment.ts'
import { confirmCode, shortDigest } from '../deploy/digest.ts'
import { isDestructive, type Plan } from '../deploy/plan.ts'
import type { DeploymentProgress } from '../deploy/progress.ts'
import { type DeployRequest, shortSha } from '../deploy/request.ts'
import { openErrors, type Review } from '../deploy/review.ts'
import { NEXT_STEP } from '../deploy/transition.ts'
import type { Finding } from '../lint/rule.ts'
import { COMMENT_LIMIT, oneAfterTheOther, type Part, withinBudget } from './budget.ts'
import { DIAGRAM_TOO_LARGE, renderDiagram } from './diagram.ts'
import { MOST_FAILURES, renderFailure } from './failure.ts'
import { countReviewed, renderReviewed } from './findings.ts'
import {
  blocks,
  code,
  dayAndTime,
  join,
  link,
  type Markdown,
  md,
  NOTHING,
  sentence,
  time,
} from './markdown.ts'
import { renderAttention, renderOutlook } from './outlook.ts'
import { renderChanges, renderPlanSql, SQL_TOO_LONG } from './plan.ts'
import { renderProgress } from './progress.ts'
import { DIFF_TOO_LONG, renderSchemaDiff, SHORT_DIFF } from './schema-diff.ts'
import { renderTimeline, type TimelineEntry } from './timeline.ts'

/** All that the comment shows of one deploy request. */
export type CommentView = {
  readonly request: DeployRequest
  readonly deployment: Deployment
  /** The plan that the deployment is bound to; null when there is none. */
  readonly plan: Plan | null
  /** What is said of the plan; null when there is none. */
  readonly review: Review | null
  readonly progress: DeploymentProgress | null
  /** What readers should know besides, most important first; the first is shown as an alert. */
  readonly notices: readonly Notice[]
  /** What happened so far, oldest first. */
  readonly timeline: readonly TimelineEntry[]
  /** The page of the deploy request; null when there is none. */
  readonly url: string | null
}

/** A sentence; between backticks stands what is to be shown as code. */
export type Notice = { readonly level: 'note' | 'warning' | 'caution'; readonly text: string }

/**
 * The living comment of a deploy request: state, what is needed now, table of changes, schema diff, SQL,
 * timeline, footer. At most 60,000 characters.
 */
export function renderComment(view: CommentView): Markdown {
  return withinBudget(partsOf(view))
}

/** The living comment of a pull request with several deploy requests, one after the other. */
export function renderComments(views: readonly CommentView[]): Markdown {
  const limit = Math.floor(COMMENT_LIMIT / Math.max(1, views.length)) - 20
  return oneAfterTheOther(views.map((view) => withinBudget(partsOf(view), limit)))
}

function partsOf(view: CommentView): readonly Part[] {
  const { deployment, plan, progress, review, timeline } = view
  const operations = plan?.operations ?? []
  const whole = (name: Part['name'], body: Markdown): Part => ({ name, body, short: body })
  return [
    whole('state', renderState(view)),
    whole('needs', renderNeeds(view)),
    {
      name: 'table',
      body: renderChanges(operations, { progress }),
      short: renderChanges(operations, { mostRows: 10 }),
    },
    outlookOf(view),
    {
      name: 'findings',
      body: review ? renderReviewed(review) : NOTHING,
      short: review ? countReviewed(review) : NOTHING,
    },
    {
      name: 'diff',
      body: renderSchemaDiff(operations),
      short: [renderSchemaDiff(operations, SHORT_DIFF), DIFF_TOO_LONG],
    },
    {
      name: 'diagram',
      body: review ? renderDiagram(review.diagram) : NOTHING,
      short: review && review.diagram !== '' ? DIAGRAM_TOO_LARGE : NOTHING,
    },
    { name: 'sql', body: renderPlanSql(operations), short: SQL_TOO_LONG },
    { name: 'timeline', body: renderTimeline(timeline), short: NOTHING },
    whole('footer', renderFooter(view, deployment)),
  ]
}

/** What a deployment would mean interests whoever decides about it, not who watches it. */
function outlookOf({ deployment, plan }: CommentView): Part {
  const isOpen = STARTS.has(deployment.state) || deployment.state === 'queued'
  const operations = isOpen ? (plan?.operations ?? []) : []
  const [body, short] = [renderOutlook(operations), renderAttention(operations)]
  return { name: 'outlook', body, short }
}

/** The first line: where the deployment is, and of what. */
export function renderState(view: CommentView): Markdown {
  const { database, branch, number } = view.request
  return md`### ${titleOf(view)} · ${code(database)} → ${code(branch)}\n\nDeploy request ${number}${moment(view.deployment)}`
}

/** What a deploy request is called by in its present state. */
export function titleOf(view: CommentView): Markdown {
  const { request, deployment } = view
  const { state } = deployment
  if (request.state === 'closed' && NEVER_RAN.has(state)) return md`⚪ Closed`
  if (state === 'complete_pending_revert' && deployment.revertImpossible !== null) {
    return md`✅ Live, can no longer be reverted`
  }
  return blockingErrors(view).length > 0 ? md`❌ Lint found an error` : STATE_TITLE[state]
}

const NEVER_RAN: ReadonlySet<DeploymentState> = new Set([
  'pending',
  'no_changes',
  'error',
  'ready',
  'queued',
  'cancelled',
])

function moment(deployment: Deployment): Markdown {
  const { queuedAt, startedAt, finishedAt, cutoverAt } = deployment.clocks
  switch (deployment.state) {
    case 'queued':
      return queuedAt ? md` · queued ${dayAndTime(queuedAt)} UTC` : NOTHING
    case 'in_progress':
    case 'pending_cutover':
      return startedAt ? md` · started ${dayAndTime(startedAt)} UTC` : NOTHING
    case 'complete_pending_revert': {
      const since = cutoverAt ? md` · live since ${dayAndTime(cutoverAt)} UTC` : NOTHING
      if (deployment.revertImpossible !== null) return since
      return md`${since} · can be reverted until ${time(deployment.revertUntil)} UTC`
    }
    default:
      return finishedAt ? md` · ${dayAndTime(finishedAt)} UTC` : NOTHING
  }
}

/** What the comment, the check and the job summary call each state. */
export const STATE_TITLE: Readonly<Record<DeploymentState, Markdown>> = {
  pending: md`⏳ Checking the change`,
  no_changes: md`✅ No schema change`,
  error: md`❌ The change cannot be deployed`,
  ready: md`🟢 Ready to deploy`,
  queued: md`⏳ In the queue`,
  cancelled: md`⚪ Left the queue`,
  submitting: md`⏳ Preflight checks`,
  in_progress: md`🔄 Copying and keeping in sync`,
  in_progress_vschema: md`🔄 Changing the routing rules`,
  pending_cutover: md`🟡 In sync, waiting for the cutover`,
  in_progress_cutover: md`🔄 Cutting over`,
  in_progress_cancel: md`🔄 Cancelling`,
  complete_cancel: md`⚪ Cancelled`,
  complete_error: md`❌ Failed`,
  complete_pending_revert: md`✅ Live, can be reverted`,
  complete: md`✅ Live`,
  in_progress_revert: md`🔄 Reverting`,
  in_progress_revert_vschema: md`🔄 Reverting the routing rules`,
  complete_revert: md`↩️ Reverted`,
  complete_revert_error: md`❌ The revert failed`,
}

/** What is going on and what a person has to do now. */
export function renderNeeds(view: CommentView): Markdown {
  const { request, deployment, progress, notices } = view
  const [alert, ...others] = notices.slice(0, 3)
  return blocks([
    alert ? renderAlert(alert) : NOTHING,
    ...others.map((notice) => sentence(notice.text)),
    progress && SHOWS_PROGRESS.has(deployment.state)
      ? renderProgress(progress, request.updatedAt)
      : NOTHING,
    renderFailures(deployment),
    request.state === 'closed' && NEVER_RAN.has(deployment.state)
      ? md`The pull request was closed.`
      : renderNext(view),
  ])
}

const SHOWS_PROGRESS: ReadonlySet<DeploymentState> = new Set([
  'in_progress',
  'pending_cutover',
  'in_progress_cutover',
  'complete_pending_revert',
  'in_progress_revert',
])

const ALERT = {
  note: md`> [!NOTE]`,
  warning: md`> [!WARNING]`,
  caution: md`> [!CAUTION]`,
} as const satisfies Record<Notice['level'], Markdown>

function renderAlert({ level, text }: Notice): Markdown {
  return md`${ALERT[level]}\n> ${sentence(text)}`
}

function renderFailures(deployment: Deployment): Markdown {
  switch (deployment.state) {
    case 'error':
      return blocks(deployment.errors.slice(0, MOST_FAILURES).map(renderFailure))
    case 'complete_error':
    case 'complete_revert_error':
      return renderFailure(deployment.failure)
    case 'complete_pending_revert':
      return deployment.revertImpossible === null ? NOTHING : sentence(deployment.revertImpossible)
    default:
      return NOTHING
  }
}

function renderNext(view: CommentView): Markdown {
  const { deployment, plan } = view
  const { state, autoCutover } = deployment
  const [error] = blockingErrors(view)
  if (error) {
    const accept = code(`/accept ${error.rule} <reason>`)
    return md`**It cannot be deployed like this.** Mend the schema and push, or say why it may stand: ${accept}`
  }
  if (STARTS.has(state) && plan && isDestructive(plan)) {
    const confirm = `confirm=${confirmCode(plan.digest)}`
    return md`⚠️ **It drops data.** Comment ${code(`/stage ${confirm}`)} to build the tables, or ${code(`/deploy ${confirm}`)} to go through to the cutover.`
  }
  if (state === 'in_progress' && autoCutover) {
    return md`The cutover follows as soon as every table is in sync. Comment ${code('/cancel')} to discard the tables.`
  }
  if (state === 'complete_pending_revert' && deployment.revertImpossible !== null) return NOTHING
  return md`**Next:** ${sentence(NEXT_STEP[state])}`
}

/** The errors of lint that are in the way of a deployment that could start. */
export function blockingErrors({ deployment, review }: CommentView): readonly Finding[] {
  return review && STARTS.has(deployment.state) ? openErrors(review) : []
}

/** The states in which a command would start the deployment. */
const STARTS: ReadonlySet<DeploymentState> = new Set([
  'ready',
  'cancelled',
  'complete_cancel',
  'complete_error',
  'complete_revert',
])

function renderFooter({ request, plan, url }: CommentView, deployment: Deployment): Markdown {
  const items = [
    plan ? md`plan ${code(shortDigest(plan.digest))}` : NOTHING,
    md`head ${code(shortSha(request.head))}`,
    md`base ${code(shortSha(request.base))}`,
    deployment.autoCutover ? md`auto-apply on` : NOTHING,
    url === null ? NOTHING : link(md`deploy request`, url),
    md`updated ${dayAndTime(request.updatedAt)} UTC`,
  ].filter((item) => item !== '')
  return md`<sub>${join(items, md` · `)}</sub>`
}
