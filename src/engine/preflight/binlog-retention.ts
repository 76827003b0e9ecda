import { Refusal } from '../../errors.ts'
import { readVariables } from '../../mysql/server.ts'
import type { Check } from './check.ts'

const SECONDS_PER_DAY = 86_400

/**
 * The binlog outlives the revert window. While the process runs it reads the binlog as it is written; but it may be
 * away for some of the window, and what is purged meanwhile cannot be made up for. How long the gate will wait nobody
 * knows beforehand.
 */
export const checkBinlogRetention: Check = async ({ session, request }) => {
  const { revertWindowMs } = request
  if (revertWindowMs === null) return []
  const variables = await readVariables(session, [
    'binlog_expire_logs_auto_purge',
    'binlog_expire_logs_seconds',
    'expire_logs_days',
  ])
  const seconds = retentionOf(variables)
  if (seconds === null || seconds * 1_000 >= revertWindowMs) return []
  return [
    new Refusal(
      'BINLOG_RETENTION',
      `The server keeps its binary log for ${seconds} seconds, and the revert window lasts ${Math.ceil(revertWindowMs / 1_000)}.`,
      {
        next: `Run SET GLOBAL binlog_expire_logs_seconds = ${Math.ceil((2 * revertWindowMs) / 1_000)} and put it into the server’s configuration, or shorten the window.`,
      },
    ),
  ]
}

/** For how many seconds the binlog is kept; null when it is never purged by age. */
function retentionOf(variables: ReadonlyMap<string, string>): number | null {
  if (variables.get('binlog_expire_logs_auto_purge') === 'OFF') return null
  const seconds = Number(variables.get('binlog_expire_logs_seconds') ?? 0)
  // The older variable counts where the newer is 0 or unknown; MariaDB keeps both equal.
  const days = Number(variables.get('expire_logs_days') ?? 0)
  return Math.round(seconds || days * SECONDS_PER_DAY) || null
}
