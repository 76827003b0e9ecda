import type { PlacedStatement } from '../complaint.ts'
import { refusalAt } from '../place.ts'
import type { Table } from '../table.ts'
import { isKeyword, isSymbol, type Token, tokenize, withoutComments } from '../tokens.ts'

/**
 * What a server takes and cannot give back. Seen on MySQL 9.7: characters beyond U+FFFF in ENUM, SET and expressions are
 * printed as question marks; on MariaDB 10.11: those in ENUM, SET and literal defaults, and bytes that are no text in the
 * default of a BINARY column. Nobody could compare such a table, and what was printed would be deployed.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED with the place in the file.
 */
export function refuseLostText(written: PlacedStatement, table: Table): void {
  if (!BEYOND.test(written.statement) && !table.sql.includes(REPLACEMENT)) return
  const tokens = withoutComments(tokenize(written.statement, written.file))
  const lost = tokens.find((token, at) => isLost(token, tokens, at, table))
  if (lost) {
    const next = 'Use characters up to U+FFFF here, as in accents and most scripts, but no emoji.'
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

const BEYOND = /[\u{10000}-\u{10ffff}]/u

function isLost(token: Token, tokens: readonly Token[], at: number, { sql }: Table): boolean {
  if (token.kind !== 'string' || isComment(tokens, at)) return false
  const characters = [...token.value].filter((character) => BEYOND.test(character))
  return characters.some((character) => {
    const wanted = tokens.filter((other, index) => {
      return other.kind === 'string' && other.value.includes(character) && !isComment(tokens, index)
    })
    return countOf(sql, character) < wanted.length
  })
}

/** Comments are kept by servers as they print them, so there is nothing to compare. */
function isComment(tokens: readonly Token[], at: number): boolean {
  const before = isSymbol(tokens[at - 1], '=') ? tokens[at - 2] : tokens[at - 1]
  return isKeyword(before, 'COMMENT')
}

/** MySQL prints a literal default that holds such a character as hexadecimal. */
function countOf(sql: string, character: string): number {
  const bytes = Buffer.from(character).toString('hex').toUpperCase()
  return sql.split(character).length + sql.split(bytes).length - 2
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
