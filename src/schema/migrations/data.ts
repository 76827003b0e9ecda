import { isForbiddenFunction, type Problem, QUALIFIED } from '../file/forbidden.ts'
import { depthChange, isKeyword, isSymbol, type Token } from '../tokens.ts'
import { namesInQuery } from '../view/query-names.ts'

/** Schemas of the server itself. */
export const SYSTEM_SCHEMAS: readonly string[] = [
  'mysql',
  'information_schema',
  'performance_schema',
  'sys',
]
/** Functions with FROM between their arguments. */
const FROM_INSIDE = ['EXTRACT', 'TRIM', 'SUBSTRING', 'SUBSTR', 'MID']

/**
 * What is wrong with a statement about rows; null when nothing is. Such a statement is never run here. What it would do on
 * other servers is refused all the same: nobody writes that into a migration without meaning harm.
 */
export function findInData(tokens: readonly Token[]): Problem | null {
  const callers: (Token | undefined)[] = []
  for (const [at, token] of tokens.entries()) {
    if (depthChange(token) > 0) callers.push(tokens[at - 1])
    if (depthChange(token) < 0) callers.pop()
    const problem = findFile(tokens, at) ?? findCall(tokens, at) ?? findSchema(tokens, at)
    if (problem) return problem
    const inside = isKeyword(callers.at(-1), ...FROM_INSIDE)
    if (!inside && namesTable(tokens, at) && isSymbol(tokens[at + 2], '.')) {
      return { token: tokens[at + 1], what: QUALIFIED[0], next: QUALIFIED[1] }
    }
  }
  return findInLists(tokens)
}

/** A table of another schema in a list of tables. */
function findInLists(tokens: readonly Token[]): Problem | null {
  const listed = namesInQuery(tokens, 'quoted and words').find(
    ({ kind, parts }) => kind === 'table' && parts.length > 1,
  )
  const at = listed?.at ?? findInUpdate(tokens)
  return at === null ? null : { token: tokens[at], what: QUALIFIED[0], next: QUALIFIED[1] }
}

/** Where a list of tables, `UPDATE a, other.b SET`, names another schema. */
function findInUpdate(tokens: readonly Token[]): number | null {
  if (!isKeyword(tokens[0], 'UPDATE')) return null
  const set = tokens.findIndex((token) => isKeyword(token, 'SET'))
  const comma = tokens.findIndex(
    (token, at) => at < set && isSymbol(token, ',') && isSymbol(tokens[at + 2], '.'),
  )
  return comma === -1 ? null : comma + 1
}

function findFile(tokens: readonly Token[], at: number): Problem | null {
  const token = tokens[at]
  const isFile =
    isKeyword(token, 'OUTFILE', 'DUMPFILE', 'INFILE') &&
    isKeyword(tokens[at - 1], 'INTO', 'DATA', 'LOCAL', 'XML')
  return isFile ? { token, what: 'a file on the server', next: 'Remove the statement.' } : null
}

function findCall(tokens: readonly Token[], at: number): Problem | null {
  const token = tokens[at]
  const isName = token?.kind === 'word' || token?.kind === 'quoted'
  if (!isName || !isSymbol(tokens[at + 1], '(') || !isForbiddenFunction(token.value)) return null
  return { token, what: `a call of ${token.value.toUpperCase()}`, next: 'Remove the call.' }
}

function findSchema(tokens: readonly Token[], at: number): Problem | null {
  const token = tokens[at]
  const isName = token?.kind === 'word' || token?.kind === 'quoted'
  if (!isName || !isSymbol(tokens[at + 1], '.')) return null
  if (!SYSTEM_SCHEMAS.includes(token.value.toLowerCase())) return null
  const next = 'Remove it; a migration is about the tables of its own schema.'
  return { token, what: 'reading or writing a schema of the server', next }
}

/** Whether a table's name comes next. */
function namesTable(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at]
  if (isKeyword(token, 'UPDATE')) return !isKeyword(tokens[at - 1], 'KEY', 'FOR')
  return isKeyword(token, 'INTO', 'FROM', 'JOIN', 'TRUNCATE', 'TABLE')
}
