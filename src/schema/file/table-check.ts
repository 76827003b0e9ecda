import { isProductTable } from '../../mysql/identifier.ts'
import { isKeyword, isSymbol, splitList, type Token } from '../tokens.ts'
import { type Problem, problemWith, QUALIFIED } from './forbidden.ts'
import { findTooDeep } from './nesting.ts'
import { findInOptions } from './table-options.ts'

/**
 * What is wrong with a `CREATE TABLE` from its name on, which is the token at `nameAt`; null when nothing is. `engines` are
 * in upper case.
 */
export function findInTable(
  tokens: readonly Token[],
  nameAt: number,
  engines: readonly string[],
): Problem | null {
  return (
    findInName(tokens, nameAt) ??
    findInBody(tokens, nameAt) ??
    findInOptions(tokens.slice(splitList(tokens, nameAt + 1).end + 1), engines)
  )
}

function findInName(tokens: readonly Token[], nameAt: number): Problem | null {
  const token = tokens[nameAt]
  const [follower, second] = tokens.slice(nameAt + 1)
  if (token?.kind !== 'word' && token?.kind !== 'quoted') {
    const where = token ?? tokens[0]
    if (token?.kind === 'string') {
      return { token, what: 'a name in quotes', next: 'Write it in backticks: `name`.' }
    }
    return { token: where, what: 'a table without a name', next: 'Write CREATE TABLE name ( … ).' }
  }
  if (isSymbol(follower, '.')) return { token, what: QUALIFIED[0], next: QUALIFIED[1] }
  if (!isSymbol(follower, '(') || isKeyword(second, 'LIKE')) {
    return { token, what: 'a table without columns', next: 'List its columns in ( … ).' }
  }
  return isProductTable(token.value)
    ? { token, what: 'a name that deployments use themselves', next: 'Choose another name.' }
    : null
}

/** The first token after `nameAt` that no definition holds. */
export function findInBody(tokens: readonly Token[], nameAt: number): Problem | null {
  for (const [at, token] of tokens.entries()) {
    if (at <= nameAt) continue
    const problem = problemWith(token, tokens, at)
    if (problem) return { token, what: problem[0], next: problem[1] }
  }
  return findTooDeep(tokens)
}
