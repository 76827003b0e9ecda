import type { Failure } from '../deploy/deployment.ts'
import type { PlannedOperation } from '../deploy/plan.ts'
import { type CommitSha, shortSha } from '../deploy/request.ts'
import type { LintResult } from '../lint/lint.ts'
import { type Part, withinBudget } from './budget.ts'
import { DIAGRAM_TOO_LARGE, renderDiagram } from './diagram.ts'
import { MOST_FAILURES, renderFailure } from './failure.ts'
import { countFindings, renderFindings } from './findings.ts'
import { blocks, code, hiddenMark, join, type Markdown, md, NOTHING } from './markdown.ts'
import { renderAttention, renderOutlook } from './outlook.ts'
import { renderChanges, renderPlanSql, SQL_TOO_LONG } from './plan.ts'
import { DIFF_TOO_LONG, renderSchemaDiff, SHORT_DIFF } from './schema-diff.ts'

/** What the Action knows by itself: what a pull request changes, compared with its base. */
export type ProposalView = {
  readonly database: string
  readonly head: CommitSha
  readonly base: CommitSha
  readonly operations: readonly PlannedOperation[]
  /** Why the schema could not be read; empty otherwise. */
  readonly errors: readonly Failure[]
  /** What lint says of the change. */
  readonly lint: LintResult
  /** The changed tables and their neighbours, as `diagramOf` draws them. */
  readonly diagram: string | null
}

/** Finds the Action's own comment for a database again. */
export function stickyMark(database: string): Markdown {
  return hiddenMark(`crossfade:${database}`)
}

/** The comment that the Action keeps by itself where there is no bot. */
export function renderStickyComment(view: ProposalView): Markdown {
  const mark = stickyMark(view.database)
  return md`${mark}\n${renderProposal(view, withoutBot(view))}`
}

/** What comes of a proposal where there is no bot. */
export function withoutBot({ operations, errors }: ProposalView): Markdown {
  if (operations.length === 0 || errors.length > 0) return NOTHING
  return md`No bot is connected, so nothing will be deployed from here.`
}

/** What a pull request changes: title, table, diff, SQL; `note` says what will come of it. */
export function renderProposal(view: ProposalView, note: Markdown): Markdown {
  const { database, head, base, operations, lint, diagram } = view
  const footer = md`<sub>head ${code(shortSha(head))} · base ${code(shortSha(base))}</sub>`
  const whole = (name: Part['name'], body: Markdown): Part => ({ name, body, short: body })
  return withinBudget(
    [
      whole('state', md`### ${titleOf(view)} · ${code(database)}`),
      whole('needs', needsOf(view, note)),
      {
        name: 'table',
        body: renderChanges(operations),
        short: renderChanges(operations, { mostRows: 10 }),
      },
      { name: 'outlook', body: renderOutlook(operations), short: renderAttention(operations) },
      { name: 'findings', body: renderFindings(lint), short: countFindings(lint) },
      {
        name: 'diff',
        body: renderSchemaDiff(operations),
        short: [renderSchemaDiff(operations, SHORT_DIFF), DIFF_TOO_LONG],
      },
      {
        name: 'diagram',
        body: renderDiagram(diagram),
        short: diagram === '' ? NOTHING : DIAGRAM_TOO_LARGE,
      },
      { name: 'sql', body: renderPlanSql(operations), short: SQL_TOO_LONG },
      whole('footer', footer),
    ],
    59_000,
  )
}

function titleOf({ operations, errors }: ProposalView): Markdown {
  if (errors.length > 0) return md`❌ The change cannot be deployed`
  if (operations.length === 0) return md`✅ No schema change`
  const views = operations.filter(({ how }) => how === 'view').length
  const tables = operations.length - views
  const parts = [
    ...(tables > 0 ? [tables === 1 ? md`1 table` : md`${tables} tables`] : []),
    ...(views > 0 ? [views === 1 ? md`1 view` : md`${views} views`] : []),
  ]
  const verb = operations.length === 1 ? md`changes` : md`change`
  return md`🟦 ${join(parts, md` and `)} ${verb}`
}

function needsOf({ operations, errors }: ProposalView, note: Markdown): Markdown {
  const drops = operations.some(({ dropsData }) => dropsData)
  return blocks([
    ...errors.slice(0, MOST_FAILURES).map(renderFailure),
    drops ? md`⚠️ **It drops data:** values that are there now would be gone.` : NOTHING,
    note,
  ])
}
