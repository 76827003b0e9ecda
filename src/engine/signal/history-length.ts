import { sql } from 'kysely'
import type { Session } from '../../mysql/session.ts'
import { type Signal, Unreadable } from './signal.ts'

/**
 * InnoDB's history list: undo records that a long transaction keeps from being purged. MariaDB tells it to everybody
 * as a status, MySQL only as a metric, to accounts with PROCESS.
 */
export function historyLength(open: () => Promise<Session>, limit: number): Signal {
  const read = async (session: Session) => {
    const status = await session.row(
      sql<{ Value: string }>`SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'`,
    )
    if (status) return Number(status.Value)
    // `COUNT` of a metric that is switched off stays what it was, so its state is asked too.
    const metric = await session.row(sql<{ value: string }>`
      SELECT \`COUNT\` AS value FROM information_schema.INNODB_METRICS
      WHERE NAME = 'trx_rseg_history_len' AND STATUS = 'enabled'`)
    if (!metric) throw new Unreadable('the metric trx_rseg_history_len is disabled')
    return Number(metric.value)
  }
  return {
    name: 'history list length',
    limit,
    unit: 'count',
    everyMs: 500,
    open,
    read,
    probe: read,
    next: "Run GRANT PROCESS ON *.* TO the account and, where the metric is disabled, SET GLOBAL innodb_monitor_enable = 'trx_rseg_history_len'.",
  }
}
