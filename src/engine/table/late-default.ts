import { isKeyword, isSymbol, splitList, type Token, tokenize } from '../../schema/tokens.ts'
import { splitClauses } from './statement.ts'

/** One ALTER as two for an empty table, where both ways end alike. */
export type LateDefaults = { readonly add: string; readonly set: string }

/**
 * Takes the expressions that new columns have as default out of `ALTER TABLE schema.table …`, and sets them afterwards.
 *
 * MySQL with a binlog adds no column whose default differs from row to row, like UUID() or RAND(), not even to an empty table
 * (error 1674): it logs the statement, and a replica would come to other values. That default can be set afterwards.
 * Rows that are copied then get values of their own, which are logged as rows.
 *
 * @returns null when no new column has an expression as default.
 */
export function splitDefaults(alter: string): LateDefaults | null {
  const tokens = tokenize(alter)
  // ALTER TABLE schema . table
  const found = splitClauses(tokens.slice(5)).flatMap((clause) => {
    const late = lateDefault(alter, clause)
    return late ? [late] : []
  })
  if (found.length === 0) return null
  let add = ''
  let at = 0
  for (const { start, end } of found) {
    add += alter.slice(at, start)
    at = end
  }
  const name = alter.slice(0, tokens[4]?.end)
  return { add: add + alter.slice(at), set: `${name} ${found.map(({ set }) => set).join(', ')}` }
}

type LateDefault = { readonly start: number; readonly end: number; readonly set: string }

function lateDefault(text: string, clause: readonly Token[]): LateDefault | null {
  const [add, ...rest] = clause
  if (!isKeyword(add, 'ADD')) return null
  const [name] = rest.filter((token) => !isKeyword(token, 'COLUMN', 'IF', 'NOT', 'EXISTS'))
  const at = defaultAt(clause)
  const word = clause[at]
  const close = word && clause[splitList(clause, at + 1).end]
  if (!name || !word || !close) return null
  const set = `ALTER COLUMN ${text.slice(name.start, name.end)} SET ${text.slice(word.start, close.end)}`
  return { start: word.start, end: close.end, set }
}

/** Where `DEFAULT (` stands outside of every parenthesis; only columns have it. */
function defaultAt(clause: readonly Token[]): number {
  let depth = 0
  return clause.findIndex((token, at) => {
    if (isSymbol(token, '(')) depth += 1
    if (isSymbol(token, ')')) depth -= 1
    return depth === 0 && isKeyword(token, 'DEFAULT') && isSymbol(clause[at + 1], '(')
  })
}
