import { type Problem, QUALIFIED } from '../file/forbidden.ts'
import { findInBody } from '../file/table-check.ts'
import { findEngine, findInOptions, findInPartition } from '../file/table-options.ts'
import { depthChange, isKeyword, isSymbol, type Token } from '../tokens.ts'

/** With which words a part of an ALTER may begin, besides table options. */
const CLAUSES = [
  ...[
    'ADD',
    'DROP',
    'MODIFY',
    'CHANGE',
    'ALTER',
    'RENAME',
    'CONVERT',
    'ORDER',
    'ALGORITHM',
    'LOCK',
  ],
  ...['FORCE', 'ENABLE', 'DISABLE', 'REORGANIZE', 'COALESCE', 'REMOVE', 'TRUNCATE', 'ANALYZE'],
  ...['CHECK', 'OPTIMIZE', 'REBUILD', 'REPAIR', 'WITHOUT'],
]

const NO_CLAUSE = 'Write what it does with ADD, DROP, MODIFY, CHANGE or RENAME.'

/** What is wrong with an `ALTER TABLE`, whose TABLE is the token at `at`; null when nothing is. */
export function findInAlter(
  tokens: readonly Token[],
  at: number,
  engines: readonly string[],
): Problem | null {
  const before = tokens
    .slice(1, at)
    .find((token) => !isKeyword(token, 'ONLINE', 'OFFLINE', 'IGNORE'))
  if (before) return { token: before, what: 'an unknown kind of ALTER', next: NO_CLAUSE }
  const nameAt = isKeyword(tokens[at + 1], 'IF') ? at + 3 : at + 1
  const name = tokens[nameAt]
  if (name?.kind !== 'word' && name?.kind !== 'quoted') {
    return { token: name ?? tokens[0], what: 'a table without a name', next: 'Name the table.' }
  }
  if (isSymbol(tokens[nameAt + 1], '.')) {
    return { token: name, what: QUALIFIED[0], next: QUALIFIED[1] }
  }
  const body = tokens.slice(nameAt + 1)
  const partitionAt = findPartitionBy(body)
  const partition = body.slice(partitionAt)
  return (
    findInBody(tokens, nameAt) ??
    findInClauses(body.slice(0, partitionAt), engines) ??
    findEngine(partition, engines) ??
    findInPartition(partition)
  )
}

/** The index of PARTITION BY outside of parentheses; the end when there is none. */
function findPartitionBy(tokens: readonly Token[]): number {
  let depth = 0
  for (const [at, token] of tokens.entries()) {
    depth += depthChange(token)
    if (depth > 0 || !isKeyword(token, 'PARTITION')) continue
    if (isKeyword(tokens[at + 1], 'BY')) return at
  }
  return tokens.length
}

function findInClauses(tokens: readonly Token[], engines: readonly string[]): Problem | null {
  const clauses = splitClauses(tokens)
  // The commas of `REORGANIZE PARTITION p, q INTO (…)` part names.
  const isList = isKeyword(clauses[0]?.[1], 'PARTITION')
  for (const [at, clause] of clauses.entries()) {
    const isListed = isList && at > 0 && (clause.length === 1 || isKeyword(clause[1], 'INTO'))
    const problem = isListed ? findInPartitions(clause, engines) : findInClause(clause, engines)
    if (problem) return problem
  }
  return null
}

function findInPartitions(clause: readonly Token[], engines: readonly string[]): Problem | null {
  return findEngine(clause.slice(2), engines) ?? findTablespace(clause)
}

function findInClause(clause: readonly Token[], engines: readonly string[]): Problem | null {
  const [first, second, third] = clause
  if (isPartitionWork(clause)) return findInPartitions(clause, engines)
  if (isKeyword(first, 'CONVERT')) {
    const isCharset = isKeyword(second, 'TO') && isKeyword(third, 'CHARACTER', 'CHARSET')
    return isCharset ? null : unknown(first)
  }
  return isKeyword(first, ...CLAUSES) ? null : findInOptions(clause, engines)
}

function isPartitionWork([first, second]: readonly Token[]): boolean {
  return isKeyword(first, 'ADD', 'REORGANIZE') && isKeyword(second, 'PARTITION')
}

function findTablespace(tokens: readonly Token[]): Problem | null {
  const token = tokens.find((word) => isKeyword(word, 'TABLESPACE'))
  return token ? unknown(token) : null
}

function unknown(token: Token | undefined): Problem {
  return { token, what: 'this part of ALTER TABLE', next: NO_CLAUSE }
}

/** The parts between the commas outside of parentheses. */
function splitClauses(tokens: readonly Token[]): Token[][] {
  const clauses: Token[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    depth += depthChange(token)
    if (depth === 0 && isSymbol(token, ',')) clauses.push([])
    else clauses.at(-1)?.push(token)
  }
  return clauses.filter(({ length }) => length > 0)
}
