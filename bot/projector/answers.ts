import type { Refusal } from '../../src/errors.ts'
import type { Markdown } from '../../src/render/markdown.ts'
import { renderRefusal } from '../../src/render/receipt.ts'
import type { Parts } from '../parts.ts'
import { type Place, writeReaction, writeReceipt } from './reconcile.ts'

/** What is answered: a comment, or something without one, such as a merge. */
export type Answered = Place & {
  /** Names the answer, so that it is posted once. */
  readonly subject: string
  /** The command as it was written; null when there was none to read. */
  readonly command: string | null
  readonly commentId?: number
}

const NOT_UNDERSTOOD: ReadonlySet<string> = new Set([
  'COMMAND_UNKNOWN',
  'COMMAND_INVALID',
  'COMMAND_AMBIGUOUS',
])

/** Says no: 😕 when the command was not understood, else 👎, and a receipt with the reason and what to do. */
export async function answerRefusal(
  parts: Parts,
  answered: Answered,
  { code, message, next }: Refusal,
): Promise<void> {
  parts.log.info('refused', { code, pull: answered.pull.number })
  const { command, commentId } = answered
  if (commentId !== undefined) {
    const content = NOT_UNDERSTOOD.has(code) ? 'confused' : '-1'
    await writeReaction(parts, answered, { commentId, content })
  }
  const body = renderRefusal({ command, refusal: { code, message, next }, checked: [] })
  await writeReceipt(parts, answered, body)
}

/** Answers a question: the receipt, and 🎉 for the comment. */
export async function answerQuestion(
  parts: Parts,
  answered: Answered & { readonly commentId: number },
  body: Markdown,
): Promise<void> {
  await writeReceipt(parts, answered, body)
  await writeReaction(parts, answered, { commentId: answered.commentId, content: 'hooray' })
}
