import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { ERRNO, errnoOf, isDenied } from '../../mysql/errno.ts'
import { ENGINE_SCHEMA } from '../../mysql/identifier.ts'
import type { Check } from './check.ts'

/** Global privileges that the change stream needs, in the words of either server family. */
const STREAM = ['REPLICATION SLAVE', 'BINLOG MONITOR', 'ALL PRIVILEGES']

/** Asks for what only grants can tell; the rest is tried by the statements themselves before any row moves. */
export const checkPrivileges: Check = async ({ session }) => {
  const rows = await session.rows(sql<Record<string, string>>`SHOW GRANTS`)
  const grants = rows.flatMap((row) => Object.values(row))
  const global = grants.filter((grant) => / ON \*\.\* /.test(grant)).join('\n')
  const refusals: Refusal[] = []
  // A role's privileges do not show here; then the stream itself says what is missing.
  const roles = grants.some((grant) => !/ ON /.test(grant))
  if (!roles && !STREAM.some((privilege) => global.includes(privilege))) {
    refusals.push(missing('REPLICATION SLAVE', 'REPLICATION SLAVE, REPLICATION CLIENT ON *.*'))
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

function missing(privilege: string, grant: string): Refusal {
  return new Refusal('PRIVILEGE_MISSING', `The account lacks ${privilege}.`, {
    next: `Run GRANT ${grant} TO the account.`,
  })
}
