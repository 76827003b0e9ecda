import type { Refusal } from '../../errors.ts'
import { placeName, refusalAt } from '../place.ts'
import { isKeyword, isSymbol, type Token, tokenize, withoutComments } from '../tokens.ts'
import { isViewSql } from '../view/view.ts'
import { findInView, findUnprinted, type ViewHead, viewHeadOf } from '../view/view-check.ts'
import { adviceOnStatement } from './advice.ts'
import type { Problem } from './forbidden.ts'
import { refuseHiddenCharacters } from './hidden.ts'
import { findInTable } from './table-check.ts'

/** A `CREATE TABLE` or `CREATE VIEW` that passed the allow-list. */
export type CreateTable = {
  readonly kind: 'table' | 'view'
  readonly name: string
  /** As in the file, without OR REPLACE and IF NOT EXISTS: its first line is `line` of `file`. */
  readonly statement: string
  readonly file: string
  readonly line: number
  /** Where in `line` it begins. */
  readonly column: number
  /** The comments in it, those before it, and those that follow it on its last line. */
  readonly comments: readonly Comment[]
}

/** A comment with its marks and its place in the file. */
export type Comment = { readonly text: string; readonly line: number; readonly column: number }

type Source = { readonly text: string; readonly file: string }

/**
 * The tables and views of one schema file. The file comes from a pull request, so it is a stranger's: it may hold
 * `CREATE TABLE` and `CREATE VIEW` and nothing that reads, waits, writes a file or reaches another schema.
 *
 * @throws {Refusal} SQL_SYNTAX or SQL_NOT_ALLOWED with file, line and column of the first thing refused.
 */
export function checkSchemaFile(text: string, file: string): CreateTable[] {
  const source = { text: text.replace(/^\ufeff/, ' '), file }
  refuseHiddenCharacters(source)
  const tokens = tokenize(source.text, file)
  const statements = splitStatements(withoutComments(tokens))
  const comments = commentsOf(statements, tokens)
  const tables = statements.map((statement, at) => ({
    ...checkStatement(source, statement),
    comments: comments[at] ?? [],
  }))
  refuseDuplicates(tables)
  return tables
}

/** The comments that belong to each statement; those after the last one belong to none. */
function commentsOf(
  statements: readonly (readonly Token[])[],
  tokens: readonly Token[],
): readonly (readonly Comment[])[] {
  const owned: Comment[][] = statements.map(() => [])
  let at = 0
  const isPast = (comment: Token) => {
    const last = statements[at]?.at(-1)
    if (!last || comment.start < last.end) return false
    const next = statements[at + 1]?.[0]
    return comment.line > last.line || (next !== undefined && next.start < comment.start)
  }
  for (const token of tokens.filter(({ kind }) => kind === 'comment')) {
    while (isPast(token)) at += 1
    owned[at]?.push({ text: token.text, line: token.line, column: token.column })
  }
  return owned
}

/**
 * The same rules for a definition as a server prints it. The bot gets such definitions from the Action, which runs where
 * the author of a pull request can change what it sends. Executable comments, in which servers write partitions and
 * invisible columns, are checked as what they stand for.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED or SQL_SYNTAX, with the table as the file.
 */
export function checkCanonical(sql: string, table: string): void {
  // No server writes one into a view, and what some servers would not run could change what the rest means.
  if (isViewSql(sql)) {
    requireOne(checkSchemaFile(sql, table), sql, table)
    requirePrinted(sql, table)
    return
  }
  let plain = ''
  let at = 0
  for (const { kind, start, end, value } of tokenize(sql, table)) {
    if (kind !== 'executable_comment') continue
    plain += `${sql.slice(at, start)} ${value} `
    at = end
  }
  const text = plain + sql.slice(at)
  requireOne(checkSchemaFile(text, table), text, table)
}

/** A definition is one statement, and of that table or view. */
function requireOne([first, second]: readonly CreateTable[], text: string, table: string): void {
  if (first?.name === table && !second) return
  const offset = second ? text.lastIndexOf(second.statement) : 0
  const what = second ? 'a second statement' : 'a definition of another name'
  throw notAllowed({ text, file: table }, offset, what, 'Send one definition for each name.')
}

