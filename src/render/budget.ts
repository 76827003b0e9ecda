import { blocks, join, type Markdown, md } from './markdown.ts'

/** GitHub refuses a comment of more than 65,536 characters; this leaves room for what it adds itself. */
export const COMMENT_LIMIT = 60_000

/** What a comment is made of, in no order. */
export type PartName =
  | 'state'
  | 'needs'
  | 'table'
  | 'outlook'
  | 'diagram'
  | 'diff'
  | 'findings'
  | 'sql'
  | 'timeline'
  | 'footer'

/** One block of a comment; `short` stands for it when there is no room, the first of several first. */
export type Part = {
  readonly name: PartName
  readonly body: Markdown
  readonly short: Markdown | readonly Markdown[]
}

/**
 * What gives way first when a comment is too long. `table` gives way to its short form last; the state,
 * what is needed now and the footer never do.
 */
const DROP_ORDER: readonly PartName[] = [
  'timeline',
  'sql',
  'diagram',
  'diff',
  'outlook',
  'findings',
  'diff',
  'table',
]

/** The parts as one text of at most `limit` characters, as far as those that never give way allow it. */
export function withinBudget(parts: readonly Part[], limit: number = COMMENT_LIMIT): Markdown {
  let left = parts
  for (const name of DROP_ORDER) {
    const whole = compose(left)
    if (whole.length <= limit) return whole
    left = left.map((part) => (part.name === name ? shorter(part) : part))
  }
  return compose(left)
}

function shorter(part: Part): Part {
  const [body, ...short] = [part.short].flat()
  return { ...part, body: body ?? part.body, short }
}

function compose(parts: readonly Part[]): Markdown {
  return blocks(parts.map(({ body }) => body))
}

/** Texts one after the other; those for which there is no room are counted. */
export function oneAfterTheOther(texts: readonly Markdown[]): Markdown {
  const rule = md`\n\n---\n\n`
  let length = 0
  const shown = texts.filter((text) => {
    length += text.length + rule.length
    return length < COMMENT_LIMIT - 100
  })
  const left = texts.length - shown.length
  const note = left > 0 ? [md`… and ${left} more deploy requests.`] : []
  return join([...shown, ...note], rule)
}
