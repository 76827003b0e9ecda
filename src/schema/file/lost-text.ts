import type { PlacedStatement } from '../complaint.ts'
import { refusalAt } from '../place.ts'
import type { Table } from '../table.ts'
import { isKeyword, isSymbol, type Token, tokenize, withoutComments } from '../tokens.ts'

/**
 * What a server takes and cannot give back. Seen on MySQL 9.7: characters beyond U+FFFF in ENUM, SET and expressions are
 * printed as question marks, and so is any accent in an expression beside a column of another character set, such as
 * `CONCAT(a, 'é')` with a `latin1` column; on MariaDB 10.11: those beyond U+FFFF in ENUM, SET and literal defaults, and
 * bytes that are no text in the default of a BINARY column. Nobody could compare such a table, and what was printed would
 * be deployed.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED with the place in the file.
 */
export function refuseLostText(written: PlacedStatement, table: Table): void {
  if (!NOT_ASCII.test(written.statement) && !table.sql.includes(REPLACEMENT)) return
  const tokens = withoutComments(tokenize(written.statement, written.file))
  const lost = findLost(tokens, table)
  if (lost) {
    const next = BEYOND.test(lost.value)
      ? 'Use characters up to U+FFFF here, as in accents and most scripts, but no emoji.'
      : 'Give the column that it is compared or joined with the character set utf8mb4, or leave the character out.'
    throw refusal(written, lost.start, 'a character that the server cannot show again', next)
  }
  const column = table.columns.find(({ definition }) => definition.includes(REPLACEMENT))
  if (column && !written.statement.includes(REPLACEMENT)) {
    const token = tokens.find(({ value }) => value.toLowerCase() === column.name.toLowerCase())
    const next = 'Use a default of plain text, or let the application give the value.'
    throw refusal(written, token?.start ?? 0, 'a default that the server cannot show again', next)
  }
}

/** What a server or driver puts in place of bytes that are no text. */
const REPLACEMENT = '\ufffd'

const NOT_ASCII = /[^\0-\x7f]/u

const BEYOND = /[\u{10000}-\u{10ffff}]/u

/** The first string that has a character which the table has less often. */
function findLost(tokens: readonly Token[], { sql }: Table): Token | null {
  const strings = tokens.filter(
    ({ kind, value }, at) => kind === 'string' && NOT_ASCII.test(value) && !isComment(tokens, at),
  )
  // Elsewhere a server may print other characters for good, but no question mark that nobody wrote.
  const hasMarks = marksIn(tokenize(sql)) > marksIn(tokens)
  const wanted = countEach(strings.flatMap(({ value }) => [...new Set(value)]))
  const present = countEach(sql)
  const isLost = (character: string) => {
    if (!(BEYOND.test(character) || (hasMarks && NOT_ASCII.test(character)))) return false
    const missing = (wanted.get(character) ?? 0) - (present.get(character) ?? 0)
    return missing > 0 && missing > countBytes(sql, character)
  }
  return strings.find(({ value }) => [...value].some(isLost)) ?? null
}

function marksIn(tokens: readonly Token[]): number {
  const texts = tokens.filter(({ kind }, at) => kind === 'string' && !isComment(tokens, at))
  return texts.reduce((sum, { value }) => sum + value.split('?').length - 1, 0)
}

function countEach(characters: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1)
  return counts
}

/** Comments are kept by servers as they print them, so there is nothing to compare. */
function isComment(tokens: readonly Token[], at: number): boolean {
  const before = isSymbol(tokens[at - 1], '=') ? tokens[at - 2] : tokens[at - 1]
  return isKeyword(before, 'COMMENT')
}

/** MySQL prints a literal default that holds such a character as hexadecimal. */
function countBytes(sql: string, character: string): number {
  return sql.split(Buffer.from(character).toString('hex').toUpperCase()).length - 1
}

function refusal(
  { statement, file, line, column }: PlacedStatement,
  offset: number,
  what: string,
  next: string,
) {
  const before = '\n'.repeat(line - 1) + ' '.repeat(column - 1)
  const source = { text: before + statement, offset: before.length + offset, file }
  return refusalAt('SQL_NOT_ALLOWED', `${what} is not allowed`, source, next)
}
