import type { Comment, CreateTable } from '../schema/file/allow-list.ts'
import { printable } from '../schema/place.ts'
import { findRule, unknownRule } from './rules.ts'

/** A comment that accepts what a rule finds in its table, and says why. */
export type Suppression = {
  readonly rule: string
  readonly reason: string
  readonly comment: Comment
}

/** A comment that was meant to be one. */
export type BadSuppression = { readonly message: string; readonly comment: Comment }

const MARK = /crossfade:ignore(?![\w-])([^:\r\n]*)(?::([^\r\n]*))?/

/** What the comments of one table accept. One comment may name several rules, with commas between them. */
export function readSuppressions(comments: readonly Comment[]): {
  readonly accepted: readonly Suppression[]
  readonly bad: readonly BadSuppression[]
} {
  const accepted: Suppression[] = []
  const bad: BadSuppression[] = []
  for (const comment of comments) {
    const found = MARK.exec(comment.text)
    if (!found) continue
    const reason = tidy(found[2] ?? '')
    for (const rule of tidy(found[1] ?? '')
      .split(',')
      .map((id) => id.trim())) {
      const fault = faultOf(rule, reason)
      if (fault) bad.push({ message: fault, comment })
      else accepted.push({ rule, reason, comment })
    }
  }
  return { accepted, bad }
}

/** A suppression away from its file. */
export type TableSuppression = {
  readonly table: string
  readonly rule: string
  readonly reason: string
}

/** What the comments of all these files accept. */
export function suppressionsOf(sources: readonly CreateTable[]): readonly TableSuppression[] {
  return sources.flatMap(({ name, comments }) =>
    readSuppressions(comments).accepted.map(({ rule, reason }) => ({ table: name, rule, reason })),
  )
}

function tidy(text: string): string {
  return printable(text.replace(/\*\/$/, '')).trim()
}

const LONGEST = 60

function faultOf(rule: string, reason: string): string | null {
  if (rule === '') return 'The comment `crossfade:ignore` names no rule.'
  const shown = rule.slice(0, LONGEST).replaceAll('`', "'")
  if (!findRule(rule))
    return `The comment \`crossfade:ignore\` has no effect: ${shown} ${unknownRule(rule)}.`
  // It would accept its own mistakes.
  if (rule === 'suppression') return 'What is wrong with a `crossfade:ignore` cannot be ignored.'
  return reason === ''
    ? `The comment \`crossfade:ignore ${shown}\` gives no reason, so it has no effect.`
    : null
}