function requirePrinted(sql: string, view: string): void {
  const tokens = withoutComments(tokenize(sql, view))
  const head = viewHeadOf(tokens)
  const problem = head && findUnprinted(tokens, head)
  if (problem) {
    throw notAllowed(
      { text: sql, file: view },
      problem.token?.start ?? 0,
      problem.what,
      problem.next,
    )
  }
}

/**
 * Two definitions of one name, which tables and views share: which of them is meant cannot be known.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED naming both places.
 */
export function refuseDuplicates(tables: readonly CreateTable[]): void {
  const seen = new Map<string, CreateTable>()
  for (const table of tables) {
    const first = seen.get(table.name)
    if (first) {
      throw refusalAt(
        'SQL_NOT_ALLOWED',
        `this ${table.kind === first.kind ? table.kind : 'name'} is already defined at ${placeName({ ...first, column: 1 })}`,
        { text: '\n'.repeat(table.line - 1) + table.statement, ...endOfLines(table) },
        'Keep one of the two definitions.',
      )
    }
    seen.set(table.name, table)
  }
}

function endOfLines({ line, file }: CreateTable): {
  readonly offset: number
  readonly file: string
} {
  return { offset: line - 1, file }
}

function splitStatements(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]]
  for (const token of tokens) {
    if (isSymbol(token, ';')) statements.push([])
    else statements.at(-1)?.push(token)
  }
  return statements.filter(({ length }) => length > 0)
}

function checkStatement(source: Source, tokens: readonly Token[]): Omit<CreateTable, 'comments'> {
  const view = viewHeadOf(tokens)
  const { noise, nameAt } = view ?? tableHeadOf(tokens)
  const problem =
    findExecutable(tokens) ?? (view ? findInView(tokens, view) : findIn(tokens, nameAt))
  if (problem) {
    throw notAllowed(source, problem.token?.start ?? 0, problem.what, problem.next)
  }
  return {
    kind: view ? 'view' : 'table',
    name: tokens[nameAt]?.value ?? '',
    statement: statementOf(source, tokens, noise),
    file: source.file,
    line: tokens[0]?.line ?? 1,
    column: tokens[0]?.column ?? 1,
  }
}

const ENGINES = ['INNODB']

function tableHeadOf(tokens: readonly Token[]): Pick<ViewHead, 'noise' | 'nameAt'> {
  const conditional = ['IF', 'NOT', 'EXISTS'].every((word, at) => isKeyword(tokens[at + 2], word))
  return conditional ? { noise: [[2, 3]], nameAt: 5 } : { noise: [], nameAt: 2 }
}

/** OR REPLACE and IF NOT EXISTS become white space of the same shape: places in what the server gets are those of the file. */
function statementOf(source: Source, tokens: readonly Token[], noise: ViewHead['noise']): string {
  const start = tokens[0]?.start ?? 0
  let text = source.text.slice(start, tokens.at(-1)?.end)
  for (const [at, count] of noise) {
    const from = (tokens[at]?.start ?? start) - start
    const to = (tokens[at + count - 1]?.end ?? start) - start
    text = text.slice(0, from) + text.slice(from, to).replace(/[^\n]/g, ' ') + text.slice(to)
  }
  return text
}

function findExecutable(tokens: readonly Token[]): Problem | null {
  const token = tokens.find(({ kind }) => kind === 'executable_comment')
  if (!token) return null
  return { token, what: 'an executable comment', next: 'Write its content as plain SQL.' }
}

function findIn(tokens: readonly Token[], nameAt: number): Problem | null {
  const [create, table] = tokens
  if (isKeyword(create, 'CREATE') && isKeyword(table, 'TABLE')) {
    return findInTable(tokens, nameAt, ENGINES)
  }
  const what = 'a statement other than CREATE TABLE and CREATE VIEW'
  return { token: create, what, next: adviceOnStatement(tokens) }
}

function notAllowed(source: Source, offset: number, what: string, next: string): Refusal {
  return refusalAt('SQL_NOT_ALLOWED', `${what} is not allowed`, { ...source, offset }, next)
}
