import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { ERRNO, errnoOf, isDenied } from '../../mysql/errno.ts'
import { ENGINE_SCHEMA } from '../../mysql/identifier.ts'
import type { Check } from './check.ts'

/** Global privileges that the change stream needs, in the words of either server family. */
const STREAM = ['REPLICATION SLAVE', 'BINLOG MONITOR', 'ALL PRIVILEGES']

/** Asks for what only grants can tell; the rest is tried by the statements themselves before any row moves. */
export const checkPrivileges: Check = async ({ session, schema, request }) => {
  const rows = await session.rows(sql<Record<string, string>>`SHOW GRANTS`)
  const grants = rows.flatMap((row) => Object.values(row))
  const global = grants.filter((grant) => / ON \*\.\* /.test(grant)).join('\n')
  const refusals: Refusal[] = []
  // A role's privileges do not show here; then the stream itself says what is missing.
  const roles = grants.some((grant) => !/ ON /.test(grant))
  const copies = request.method === 'shadow' && !roles
  if (copies && !STREAM.some((privilege) => global.includes(privilege))) {
    refusals.push(missing('REPLICATION SLAVE', 'REPLICATION SLAVE, REPLICATION CLIENT ON *.*'))
  }
  if (copies && !grants.some((grant) => showsTriggers(grant, schema))) {
    refusals.push(missing('TRIGGER, so that triggers could be seen', `TRIGGER ON \`${schema}\`.*`))
  }
  try {
    await session.run(sql`CREATE DATABASE IF NOT EXISTS ${sql.id(ENGINE_SCHEMA)}`)
  } catch (error) {
    // Of a server that takes no writes at all another check speaks.
    if (errnoOf(error) === ERRNO.OPTION_PREVENTS_STATEMENT) return refusals
    if (!isDenied(error)) throw error
    refusals.push(missing(`CREATE on the schema ${ENGINE_SCHEMA}`, `ALL ON \`${ENGINE_SCHEMA}\`.*`))
  }
  return refusals
}

/**
 * Whether a line of SHOW GRANTS lets the account see the triggers of every table in the schema. Without it the server
 * hides them, and a table that has one would be swapped without it.
 */
function showsTriggers(grant: string, schema: string): boolean {
  const found = /^GRANT (.+?) ON (\*|`(?:[^`]|``)+`)\.\* TO /.exec(grant)
  const [, privileges = '', place = ''] = found ?? []
  const named = privileges.split(', ')
  if (!named.includes('TRIGGER') && !named.includes('ALL PRIVILEGES')) return false
  return place === '*' || patternOf(place.slice(1, -1)).test(schema)
}

/** The schema of a grant is a pattern as of LIKE: `_` is any character, `%` any number of them. */
function patternOf(like: string): RegExp {
  const source = like.replaceAll('``', '`').replace(/\\([_%])|([_%])|([^\w\s])/g, (...match) => {
    const [, plain, wild, other] = match
    if (wild === '_') return '.'
    return wild === '%' ? '.*' : (plain ?? `\\${other}`)
  })
  return new RegExp(`^${source}$`, 'i')
}

function missing(privilege: string, grant: string): Refusal {
  return new Refusal('PRIVILEGE_MISSING', `The account lacks ${privilege}.`, {
    next: `Run GRANT ${grant} TO the account.`,
  })
}
