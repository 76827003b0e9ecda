import type { Failure } from '../deploy/deployment.ts'
import { oneAfterTheOther } from './budget.ts'
import { type CommentView, renderNeeds, titleOf } from './comment.ts'
import { renderFailure } from './failure.ts'
import {
  blocks,
  code,
  join,
  type Markdown,
  md,
  NOTHING,
  sentence,
  shorten,
  table,
} from './markdown.ts'

/** A no to a command. */
export type RefusalView = {
  /** The command as it was read, as in `/cutover`; null when there was none to read. */
  readonly command: string | null
  readonly refusal: Failure
  /** What was looked at before the no, one sentence each: who may do it, which plan, which state. */
  readonly checked: readonly string[]
}

/** The answer to a command that is refused: the code, what was checked, what to do next. */
export function renderRefusal({ command, refusal, checked }: RefusalView): Markdown {
  const what = command === null ? md`**Refused**` : md`${shownCommand(command)} is **refused**`
  return blocks([
    md`👎 ${what}`,
    renderFailure(refusal),
    checked.length === 0 ? NOTHING : md`Checked:\n\n${bullets(checked)}`,
  ])
}

/** A yes to a command. */
export type AnswerView = {
  readonly command: string
  /** What happens now: one sentence. */
  readonly done: string
  /** What can be done next; null when there is nothing. */
  readonly next: string | null
}

/** The answer to a command that is carried out. */
export function renderAnswer({ command, done, next }: AnswerView): Markdown {
  return blocks([
    md`${shownCommand(command)}: ${sentence(done)}`,
    next === null ? NOTHING : md`→ ${sentence(next)}`,
  ])
}

/** The answer to `/status`: where each deploy request of the pull request is, and what is needed. */
export function renderStatus(views: readonly CommentView[]): Markdown {
  if (views.length === 0) return md`This pull request has no deploy request.`
  return oneAfterTheOther(
    views.map((view) => {
      const { database, branch, number } = view.request
      return blocks([
        md`**${titleOf(view)}** · ${code(database)} → ${code(branch)} · deploy request ${number}`,
        renderNeeds(view),
      ])
    }),
  )
}

/** A command as `/help` lists it. */
export type HelpEntry = {
  /** How it is written, as in `/deploy [branch]`. */
  readonly usage: string
  readonly does: string
}

/** The answer to `/help`. */
export function renderHelp(commands: readonly HelpEntry[]): Markdown {
  const rows = commands.map(({ usage, does }) => [code(usage), sentence(does)])
  return blocks([
    table([md`Command`, md`What it does`], rows),
    md`A command is a line of its own in a new comment. ${code('/schema <verb>')} works for each.`,
  ])
}

function shownCommand(command: string): Markdown {
  return code(shorten(command, 100))
}

function bullets(items: readonly string[]): Markdown {
  return join(
    items.slice(0, 10).map((item) => md`- ${sentence(item)}`),
    md`\n`,
  )
}
