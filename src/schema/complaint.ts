import { sql } from 'kysely'
import type { Refusal } from '../errors.ts'
import { ERRNO, errnoOf } from '../mysql/errno.ts'
import type { Session } from '../mysql/session.ts'
import { adviceOnError, adviceOnSyntax } from './file/advice.ts'
import { refusalAt } from './place.ts'
import { depthChange, isKeyword, type Token, tokenize, withoutComments } from './tokens.ts'
import { viewHeadOf } from './view/view-check.ts'

/** A statement of a file, and where in it it begins. */
export type PlacedStatement = {
  /** The table that it is about. */
  readonly name: string
  readonly statement: string
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What was run in the scratch schema before the refused statement, and the schema's name. */
export type Scene = {
  readonly schemaName: string
  readonly statements: readonly PlacedStatement[]
}

/**
 * What a server says about a statement, as a refusal that points into the file. Its text may be quoted here, because all it
 * knows is the file itself; what could be a path of the machine is left out, and so is the name of the schema, which nobody
 * has to know.
 */
export async function complaintOf(
  session: Session,
  error: unknown,
  refused: PlacedStatement,
  scene: Scene,
): Promise<Refusal> {
  const said = textOf(error, scene.schemaName)
  const syntax = /near '([\s\S]*)' at line (\d+)$/.exec(said)
  if (syntax) return misunderstood(refused, withoutDots(syntax[1] ?? ''), Number(syntax[2]))
  const detail = await foreignKeyDetail(session, error, scene.schemaName)
  const misfit = MISFIT.exec(detail ?? said) ?? MISSING.exec(said) ?? ODD.exec(said)
  if (misfit?.groups) return await doesNotFit(session, refused, scene, misfit.groups)
  const text = describe(detail ?? said, errnoOf(error))
  return pointAt(
    refused,
    offsetNamed(refused.statement, detail ?? said),
    `the server refuses the ${kindOf(refused)} ${refused.name}: ${text}`,
    adviceOnError(errnoOf(error), text),
  )
}

function kindOf({ statement }: PlacedStatement): 'table' | 'view' {
  return viewHeadOf(withoutComments(tokenize(statement))) ? 'view' : 'table'
}

function textOf(error: unknown, schemaName: string): string {
  const schemaPrefix = new RegExp(`\`?${schemaName}\`?\\.`, 'g')
  return error instanceof Error ? error.message.replaceAll(schemaPrefix, '') : ''
}

function pointAt(
  { statement, file, line, column }: PlacedStatement,
  offset: number,
  what: string,
  next: string,
): Refusal {
  const before = '\n'.repeat(line - 1) + ' '.repeat(column - 1)
  const source = { text: before + statement, offset: before.length + offset, file }
  return refusalAt('SQL_SYNTAX', what, source, next)
}

function misunderstood(refused: PlacedStatement, near: string, line: number): Refusal {
  const { statement } = refused
  const offset = near === '' ? endOf(statement) : offsetOf(statement, near, line)
  const word = /^(?:[\w$]+|\S)/.exec(near.trim())?.[0]
  return pointAt(
    refused,
    offset,
    `the server does not understand what begins with ${word ?? 'the end of the statement'}`,
    adviceOnSyntax(statement, offset),
  )
}

/** MariaDB writes three dots where it quotes no more. */
function withoutDots(near: string): string {
  return near.replace(/\.\.\.$/, '')
}

function endOf(statement: string): number {
  return Math.max(0, statement.trimEnd().length - 1)
}

/** The server quotes the text from the place on; where that occurs several times, its line decides. */
function offsetOf(statement: string, near: string, line: number): number {
  let lineStart = 0
  for (let at = 1; at < line; at += 1) {
    const end = statement.indexOf('\n', lineStart)
    if (end === -1) break
    lineStart = end + 1
  }
  const inLine = statement.indexOf(near, lineStart)
  if (inLine !== -1) return inLine
  const before = statement.lastIndexOf(near)
  return before === -1 ? lineStart : before
}

const SHOWN = 200

function describe(text: string, errno: number | null): string {
  const firstLine = (text.trim().split('\n')[0] ?? '').slice(0, SHOWN)
  const mayBePath = /(?:^|[\s'"(])\.{0,2}\/|\\/.test(firstLine)
  return mayBePath || firstLine === '' ? `error ${errno}` : firstLine.replace(/\.$/, '')
}

/** Where what the message names stands in the statement; its beginning when nothing of it is found. */
function offsetNamed(statement: string, message: string): number {
  const tokens = bodyOf(statement)
  const isAgain = /^(?:Duplicate|Multiple)/.test(message)
  for (const name of namesIn(message)) {
    const found = tokens.filter((token) => isNamed(token, name))
    const [first, second] = found.toSorted((a, b) => a.depth - b.depth || a.start - b.start)
    if (isAgain && second && second.depth === first?.depth) return second.start
    if (first) return first.start
  }
  return 0
}

/** Words that messages use in place of a name. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^Multiple primary key/, 'PRIMARY'],
  [/only one auto column/, 'AUTO_INCREMENT'],
  [/check constraint|^Column check/i, 'CHECK'],
]

function namesIn(message: string): string[] {
  const quoted = [...message.matchAll(/(?<!\w)'([^']+)'|`([^`]+)`/g)]
  const names = quoted.map(([, single, back]) => single ?? back ?? '')
  return [...names, ...WORDS.filter(([pattern]) => pattern.test(message)).map(([, word]) => word)]
}

function isNamed(token: Token, name: string): boolean {
  const isText = token.kind === 'word' || token.kind === 'quoted' || token.kind === 'string'
  return isText && token.value.toLowerCase() === name.toLowerCase()
}

type Deep = Token & { readonly depth: number }

/** The tokens after the name of the table, with how many parentheses they stand in. */
function bodyOf(statement: string): Deep[] {
  let depth = 0
  const tokens = withoutComments(tokenize(statement)).map((token) => {
    depth += depthChange(token)
    return { ...token, depth }
  })
  return tokens.slice(3)
}

const MISFIT =
  /column '(?<column>[^']+)' (?:and|does not match) referenced column '(?<parentColumn>[^']+)'(?: in foreign key constraint '(?<after>[^']+)' are incompatible)?/

/** MySQL: the referenced column, or a unique key over it, is not there. */
const MISSING =
  /Missing (?<what>column '(?<parentColumn>[^']+)'|unique key|index) for constraint '(?<after>[^']+)' in the referenced table/

/** MariaDB, of an ALTER: it says no more. */
const ODD = /Incorrect options in FOREIGN KEY constraint '[^'/]*\/(?<after>[^']+)'/

/** MariaDB says what is wrong with a foreign key in a warning beside the error. */
async function foreignKeyDetail(
  session: Session,
  error: unknown,
  schemaName: string,
): Promise<string | null> {
  if (errnoOf(error) !== ERRNO.CANNOT_CREATE_TABLE) return null
  type Warning = { readonly Code: number; readonly Message: string }
  const warnings = await session.rows(sql<Warning>`SHOW WARNINGS`)
  const found = warnings.find(({ Code }) => Number(Code) === FOREIGN_KEY_WARNING)
  if (!found) return null
  const text = textOf(new Error(found.Message), schemaName).replace(/\s+/g, ' ')
  const [, key, reason] = /foreign key `([^`]*)` constraint failed\. (.*)$/i.exec(text) ?? []
  return key === undefined ? text : `the foreign key \`${key}\`: ${reason}`
}

const FOREIGN_KEY_WARNING = 150

/**
 * A foreign key that does not fit its parent. MySQL finds that out at the table that is made last, so the refused one may be
 * the parent: the place and the names are those of the child.
 */
async function doesNotFit(
  session: Session,
  refused: PlacedStatement,
  { schemaName, statements }: Scene,
  { column, parentColumn, after, what }: Readonly<Record<string, string | undefined>>,
): Promise<Refusal> {
  const holder = after === undefined ? null : await findHolder(session, schemaName, after)
  const child = holder?.child ?? refused.name
  const ofChild = child === refused.name ? [] : statements.filter(({ name }) => name === child)
  const holds = (other: PlacedStatement) => foreignKeyOn(other.statement, column, after) !== null
  const statement = ofChild.findLast(holds) ?? refused
  const key = foreignKeyOn(statement.statement, column, after)
  const parent = holder?.parent ?? key?.parent ?? refused.name
  const { problem, next } = wordsFor({ child, parent, column, parentColumn, what })
  return pointAt(statement, key?.start ?? 0, `the server refuses the foreign key: ${problem}`, next)
}

type Misfit = Readonly<Record<'child' | 'parent', string>> &
  Readonly<Record<'column' | 'parentColumn' | 'what', string | undefined>>

function wordsFor({ child, parent, column, parentColumn, what }: Misfit) {
  if (what !== undefined) {
    const missing = parentColumn ? what : `${what} over the columns referred to`
    return {
      problem: `${child} refers to ${parent}, which has no ${missing}`,
      next: `Refer to columns that ${parent} has a primary or unique key over.`,
    }
  }
  if (column === undefined) {
    return {
      problem: `${child} refers to ${parent}, and the two do not fit each other`,
      next: 'Give the columns on both sides the same type, sign, character set and collation; SET NULL needs columns that may be NULL.',
    }
  }
  const [from, to] = [`${child}.${column}`, `${parent}.${parentColumn}`]
  return {
    problem: `${from} refers to ${to}, whose type is another one`,
    next: `Give ${from} and ${to} the same type, sign, character set and collation.`,
  }
}

/** Who has a constraint of this name, when it is there already: then the parent is the refused one. */
async function findHolder(session: Session, schemaName: string, constraint: string) {
  return await session.row(sql<{ child: string; parent: string }>`
    SELECT TABLE_NAME AS child, REFERENCED_TABLE_NAME AS parent
    FROM information_schema.REFERENTIAL_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = ${schemaName} AND CONSTRAINT_NAME = ${constraint}`)
}

type WrittenKey = { readonly start: number; readonly parent: string }

/** The foreign key of this name, or else the first on `column`, as the statement writes it. */
function foreignKeyOn(statement: string, column?: string, name?: string): WrittenKey | null {
  const tokens = withoutComments(tokenize(statement))
  const keys = tokens.flatMap((token, at) => {
    if (!isKeyword(token, 'FOREIGN') || !isKeyword(tokens[at + 1], 'KEY')) return []
    const named = isKeyword(tokens[at - 2], 'CONSTRAINT')
    const end = tokens.findIndex((other, index) => index > at && isKeyword(other, 'REFERENCES'))
    const parent = tokens[end + 1]?.value
    if (end === -1 || parent === undefined) return []
    return {
      start: tokens[named ? at - 2 : at]?.start ?? 0,
      name: named ? tokens[at - 1]?.value : undefined,
      columns: tokens
        .slice(at, end)
        .filter((other) => column === undefined || isNamed(other, column)),
      parent,
    }
  })
  return (
    keys.find((key) => key.name !== undefined && key.name === name) ??
    keys.find(({ columns }) => columns.length > 0) ??
    null
  )
}
