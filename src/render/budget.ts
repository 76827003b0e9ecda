import { blocks, type Markdown } from './markdown.ts'

/** GitHub refuses a comment of more than 65,536 characters; this leaves room for what it adds itself. */
export const COMMENT_LIMIT = 60_000

/** What a comment is made of, in no order. */
export type PartName =
  | 'state'
  | 'needs'
  | 'table'
  | 'diff'
  | 'findings'
  | 'sql'
  | 'timeline'
  | 'footer'

/** One block of a comment; `short` stands for it when there is no room. */
export type Part = {
  readonly name: PartName
  readonly body: Markdown
  readonly short: Markdown
}

/**
 * What gives way first when a comment is too long. `table` gives way to its short form last; the state,
 * what is needed now and the footer never do.
 */
const DROP_ORDER: readonly PartName[] = ['timeline', 'sql', 'diff', 'findings', 'table']

/** The parts as one text of at most `limit` characters, if their last parts allow it at all. */
export function withinBudget(parts: readonly Part[], limit: number = COMMENT_LIMIT): Markdown {
  let left = parts
  for (const name of DROP_ORDER) {
    const whole = compose(left)
    if (whole.length <= limit) return whole
    left = left.map((part) => (part.name === name ? { ...part, body: part.short } : part))
  }
  return compose(left)
}

function compose(parts: readonly Part[]): Markdown {
  return blocks(parts.map(({ body }) => body))
}
