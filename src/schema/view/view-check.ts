import { isProductTable } from '../../mysql/identifier.ts'
import { isForbiddenFunction, type Problem, QUALIFIED } from '../file/forbidden.ts'
import { findTooDeep } from '../file/nesting.ts'
import { isKeyword, isSymbol, type Token } from '../tokens.ts'
import { namesInQuery, type QueryName } from './query-names.ts'
import { namesOfWith, placesOfWith } from './view-names.ts'

/** Where the parts of a CREATE VIEW stand among its tokens. */
export type ViewHead = {
  /** OR REPLACE and IF NOT EXISTS, which say nothing about the view: index and count of their tokens. */
  readonly noise: readonly (readonly [at: number, count: number])[]
  readonly nameAt: number
  readonly problem: Problem | null
}

/**
 * Reads `CREATE [OR REPLACE] [ALGORITHM=…] [SQL SECURITY …] VIEW [IF NOT EXISTS]` from the beginning of a statement; null
 * when it is something else.
 */
export function viewHeadOf(tokens: readonly Token[]): ViewHead | null {
  if (!isKeyword(tokens[0], 'CREATE')) return null
  const noise: (readonly [number, number])[] = []
  let at = 1
  if (isKeyword(tokens[at], 'OR') && isKeyword(tokens[at + 1], 'REPLACE')) {
    noise.push([at, 2])
    at += 2
  }
  if (isKeyword(tokens[at], 'ALGORITHM') && isSymbol(tokens[at + 1], '=')) at += 3
  if (isKeyword(tokens[at], 'DEFINER')) {
    const viewAt = tokens.findIndex((token) => isKeyword(token, 'VIEW'))
    const next = 'Remove `DEFINER=…`: a view keeps the definer that it has where it is deployed.'
    return viewAt === -1
      ? null
      : { noise, nameAt: viewAt + 1, problem: { token: tokens[at], what: 'a definer', next } }
  }
  if (isKeyword(tokens[at], 'SQL') && isKeyword(tokens[at + 1], 'SECURITY')) at += 3
  if (!isKeyword(tokens[at], 'VIEW')) return null
  at += 1
  if (['IF', 'NOT', 'EXISTS'].every((word, index) => isKeyword(tokens[at + index], word))) {
    noise.push([at, 3])
    at += 3
  }
  return { noise, nameAt: at, problem: null }
}

/**
 * What a stranger's CREATE VIEW must not hold. It may read the tables and views of its own schema and nothing else: no other
 * schema, no variable, no function that waits or reaches out of the query. A list of tables and all kinds of JOIN are
 * understood here; once more it is looked at how the server has understood it (canonical.ts).
 */
export function findInView(
  tokens: readonly Token[],
  { nameAt, problem }: ViewHead,
): Problem | null {
  return (
    problem ??
    findInName(tokens, nameAt) ??
    findInTokens(tokens, nameAt) ??
    findInQuery(tokens, nameAt) ??
    findTooDeep(tokens)
  )
}

/**
 * What no server prints in a view: a qualified name without its quotes, or a table of another schema. Where every name is
 * quoted, a word is never taken for a name nor a name for a word.
 */
export function findUnprinted(tokens: readonly Token[], { nameAt }: ViewHead): Problem | null {
  const at = tokens.findIndex(
    (token, dot) =>
      isSymbol(token, '.') && (tokens[dot - 1]?.kind !== 'quoted' || !isPrinted(tokens[dot + 1])),
  )
  const foreign = namesInQuery(tokens.slice(nameAt + 1), 'quoted').find(
    ({ kind, parts }) => parts.length > (kind === 'other' ? 2 : 1),
  )
  const found = at === -1 ? foreign && tokens[nameAt + 1 + foreign.at] : tokens[at]
  if (found) return { token: found, what: QUALIFIED[0], next: QUALIFIED[1] }
  const bare = findBareTable(tokens.slice(nameAt + 1))
  return bare
    ? { token: bare, what: 'a table without quotes', next: 'Write it in backticks.' }
    : null
}

/** Words that stand where a table does. MariaDB prints names that WITH defines without quotes. */
const NO_TABLES = ['DUAL', 'JSON_TABLE', 'LATERAL']

/** A table that nobody would know to be read: names are what is quoted. */
function findBareTable(tokens: readonly Token[]): Token | undefined {
  const own = namesOfWith(tokens)
  const bare = namesInQuery(tokens, 'quoted and words').find(({ at, kind }) => {
    const token = tokens[at]
    const isBare = kind === 'table' && token?.kind === 'word'
    return isBare && !isKeyword(token, ...NO_TABLES) && !own.has(token.value)
  })
  return bare && tokens[bare.at]
}

