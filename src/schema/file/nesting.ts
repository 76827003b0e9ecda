import { depthChange, isSymbol, type Token } from '../tokens.ts'
import type { Problem } from './forbidden.ts'

/**
 * How many tokens may stand around one, since the last comma of each list that it is in. A chain of operators nests as deep
 * as parentheses do, and a server walks down an expression once for each level: MariaDB 10.11 dies of 1,500 calls of CONCAT in
 * each other and of a sum of 5,000 terms; MySQL 9.7 refuses them (error 1436).
 */
const DEEPEST = 1000

/** The token at which a statement nests deeper than a server should be asked to go; null when none does. */
export function findTooDeep(tokens: readonly Token[]): Problem | null {
  const lists = [0]
  let depth = 0
  const add = (count: number) => {
    depth += count
    lists[lists.length - 1] = (lists.at(-1) ?? 0) + count
  }
  for (const token of tokens) {
    const change = depthChange(token)
    if (change < 0 && lists.length > 1) depth -= lists.pop() ?? 0
    else if (isSymbol(token, ',')) add(-(lists.at(-1) ?? 0))
    else add(1)
    if (change > 0) lists.push(0)
    if (depth > DEEPEST) {
      return { token, what: 'an expression as long as this', next: 'Write a shorter expression.' }
    }
  }
  return null
}
