import { Refusal } from '../errors.ts'
import { isKeyword, type Token, tokenize, withoutComments } from '../schema/tokens.ts'
import { fenceComment, ownComment, revertComment } from './follower.ts'

/** Statements that change what a table is, or empty it, without a row event. */
const DDL = ['ALTER', 'DROP', 'RENAME', 'TRUNCATE', 'CREATE']
/**
 * Statements whose rows would be missing from a binlog that holds the statement instead. A SELECT is there only for
 * the function that it calls.
 */
const DML = ['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'WITH', 'SELECT']

type Own = { readonly id: string; readonly schema: string; readonly tables: ReadonlySet<string> }

/**
 * Refuses a statement in the change stream that somebody else ran on one of our tables: DDL, because the tables
 * are no longer what was planned, and DML in statement format, because its rows are unknown.
 *
 * A statement that merely mentions the name is refused too: stopping is safe, overlooking is not.
 *
 * @throws {Refusal} TABLE_CHANGED or STREAM_STOPPED.
 */
export function refuseIntruder(
  { schema, statement }: { readonly schema: string; readonly statement: string },
  own: Own,
): void {
  const comments = [ownComment(own.id), fenceComment(own.id), revertComment(own.id)]
  if (comments.some((comment) => statement.includes(comment))) return
  const tokens = tokensOf(statement, own)
  const verb = tokens[0]
  if (isKeyword(verb, ...DML)) refuseUnlogged(tokens, { schema, own })
  if (isKeyword(verb, ...DDL) && !isHarmless(tokens)) refuseDdl(tokens, { schema, own })
}

type Place = { readonly schema: string; readonly own: Own }

/**
 * Which table is written to, its name does not tell: it can be a view, or have a trigger that writes to ours. So no
 * statement of our schema may go by.
 */
function refuseUnlogged(tokens: readonly Token[], { schema, own }: Place): void {
  if (!isSameName(schema, own.schema) && !tokens.some(isNameOf(new Set([own.schema])))) return
  const table = tokens.find(isNameOf(own.tables))
  const where = table ? `on ${table.value}` : `in ${own.schema}`
  throw new Refusal('STREAM_STOPPED', `A statement ${where} was logged in statement format.`, {
    next: 'Have every session use binlog_format = ROW, then deploy again.',
  })
}

function refuseDdl(tokens: readonly Token[], { schema, own }: Place): void {
  const named = tokens.find(isNameOf(new Set([own.schema])))
  const dropped = isKeyword(tokens[1], 'DATABASE', 'SCHEMA') ? named : undefined
  const inSchema = isSameName(schema, own.schema) || named !== undefined
  const target = dropped ?? (inSchema ? tokens.find(isNameOf(own.tables)) : undefined)
  if (!target) return
  const what = tokens[0]?.text.toUpperCase() ?? ''
  throw new Refusal(
    'TABLE_CHANGED',
    `Somebody else ran ${what} on ${target.value} while it was deployed.`,
    {
      next: 'Start a new deployment from the table as it is now.',
    },
  )
}

/** Some servers take no notice of upper and lower case, and then the binlog holds what was typed. */
function isSameName(some: string, other: string): boolean {
  return some.toLowerCase() === other.toLowerCase()
}

/** Whether a token may be one of these names: under ANSI_QUOTES, what stands in double quotes is a name as well. */
function isNameOf(names: ReadonlySet<string>): (token: Token) => boolean {
  const lower = new Set([...names].map((name) => name.toLowerCase()))
  return ({ kind, text, value }) => {
    const mayName = kind === 'word' || kind === 'quoted' || text.startsWith('"')
    return mayName && lower.has(value.toLowerCase())
  }
}

/** Views, routines, temporary tables and accounts do not change a table. */
function isHarmless(tokens: readonly Token[]): boolean {
  if (!isKeyword(tokens[0], 'CREATE', 'ALTER', 'DROP')) return false
  const kind = tokens.find((token) =>
    isKeyword(
      token,
      'TABLE',
      'INDEX',
      'TRIGGER',
      'VIEW',
      'PROCEDURE',
      'FUNCTION',
      'USER',
      'ROLE',
      'EVENT',
      'TEMPORARY',
      'DATABASE',
      'SCHEMA',
    ),
  )
  if (isKeyword(kind, 'DATABASE', 'SCHEMA')) return !isKeyword(tokens[0], 'DROP')
  return isKeyword(kind, 'VIEW', 'PROCEDURE', 'FUNCTION', 'USER', 'ROLE', 'EVENT', 'TEMPORARY')
}

/**
 * The tokens that the server acts on. What it has run is valid; should it still not split here, because its session took
 * quotes and backslashes otherwise, it may go by only if it holds none of our names.
 */
function tokensOf(statement: string, own: Own): readonly Token[] {
  try {
    return withExecutable(withoutComments(tokenize(statement)))
  } catch (error) {
    const text = statement.toLowerCase()
    const names = [own.schema, ...own.tables]
    if (!names.some((name) => text.includes(name.toLowerCase()))) return []
    throw new Refusal('STREAM_STOPPED', 'A statement in the binary log cannot be read.', {
      next: 'Start a new deployment.',
      cause: error,
    })
  }
}

/** With the bodies of comments that some servers run in their places. */
function withExecutable(tokens: readonly Token[]): readonly Token[] {
  return tokens.flatMap((token) =>
    token.kind === 'executable_comment'
      ? withExecutable(withoutComments(tokenize(token.value)))
      : [token],
  )
}
