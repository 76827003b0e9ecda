import { isKeyword, isSymbol, type Token } from '../tokens.ts'

/** A name in a query with what qualifies it: `schema.table.column`. */
export type QueryName = {
  /** The index of its first token. */
  readonly at: number
  /** The index after its last token. */
  readonly end: number
  readonly parts: readonly string[]
  /** `table`: it stands where a table does, in FROM or JOIN. `call`: a parenthesis follows. */
  readonly kind: 'table' | 'call' | 'other'
}

/** What one pair of parentheses, or the query itself, is in the middle of. */
type Level = {
  clause: 'none' | 'select' | 'from' | 'on' | 'rest'
  /** Whether what comes next is a table. */
  table: boolean
}

/**
 * The names in a query. In what servers print, names are `quoted` and words are something else; in what people write,
 * both are names, and keywords among them too.
 */
export function namesInQuery(
  tokens: readonly Token[],
  names: 'quoted' | 'quoted and words',
): readonly QueryName[] {
  const found: QueryName[] = []
  const levels: Level[] = [{ clause: 'none', table: false }]
  let at = 0
  while (at < tokens.length) {
    const token = tokens[at]
    const level = levels.at(-1)
    if (!token || !level) break
    const isName = token.kind === 'quoted' || (names !== 'quoted' && token.kind === 'word')
    const end = isName ? endOfPath(tokens, at) : at + 1
    if (isName)
      found.push({ at, end, parts: partsOf(tokens, at, end), kind: kindOf(tokens, at, end, level) })
    advance(levels, level, tokens, at)
    at = end
  }
  return found
}

function kindOf(tokens: readonly Token[], at: number, end: number, level: Level) {
  if (level.table) return 'table'
  // After a derived table comes its name, and then the names of its columns.
  return isSymbol(tokens[end], '(') && !isSymbol(tokens[at - 1], ')') ? 'call' : 'other'
}

function endOfPath(tokens: readonly Token[], at: number): number {
  let end = at + 1
  while (isSymbol(tokens[end], '.') && isPart(tokens[end + 1])) end += 2
  return end
}

function isPart(token: Token | undefined): boolean {
  return token?.kind === 'quoted' || token?.kind === 'word'
}

function partsOf(tokens: readonly Token[], at: number, end: number): readonly string[] {
  return tokens.slice(at, end).flatMap((token) => (isPart(token) ? [token.value] : []))
}

function advance(levels: Level[], level: Level, tokens: readonly Token[], at: number): void {
  const token = tokens[at]
  const expected = level.table
  level.table = false
  if (isSymbol(token, '(')) {
    const isQuery = isKeyword(tokens[at + 1], 'SELECT', 'WITH', 'VALUES')
    const inList = expected && !isQuery
    levels.push({ clause: inList ? 'from' : 'none', table: inList })
  } else if (isSymbol(token, ')')) {
    if (levels.length > 1) levels.pop()
  } else if (isSymbol(token, ',')) {
    if (level.clause === 'on') level.clause = 'from'
    level.table = level.clause === 'from'
  } else if (token?.kind === 'word') {
    beginClause(level, tokens, at)
  }
}

/** The words that change what is in the middle; hints such as USE INDEX FOR ORDER BY do not. */
function beginClause(level: Level, tokens: readonly Token[], at: number): void {
  if (isKeyword(tokens[at - 1], 'FOR') && !isSymbol(tokens[at - 2], '.')) return
  const begin = BEGINNINGS.find(({ words }) => isKeyword(tokens[at], ...words))
  if (!begin?.within.includes(level.clause) || !isBeginning(tokens, at)) return
  level.clause = begin.clause
  level.table = begin.clause === 'from'
}

/** These words are names for some servers, as an alias too: who takes one for a clause misses the tables behind it. */
function isBeginning(tokens: readonly Token[], at: number): boolean {
  if (isSymbol(tokens[at - 1], '.')) return false
  if (isKeyword(tokens[at], 'WINDOW')) {
    return isKeyword(tokens[at + 2], 'AS') && isSymbol(tokens[at + 3], '(')
  }
  if (!isKeyword(tokens[at], 'UNION', 'EXCEPT', 'INTERSECT')) return true
  const next = tokens[at + 1]
  return isKeyword(next, 'SELECT', 'ALL', 'DISTINCT', 'VALUES', 'TABLE') || isSymbol(next, '(')
}

const ANYWHERE = ['none', 'select', 'from', 'on', 'rest'] as const

type Beginning = {
  readonly words: readonly string[]
  readonly within: readonly Level['clause'][]
  readonly clause: Level['clause']
}

const BEGINNINGS: readonly Beginning[] = [
  { words: ['SELECT'], within: ANYWHERE, clause: 'select' },
  // EXTRACT and TRIM have a FROM of their own, and SELECT has STRAIGHT_JOIN.
  { words: ['FROM'], within: ['select'], clause: 'from' },
  { words: ['JOIN', 'STRAIGHT_JOIN'], within: ['from', 'on'], clause: 'from' },
  { words: ['ON', 'USING'], within: ['from'], clause: 'on' },
  { words: ['UNION', 'EXCEPT', 'INTERSECT'], within: ANYWHERE, clause: 'none' },
  {
    words: ['WHERE', 'GROUP', 'HAVING', 'ORDER', 'LIMIT', 'WINDOW'],
    within: ANYWHERE,
    clause: 'rest',
  },
]
