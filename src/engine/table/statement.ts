import { Refusal } from '../../errors.ts'
import { constraintName, plainConstraintName } from '../../mysql/identifier.ts'
import {
  isKeyword,
  isSymbol,
  sliceOf,
  splitList,
  type Token,
  tokenize,
  withoutComments,
} from '../../schema/tokens.ts'

/** A statement that changes one table, taken apart so that it can be run on another table. */
export type AlterStatement = {
  readonly table: string
  /** Old column name → new column name, for CHANGE and RENAME COLUMN. */
  readonly renames: ReadonlyMap<string, string>
  /** Columns that it drops. One that is added under the same name is another column. */
  readonly dropped: ReadonlySet<string>
  /** The same change for a table of another name; constraint names follow the table. To run after `before`. */
  readonly on: (schema: string, copy: string) => string
  /** Drops the foreign keys that are added again under their names, which the servers do not do at once (error 1826). */
  readonly before: (schema: string, copy: string) => string | null
  /** What it does, as it was written: all that stands after the table's name. */
  readonly body: string
  /** The algorithm that it asks for itself, in upper case; null when it leaves that to the server. */
  readonly algorithm: string | null
  /** Whether it adds or drops a foreign key. */
  readonly changesForeignKeys: boolean
}

/**
 * Takes `ALTER TABLE t …` apart.
 *
 * @throws {Refusal} ALTER_INVALID when it is no single ALTER TABLE, names another schema, or asks for something
 *   that a shadow table cannot give (a new table name, tablespaces, partitions exchanged, IGNORE).
 */
export function parseAlter(statement: string): AlterStatement {
  const tokens = significant(statement, 'ALTER')
  let at = 1
  if (isKeyword(tokens[at], 'ONLINE')) at += 1
  if (isKeyword(tokens[at], 'IGNORE')) {
    throw invalid('IGNORE would drop rows silently', 'Remove IGNORE.')
  }
  at = expectTable(tokens, at)
  const name = tokens[at]
  if (!name || !isName(name)) throw invalid('it names no table', 'Write ALTER TABLE name ….')
  if (isSymbol(tokens[at + 1], '.')) {
    throw invalid('the table name is qualified', 'Name the table alone; the URL names the schema.')
  }
  const clauses = tokens.slice(at + 1)
  refuseUnsupported(clauses)
  const { first, rest } = splitForeignKeys(clauses)
  const names = constraintReferences(clauses)
  const renamed = (copy: string) => (token: Token) =>
    names.has(token) ? quote(constraintName(token.value, name.value, copy)) : null
  const listed = (parts: readonly (readonly Token[])[], copy: string) =>
    parts.map((part) => rewrite(statement, part[0]?.start ?? 0, renamed(copy))(part)).join(', ')
  return {
    table: name.value,
    renames: readRenames(clauses),
    dropped: readDropped(clauses),
    on: (schema, copy) => {
      const body = rewrite(statement, name.end, renamed(copy))
      const text = first.length === 0 ? body(clauses) : ` ${listed(rest, copy)}`
      return `ALTER TABLE ${quote(schema)}.${quote(copy)}${text}`
    },
    before: (schema, copy) =>
      first.length === 0
        ? null
        : `ALTER TABLE ${quote(schema)}.${quote(copy)} ${listed(first, copy)}`,
    body: statement.slice(name.end, clauses.at(-1)?.end ?? name.end),
    algorithm: readAlgorithm(clauses),
    changesForeignKeys: holdsForeignKey(clauses),
  }
}

/** The clauses that drop a foreign key whose name is given again, and all others. */
function splitForeignKeys(tokens: readonly Token[]): {
  readonly first: readonly (readonly Token[])[]
  readonly rest: readonly (readonly Token[])[]
} {
  const clauses = splitClauses(tokens)
  const plain = (token: Token | undefined) => plainConstraintName(token?.value ?? '').toLowerCase()
  const added = new Set(
    clauses.flatMap(([add, constraint, name, foreign]) =>
      isKeyword(add, 'ADD') && isKeyword(constraint, 'CONSTRAINT') && isKeyword(foreign, 'FOREIGN')
        ? [plain(name)]
        : [],
    ),
  )
  const comesBack = ([drop, foreign, , name]: readonly Token[]) =>
    isKeyword(drop, 'DROP') && isKeyword(foreign, 'FOREIGN') && added.has(plain(name))
  return {
    first: clauses.filter(comesBack),
    rest: clauses.filter((clause) => !comesBack(clause)),
  }
}

