import { Refusal } from '../errors.ts'
import { isKeyword, type Token, tokenize, withoutComments } from '../schema/tokens.ts'
import { fenceComment, ownComment, revertComment } from './follower.ts'

/** Statements that change what a table is, or empty it, without a row event. */
const DDL = ['ALTER', 'DROP', 'RENAME', 'TRUNCATE', 'CREATE']
/** Statements whose rows would be missing from a binlog that holds the statement instead. */
const DML = ['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'WITH']

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
  own: { readonly id: string; readonly schema: string; readonly tables: ReadonlySet<string> },
): void {
  const comments = [ownComment(own.id), fenceComment(own.id), revertComment(own.id)]
  if (comments.some((comment) => statement.includes(comment))) return
  const tokens = withoutComments(tokenizeLeniently(statement))
  const verb = tokens[0]
  if (!isKeyword(verb, ...DDL, ...DML) || isHarmless(tokens)) return
  const names = tokens.filter(({ kind }) => kind === 'word' || kind === 'quoted')
  const isOwnSchema = (name: string) => name.toLowerCase() === own.schema.toLowerCase()
  // Some servers take no notice of upper and lower case, and then the binlog holds what was typed.
  const tables = new Set([...own.tables].map((name) => name.toLowerCase()))
  const named = names.find(({ value }) => isOwnSchema(value))
  const table = names.find(({ value }) => tables.has(value.toLowerCase()))
  const dropped = isKeyword(tokens[1], 'DATABASE', 'SCHEMA') ? named : undefined
  const target = dropped ?? (isOwnSchema(schema) || named ? table : undefined)
  if (!target) return
  if (isKeyword(verb, ...DML)) {
    throw new Refusal(
      'STREAM_STOPPED',
      `A statement on ${target.value} was logged in statement format.`,
      {
        next: 'Have every session use binlog_format = ROW, then deploy again.',
      },
    )
  }
  const what = verb?.text.toUpperCase() ?? ''
  throw new Refusal(
    'TABLE_CHANGED',
    `Somebody else ran ${what} on ${target.value} while it was deployed.`,
    {
      next: 'Start a new deployment from the table as it is now.',
    },
  )
}

/** Views, routines, temporary tables and accounts do not change a table. */
function isHarmless(tokens: readonly Token[]): boolean {
  if (!isKeyword(tokens[0], 'CREATE', 'ALTER', 'DROP')) return false
  const words = tokens.slice(1, 8)
  const kind = words.find((token) =>
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

/** What the server has run is valid; should it still not split, no statement may go by unseen. */
function tokenizeLeniently(statement: string): Token[] {
  try {
    return tokenize(statement)
  } catch (error) {
    throw new Refusal('STREAM_STOPPED', 'A statement in the binary log cannot be read.', {
      next: 'Start a new deployment.',
      cause: error,
    })
  }
}