function isPrinted(token: Token | undefined): boolean {
  return token?.kind === 'quoted' || isSymbol(token, '*')
}

function findInName(tokens: readonly Token[], nameAt: number): Problem | null {
  const token = tokens[nameAt]
  const follower = tokens[nameAt + 1]
  if (token?.kind !== 'word' && token?.kind !== 'quoted') {
    const next = 'Write CREATE VIEW name AS SELECT ….'
    return { token: token ?? tokens[0], what: 'a view without a name', next }
  }
  if (isSymbol(follower, '.')) return { token, what: QUALIFIED[0], next: QUALIFIED[1] }
  if (!isKeyword(follower, 'AS') && !isSymbol(follower, '(')) {
    const next = 'Write CREATE VIEW name AS SELECT ….'
    return { token: follower ?? token, what: 'a view without a query', next }
  }
  return isProductTable(token.value)
    ? { token, what: 'a name that deployments use themselves', next: 'Choose another name.' }
    : null
}

/** What is allowed nowhere in the statement. */
function findInTokens(tokens: readonly Token[], nameAt: number): Problem | null {
  for (const [at, token] of tokens.entries()) {
    if (at <= nameAt) continue
    const found = problemWith(token, tokens[at - 1], tokens[at + 1])
    if (found) return { token, what: found[0], next: found[1] }
  }
  return null
}

type What = readonly [what: string, next: string]

function problemWith(token: Token, before?: Token, after?: Token): What | null {
  if (token.kind === 'variable') return ['a variable', 'Use a constant.']
  if (token.kind === 'symbol') return problemWithSymbol(token, before, after)
  return token.kind === 'word' && !isSymbol(before, '.') ? problemWithWord(token, after) : null
}

function problemWithSymbol(token: Token, before?: Token, after?: Token): What | null {
  if (token.text === '{' || token.text === '}') return ['a brace', 'Write it without { and }.']
  if (token.text !== '.') return null
  // `FROM .t` is an old way to write `FROM t`.
  const begins = isKeyword(before, 'FROM', 'JOIN', 'STRAIGHT_JOIN', 'SELECT')
  return isName(before) && !begins && (isName(after) || isSymbol(after, '*')) ? null : QUALIFIED
}

function problemWithWord(token: Token, after?: Token): What | null {
  if (isKeyword(token, 'INTO')) return ['a query that writes', 'Remove INTO.']
  if (isKeyword(token, 'TABLE', 'PROCEDURE', 'HANDLER')) {
    const next = 'Read tables by SELECT; quote it where it is a name.'
    return [`the word ${token.text.toUpperCase()}`, next]
  }
  const isSequence = isKeyword(token, 'NEXT', 'PREVIOUS') && isKeyword(after, 'VALUE')
  return isSequence ? ['a sequence', 'Use AUTO_INCREMENT.'] : null
}

function isName(token: Token | undefined): boolean {
  return token?.kind === 'word' || token?.kind === 'quoted'
}

function findInQuery(tokens: readonly Token[], nameAt: number): Problem | null {
  const asAt = tokens.findIndex((token, at) => at > nameAt && isKeyword(token, 'AS'))
  const query = tokens.slice(asAt + 1)
  if (asAt === -1 || !(isKeyword(query[0], 'SELECT', 'WITH') || isSymbol(query[0], '('))) {
    const next = 'Write CREATE VIEW name AS SELECT ….'
    return { token: query[0] ?? tokens[nameAt], what: 'a view without a query', next }
  }
  const own = placesOfWith(query)
  for (const name of namesInQuery(query, 'quoted and words')) {
    const found = problemWithName(name, query, own)
    if (found) return { token: query[name.at], what: found[0], next: found[1] }
  }
  return null
}

function problemWithName(
  { at, parts, kind }: QueryName,
  query: readonly Token[],
  own: ReadonlySet<number>,
): What | null {
  const [first = ''] = parts
  if (parts.length > (kind === 'other' ? 2 : 1)) return QUALIFIED
  if (kind !== 'call' || own.has(at)) return null
  if (isForbiddenFunction(first)) return [`a call of ${first.toUpperCase()}`, 'Remove the call.']
  return query[at]?.kind === 'quoted'
    ? ['a call of a stored function', 'Write out what the function computes.']
    : null
}
