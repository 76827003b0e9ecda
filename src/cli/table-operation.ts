import type { TableOperation } from '../engine/port.ts'
import { parseAlter, tableNamed } from '../engine/table/statement.ts'
import {
  isKeyword,
  isSymbol,
  sliceOf,
  splitList,
  type Token,
  tokenize,
  withoutComments,
} from '../schema/tokens.ts'

/**
 * The change of a table that a statement asks for. `CREATE INDEX` and `DROP INDEX` are read as the `ALTER TABLE` that they are
 * short for, and a table may be named with its schema where that is the schema of the URL.
 *
 * @throws {Refusal} ALTER_INVALID as `parseAlter` does.
 */
export function readTableOperation(given: string, schema: string | null): TableOperation {
  const statement = withoutSchema(asAlter(given), schema)
  const [first] = withoutComments(tokenize(statement))
  if (isKeyword(first, 'CREATE')) {
    return { kind: 'create', table: tableNamed(statement, 'CREATE'), statement }
  }
  if (isKeyword(first, 'DROP')) {
    return { kind: 'drop', table: tableNamed(statement, 'DROP'), statement }
  }
  return { kind: 'alter', table: parseAlter(statement).table, statement }
}

/** `CREATE INDEX … ON t (…)` and `DROP INDEX … ON t` as an ALTER TABLE; every other statement as it is. */
function asAlter(statement: string): string {
  const tokens = withoutComments(tokenize(statement))
  while (isSymbol(tokens.at(-1), ';')) tokens.pop()
  const index = tokens.findIndex((token) => isKeyword(token, 'INDEX'))
  const on = tokens.findIndex((token) => isKeyword(token, 'ON'))
  const begins = index === 1 || (index === 2 && isKeyword(tokens[1], ...KINDS))
  if (!isKeyword(tokens[0], 'CREATE', 'DROP') || !begins || on < index) return statement
  const text = (from: number, to: number) => sliceOf(statement, tokens.slice(from, to))
  const isAdded = isKeyword(tokens[0], 'CREATE')
  const open = isAdded ? tokens.findIndex((token, at) => at > on && isSymbol(token, '(')) : -1
  const after = open === -1 ? endOfName(tokens, on + 1) : open
  const options = open === -1 ? after : splitList(tokens, open).end + 1
  const how = tokens.findIndex(
    (token, at) => at >= options && isKeyword(token, 'ALGORITHM', 'LOCK'),
  )
  const end = how === -1 ? tokens.length : how
  const what = isAdded
    ? `ADD ${text(1, on)} ${text(open, end)}`
    : `DROP ${text(1, on)} ${text(after, end)}`
  const clauses = [what.trim(), ...asked(tokens.slice(end))]
  return `ALTER TABLE ${text(on + 1, after)} ${clauses.join(', ')}`
}

const KINDS = ['UNIQUE', 'FULLTEXT', 'SPATIAL'] as const

/** The place after a name that may be qualified. */
function endOfName(tokens: readonly Token[], at: number): number {
  return isSymbol(tokens[at + 1], '.') ? at + 3 : at + 1
}

/** `ALGORITHM = x LOCK = y`, which an index has side by side, as clauses of their own. */
function asked(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token, at) => {
    if (!isKeyword(token, 'ALGORITHM', 'LOCK')) return []
    const value = tokens[isSymbol(tokens[at + 1], '=') ? at + 2 : at + 1]
    return value ? [`${token.text} = ${value.text}`] : []
  })
}

/** The statement with its table named alone, if it names this schema. */
function withoutSchema(statement: string, schema: string | null): string {
  const tokens = withoutComments(tokenize(statement))
  const table = tokens.findIndex((token) => isKeyword(token, 'TABLE'))
  const dot = tokens.findIndex((token, at) => at > table && isSymbol(token, '.'))
  const isDirect = tokens
    .slice(table + 1, dot - 1)
    .every((token) => isKeyword(token, 'IF', 'NOT', 'EXISTS'))
  const [named, name] = [tokens[dot - 1], tokens[dot + 1]]
  if (table === -1 || dot === -1 || !isDirect || !named || !name) return statement
  if (schema === null || named.value !== schema) return statement
  return statement.slice(0, named.start) + statement.slice(name.start)
}