function holdsForeignKey(tokens: readonly Token[]): boolean {
  return tokens.some((token, at) => isKeyword(token, 'FOREIGN') && isKeyword(tokens[at + 1], 'KEY'))
}

/** The last one counts, as for the server. */
function readAlgorithm(clauses: readonly Token[]): string | null {
  const asked = splitClauses(clauses).findLast(([first]) => isKeyword(first, 'ALGORITHM'))
  return asked?.at(-1)?.value.toUpperCase() ?? null
}

/** A `CREATE TABLE` without its foreign keys, which would hold on to their parents while the table is made. */
export function withoutForeignKeys(createSql: string): string {
  const tokens = significant(createSql, 'CREATE')
  const open = tokens.findIndex((token) => isSymbol(token, '('))
  const opening = tokens[open]
  if (!opening) return createSql
  const { items, end } = splitList(tokens, open)
  const kept = items.filter((item) => !holdsForeignKey(item))
  const definitions = kept.map((item) => sliceOf(createSql, item)).join(', ')
  return `${createSql.slice(0, opening.end)}${definitions}${createSql.slice(tokens[end]?.start)}`
}

/** How a parent is called now that the new table is made: null where it is called as it is written. */
export type ParentName = (name: string) => string | null

/**
 * The server's `CREATE TABLE` of `live`, changed so that it makes `copy` with constraint names of its own, and with
 * foreign keys to the parents in `schema` under the names that `parentName` gives.
 */
export function createCopy(
  createSql: string,
  schema: string,
  copy: string,
  parentName: ParentName = () => null,
): string {
  const tokens = significant(createSql, 'CREATE')
  const name = tokens[expectTable(tokens, 1)]
  if (!name) throw invalid('it names no table', 'Write CREATE TABLE name (…).')
  const rest = tokens.filter(({ start }) => start >= name.end)
  const names = constraintReferences(rest)
  const parents = parentReferences(rest, schema)
  const body = rewrite(createSql, name.end, (token) => {
    if (names.has(token)) return quote(constraintName(token.value, name.value, copy))
    const parent = parents.has(token) ? parentName(token.value) : null
    return parent === null ? null : quote(parent)
  })
  return `CREATE TABLE ${quote(schema)}.${quote(copy)}${body(rest)}`
}

/** The table that `CREATE TABLE …` or `DROP TABLE …` names. */
export function tableNamed(statement: string, verb: 'CREATE' | 'DROP'): string {
  const tokens = significant(statement, verb)
  const name = tokens[expectTable(tokens, 1)]
  if (!name || !isName(name)) throw invalid('it names no table', `Write ${verb} TABLE name ….`)
  return name.value
}

function significant(statement: string, verb: string): Token[] {
  const tokens = withoutComments(tokenize(statement))
  // The server writes partitions and invisible columns as executable comments; a person has no need to.
  if (verb === 'ALTER' && tokens.some(({ kind }) => kind === 'executable_comment')) {
    throw invalid('it holds an executable comment', 'Write the clause without /*! */.')
  }
  while (isSymbol(tokens.at(-1), ';')) tokens.pop()
  if (tokens.some((token) => isSymbol(token, ';'))) {
    throw invalid('it holds more than one statement', 'Give each statement by itself.')
  }
  if (!isKeyword(tokens[0], verb)) {
    throw invalid(`it does not begin with ${verb} TABLE`, `Write ${verb} TABLE name ….`)
  }
  return tokens
}

/** The index of the token after TABLE and after IF [NOT] EXISTS. */
function expectTable(tokens: readonly Token[], from: number): number {
  if (!isKeyword(tokens[from], 'TABLE')) {
    throw invalid('the word TABLE is missing', 'Write ALTER TABLE name ….')
  }
  let at = from + 1
  if (isKeyword(tokens[at], 'IF')) {
    at += isKeyword(tokens[at + 1], 'NOT') ? 3 : 2
  }
  return at
}

/** Clauses that act on the table as a whole and have no meaning on a copy of it. */
const UNSUPPORTED: readonly (readonly [first: string, second: readonly string[], what: string])[] =
  [
    ['DISCARD', [], 'DISCARD TABLESPACE'],
    ['IMPORT', [], 'IMPORT TABLESPACE'],
    ['EXCHANGE', ['PARTITION'], 'EXCHANGE PARTITION'],
    ['TRUNCATE', ['PARTITION'], 'TRUNCATE PARTITION'],
    ['DROP', ['PARTITION'], 'DROP PARTITION'],
  ]

