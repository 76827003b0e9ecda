import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { ERRNO, errnoOf, isDenied } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'
import type { Check } from './check.ts'

type Status = { Binlog_Do_DB: string; Binlog_Ignore_DB: string }

/** A filter on the binlog would hide changes from the stream. */
export const checkBinlogFilter: Check = async ({ session }) => {
  const status = await readStatus(session).catch((error: unknown) => {
    if (isDenied(error)) return 'denied' as const
    throw error
  })
  if (status === 'denied') {
    return [
      new Refusal('PRIVILEGE_MISSING', 'The account lacks REPLICATION CLIENT.', {
        next: 'Run GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the account.',
      }),
    ]
  }
  const filters = [status?.Binlog_Do_DB, status?.Binlog_Ignore_DB].filter(Boolean)
  if (filters.length === 0) return []
  return [
    new Refusal('BINLOG_FORMAT', 'The server keeps some schemas out of its binary log.', {
      next: 'Remove binlog_do_db and binlog_ignore_db from the server’s configuration.',
    }),
  ]
}

async function readStatus(session: Session): Promise<Status | null> {
  try {
    return await session.row(sql<Status>`SHOW BINARY LOG STATUS`)
  } catch (error) {
    if (errnoOf(error) !== ERRNO.PARSE_ERROR) throw error
    return await session.row(sql<Status>`SHOW MASTER STATUS`)
  }
}
