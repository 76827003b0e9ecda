import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { ERRNO, errnoOf, isDenied } from '../../mysql/errno.ts'
import { readVariables } from '../../mysql/server.ts'
import type { Session } from '../../mysql/session.ts'
import type { Check } from './check.ts'

/** A server that is a replica as well logs what it gets from its source: else these changes are in no binlog we read. */
export const checkReplicatedChanges: Check = async ({ session }) => {
  // MySQL 8.0.26 renamed it; MariaDB keeps the older name.
  const variables = await readVariables(session, ['log_replica_updates', 'log_slave_updates'])
  if (![...variables.values()].includes('OFF') || !(await isReplica(session))) return []
  return [
    new Refusal(
      'BINLOG_FORMAT',
      'The server replicates from another one and does not log what it gets from there.',
      {
        next: 'Start the server with --log-replica-updates=ON (MariaDB: --log-slave-updates=ON), or deploy to its source.',
      },
    ),
  ]
}

async function isReplica(session: Session): Promise<boolean> {
  // MariaDB tells everybody by a status, even where the account may not see more.
  const running = await session.row(
    sql<{ Value: string }>`SHOW GLOBAL STATUS LIKE 'Slaves_running'`,
  )
  if (Number(running?.Value ?? 0) > 0) return true
  try {
    return (await readReplicaStatus(session)).length > 0
  } catch (error) {
    // Another check speaks of the missing privilege.
    if (isDenied(error)) return false
    throw error
  }
}

async function readReplicaStatus(session: Session): Promise<readonly unknown[]> {
  try {
    return await session.rows(sql`SHOW REPLICA STATUS`)
  } catch (error) {
    if (errnoOf(error) !== ERRNO.PARSE_ERROR) throw error
    return await session.rows(sql`SHOW SLAVE STATUS`)
  }
}