function refuseUnsupported(clauses: readonly Token[]): void {
  for (const clause of splitClauses(clauses)) {
    const [first, second] = clause
    const found = UNSUPPORTED.find(
      ([verb, next]) => isKeyword(first, verb) && (next.length === 0 || isKeyword(second, ...next)),
    )
    if (found) throw invalid(`${found[2]} cannot be deployed with a shadow table`, 'Remove it.')
    const renamesTable = isKeyword(first, 'RENAME') && !isKeyword(second, 'COLUMN', 'INDEX', 'KEY')
    if (renamesTable) {
      throw invalid('it renames the table', 'Rename a table by itself, outside of a deploy.')
    }
  }
}

function readRenames(clauses: readonly Token[]): ReadonlyMap<string, string> {
  const renames = new Map<string, string>()
  for (const clause of splitClauses(clauses)) {
    const words = clause.filter((token) => !isKeyword(token, 'COLUMN', 'IF', 'EXISTS'))
    const [verb, from, to, target] = words
    if (isKeyword(verb, 'CHANGE') && from && to && from.value !== to.value) {
      renames.set(from.value, to.value)
    }
    if (isKeyword(verb, 'RENAME') && isKeyword(clause[1], 'COLUMN') && from && target) {
      renames.set(from.value, target.value)
    }
  }
  return renames
}

/** What DROP may be followed by that is no column. */
const NO_COLUMN = [
  'PRIMARY',
  'INDEX',
  'KEY',
  'CHECK',
  'CONSTRAINT',
  'FOREIGN',
  'PARTITION',
] as const

function readDropped(clauses: readonly Token[]): ReadonlySet<string> {
  const dropped = splitClauses(clauses).flatMap((clause) => {
    const [verb, name] = clause.filter((token) => !isKeyword(token, 'COLUMN', 'IF', 'EXISTS'))
    return name && isKeyword(verb, 'DROP') && !isKeyword(name, ...NO_COLUMN) ? [name.value] : []
  })
  return new Set(dropped)
}

/** The clauses between the commas that stand outside of every parenthesis. */
export function splitClauses(tokens: readonly Token[]): Token[][] {
  const clauses: Token[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    if (isSymbol(token, '(')) depth += 1
    if (isSymbol(token, ')')) depth -= 1
    if (depth === 0 && isSymbol(token, ',')) clauses.push([])
    else clauses.at(-1)?.push(token)
  }
  return clauses
}

/** The tokens that name a constraint: after CONSTRAINT, and after DROP or ALTER with CHECK or FOREIGN KEY. */
function constraintReferences(tokens: readonly Token[]): ReadonlySet<Token> {
  const found = new Set<Token>()
  tokens.forEach((token, at) => {
    const previous = tokens[at - 1]
    if (!isName(token) || isKeyword(token, 'CHECK', 'FOREIGN', 'PRIMARY', 'UNIQUE')) return
    const dropsOrAlters = isKeyword(tokens[at - 2], 'DROP', 'ALTER')
    const names =
      isKeyword(previous, 'CONSTRAINT') ||
      (isKeyword(previous, 'CHECK') && dropsOrAlters) ||
      (isKeyword(previous, 'KEY') &&
        isKeyword(tokens[at - 2], 'FOREIGN') &&
        isKeyword(tokens[at - 3], 'DROP'))
    if (names) found.add(token)
  })
  return found
}

/** The tokens that name a parent in `schema`: after REFERENCES, with or without the schema. */
function parentReferences(tokens: readonly Token[], schema: string): ReadonlySet<Token> {
  const found = new Set<Token>()
  tokens.forEach((token, at) => {
    const [first, dot, parent] = tokens.slice(at + 1, at + 4)
    if (!isKeyword(token, 'REFERENCES') || !first || !isName(first)) return
    if (!isSymbol(dot, '.')) found.add(first)
    else if (first.value === schema && parent) found.add(parent)
  })
  return found
}

/** Replaces single tokens and keeps everything between them as it stands. */
function rewrite(
  text: string,
  from: number,
  replacement: (token: Token) => string | null,
): (tokens: readonly Token[]) => string {
  return (tokens) => {
    let result = ''
    let at = from
    for (const token of tokens) {
      const value = replacement(token)
      if (value === null) continue
      result += text.slice(at, token.start) + value
      at = token.end
    }
    const end = tokens.at(-1)?.end ?? from
    return result + text.slice(at, end)
  }
}

function isName(token: Token): boolean {
  return token.kind === 'word' || token.kind === 'quoted'
}

function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function invalid(what: string, next: string): Refusal {
  return new Refusal('ALTER_INVALID', `The statement cannot be deployed: ${what}.`, { next })
}
