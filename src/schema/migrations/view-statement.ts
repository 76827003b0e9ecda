import type { Problem } from '../file/forbidden.ts'
import { findTooDeep } from '../file/nesting.ts'
import { isKeyword, type Token } from '../tokens.ts'
import { findInView as findInCreateView, viewHeadOf } from '../view/view-check.ts'
import type { Range } from './migration-file.ts'

/** How far from its beginning a statement says what it is about. */
const HEAD = 16

/**
 * Where a `CREATE VIEW` or `ALTER VIEW` names its definer, which need not be on the scratch server; null when it does not.
 * The index of the first token, and of the first after it.
 */
export function definerIn(tokens: readonly Token[]): Range | null {
  const start = tokens.findIndex((token) => isKeyword(token, 'DEFINER'))
  const end = tokens.findIndex((token, at) => at > start && isKeyword(token, 'SQL', 'VIEW'))
  const isRight = start > 0 && start < HEAD && end > start
  return isRight && !isKeyword(tokens[start - 1], 'SECURITY') ? { start, end } : null
}

/** What is wrong with a `CREATE VIEW` or `ALTER VIEW`; null when nothing is. The rules are those of schema files. */
export function findInView(tokens: readonly Token[]): Problem | null {
  const definer = definerIn(tokens)
  const rest = definer
    ? [...tokens.slice(0, definer.start), ...tokens.slice(definer.end)]
    : [...tokens]
  const [first] = rest
  // An ALTER VIEW defines the view anew, in the same words.
  if (first && isKeyword(first, 'ALTER')) rest[0] = { ...first, text: 'CREATE', value: 'CREATE' }
  const head = viewHeadOf(rest)
  const next = 'Write CREATE VIEW name AS SELECT ….'
  if (!head) return { token: first, what: 'this way to define a view', next }
  return findInCreateView(rest, head) ?? findTooDeep(rest)
}
