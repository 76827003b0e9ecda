import { sql } from 'kysely'
import type { Session } from '../../mysql/session.ts'
import { type Signal, Unreadable } from './signal.ts'

/** How many of the server's threads work on a statement now, those of the copy included. */
export function threadsRunning(open: () => Promise<Session>, limit: number): Signal {
  const read = async (session: Session) => {
    const row = await session.row(sql<{ Value: string }>`SHOW GLOBAL STATUS LIKE 'Threads_running'`)
    if (!row) throw new Unreadable('the server does not say')
    return Number(row.Value)
  }
  return {
    name: 'threads running',
    limit,
    unit: 'count',
    everyMs: 250,
    open,
    read,
    probe: read,
    next: 'Deploy without a limit of threads running.',
  }
}
