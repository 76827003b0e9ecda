import { type RawBuilder, sql } from 'kysely'
import type { Flavour } from '../../mysql/server.ts'
import type { Session } from '../../mysql/session.ts'
import {
  depthChange,
  isKeyword,
  isSymbol,
  type Token,
  tokenize,
  withoutComments,
} from '../../schema/tokens.ts'
import { type Signal, Unreadable } from './signal.ts'

/** The server ends the query itself after this time. */
const WITHIN: Readonly<Record<Flavour, RawBuilder<unknown>>> = {
  mysql: sql`SET SESSION max_execution_time = 2000`,
  mariadb: sql`SET SESSION max_statement_time = 2`,
}

/**
 * A SELECT of the user's own; a value above 0 pauses. It runs as a subquery, so that the server itself sees to it that it
 * gives one column and at most one row, in a session that is read only and bounds its time.
 */
export function ownQuery(
  open: () => Promise<Session>,
  { query, flavour }: { readonly query: string; readonly flavour: Flavour },
): Signal {
  const read = async (session: Session) => {
    requireSelect(query)
    // The line break ends a comment that the query may end with.
    const row = await session.row(
      sql<{ value: string | number | null }>`SELECT (${sql.raw(`${query}\n`)}) AS value`,
    )
    const value = row?.value ?? null
    if (value === null) throw new Unreadable('it gives no row or NULL')
    if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(String(value))) {
      throw new Unreadable('it gives something other than a number')
    }
    return Number(value)
  }
  return {
    name: 'throttle query',
    limit: 0,
    unit: 'count',
    everyMs: 1_000,
    open: async () => {
      const session = await open()
      await session.run(WITHIN[flavour])
      await session.run(sql`SET SESSION TRANSACTION READ ONLY`)
      return session
    },
    read,
    probe: read,
    next: 'Give one SELECT of one number: above 0 the copy pauses.',
  }
}

/** Neither is stopped by a read-only transaction: one writes a file, the other takes locks. */
const FORBIDDEN = ['INTO', 'FOR', 'LOCK'] as const

/** @throws {Unreadable} unless `query` is one SELECT, complete in itself. */
function requireSelect(query: string): void {
  const tokens = tokensOf(query)
  if (!isKeyword(tokens[0], 'SELECT', 'WITH')) throw new Unreadable('it is not a SELECT')
  let depth = 0
  for (const token of tokens) {
    depth += depthChange(token)
    if (depth < 0 || isSymbol(token, ';') || token.kind === 'executable_comment') {
      throw new Unreadable('it is more than one SELECT')
    }
    const clause = depth === 0 ? clauseOf(token) : null
    if (clause) throw new Unreadable(`it has the clause ${clause}`)
  }
}

function tokensOf(query: string): readonly Token[] {
  try {
    return withoutComments(tokenize(query))
  } catch (cause) {
    throw new Unreadable('a text, name or comment in it never ends', { cause })
  }
}

function clauseOf(token: Token): string | null {
  return FORBIDDEN.find((word) => isKeyword(token, word)) ?? null
}
