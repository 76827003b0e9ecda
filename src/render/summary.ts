import type { SubmissionAnswer } from '../deploy/submission.ts'
import { STATE_TITLE } from './comment.ts'
import { code, link, type Markdown, md } from './markdown.ts'
import { type ProposalView, renderProposal, withoutBot } from './proposal.ts'

/** What a run of the Action did. */
export type SummaryView = {
  readonly proposal: ProposalView
  /** What the bot answered; null where there is no bot. */
  readonly answer: SubmissionAnswer | null
}

/** The job summary of the Action. With a bot it shows the bot's plan, which knows the live schema. */
export function renderSummary({ proposal, answer }: SummaryView): Markdown {
  if (answer === null) return renderProposal(proposal, withoutBot(proposal))
  const { number, branch, state, url, operations, errors } = answer
  const request = link(md`deploy request ${number}`, url)
  const note = md`${STATE_TITLE[state]} · ${request} to ${code(branch)}`
  return renderProposal({ ...proposal, operations, errors }, note)
}
