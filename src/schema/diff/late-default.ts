import { withSql } from '../parse.ts'
import { edited, remove } from '../spelling/edit.ts'
import type { Column, Table } from '../table.ts'
import { isKeyword, isSymbol, splitList, type Token, tokenize } from '../tokens.ts'
import type { Clause } from './clause.ts'
import type { TableChange } from './diff.ts'

/**
 * A change as steps that MySQL takes beside a binlog: it adds no column whose default differs from row to row or from
 * server to server (error 1674), but lets a column have such a default afterwards.
 *
 * In between the column may be NULL and is so in the rows that are there; where it may not be, the second step fails
 * rather than inventing a value. A deployment copies the rows instead, and gives each a value of its own.
 */
export function lateDefaults(change: TableChange): readonly TableChange[] {
  if (change.kind !== 'alter') return [change]
  const later: Clause[] = []
  const plainOf = new Map<string, Column>()
  const clauses = change.clauses.map((clause): Clause => {
    const plain = clause.kind === 'add_column' ? withoutUnsafe(clause.column) : null
    if (clause.kind !== 'add_column' || !plain) return clause
    const { column } = clause
    plainOf.set(column.name, plain)
    later.push({ kind: 'modify_column', from: plain, to: column, position: { kind: 'default' } })
    return { ...clause, column: plain }
  })
  if (later.length === 0) return [change]
  const columns = change.to.columns.map((column) => plainOf.get(column.name) ?? column)
  const between: Table = withSql({ ...change.to, columns })
  return [
    { ...change, to: between, clauses },
    { kind: 'alter', from: between, to: change.to, clauses: later },
  ]
}

/** What MySQL calls unsafe in a statement that is logged as it was written. */
const UNSAFE = new Set([
  'CONNECTION_ID',
  'CURRENT_ROLE',
  'CURRENT_USER',
  'DATABASE',
  'FOUND_ROWS',
  'LAST_INSERT_ID',
  'RAND',
  'RANDOM_BYTES',
  'ROW_COUNT',
  'SCHEMA',
  'SESSION_USER',
  'SYSDATE',
  'SYSTEM_USER',
  'USER',
  'UUID',
  'UUID_SHORT',
  'VERSION',
])

/** The column without its default and nullable; null when its default is none of those. */
function withoutUnsafe(column: Column): Column | null {
  const tokens = tokenize(column.definition)
  const from = tokens.findIndex((_, at) => isPair(tokens, at, 'DEFAULT', '('))
  if (from === -1) return null
  const to = splitList(tokens, from + 1).end
  const calls = (token: Token, at: number) =>
    at > from && at < to && UNSAFE.has(token.value.toUpperCase()) && isSymbol(tokens[at + 1], '(')
  if (!tokens.some(calls)) return null
  const edits = [remove(tokens, from, to)]
  const not = tokens.findIndex(
    (_, at) => (at < from || at > to) && isPair(tokens, at, 'NOT', 'NULL'),
  )
  if (not !== -1) edits.push(remove(tokens, not, not + 1))
  return { ...column, nullable: true, definition: edited(column.definition, edits) }
}

function isPair(tokens: readonly Token[], at: number, word: string, next: string): boolean {
  const follower = tokens[at + 1]
  return isKeyword(tokens[at], word) && (isSymbol(follower, next) || isKeyword(follower, next))
}
