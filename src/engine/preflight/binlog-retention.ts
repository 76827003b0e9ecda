import { Refusal } from '../../errors.ts'
import { readVariables } from '../../mysql/server.ts'
import type { Check } from './check.ts'

const SECONDS_PER_DAY = 86_400

/** In which a process that was stopped comes back, whenever that was: the binlog is not to be gone by then. */
const COMES_BACK_SECONDS = 3_600

/**
 * The binlog outlives the revert window and an hour. While the process runs it reads the binlog as it is written; but it
 * may be away for some time, and what is purged meanwhile cannot be made up for. How long the gate will wait nobody knows
 * beforehand.
 */
export const checkBinlogRetention: Check = async ({ session, request }) => {
  const windowSeconds = Math.ceil((request.revertWindowMs ?? 0) / 1_000)
  const needed = windowSeconds + COMES_BACK_SECONDS
  const variables = await readVariables(session, [
    'binlog_expire_logs_auto_purge',
    'binlog_expire_logs_seconds',
    'expire_logs_days',
  ])
  const seconds = retentionOf(variables)
  if (seconds === null || seconds >= needed) return []
  const window = windowSeconds === 0 ? '' : `, the ${windowSeconds} of the revert window among them`
  const shorter = windowSeconds === 0 ? '' : ', or shorten the window'
  return [
    new Refusal(
      'BINLOG_RETENTION',
      `The server keeps its binary log for ${seconds} seconds, and needs to for ${needed}${window}.`,
      {
        next: `Run SET GLOBAL binlog_expire_logs_seconds = ${2 * needed} and put it into the server’s configuration${shorter}.`,
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
