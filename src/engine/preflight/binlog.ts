import { Refusal } from '../../errors.ts'
import { readVariables } from '../../mysql/server.ts'
import type { Check } from './check.ts'

/** The change stream needs a binlog that holds the keys of every changed row of every schema. */
export const checkBinlog: Check = async ({ session }) => {
  const variables = await readVariables(session, [
    'log_bin',
    'binlog_format',
    'binlog_row_image',
    'wsrep_on',
  ])
  if (variables.get('log_bin') !== 'ON') {
    return [
      new Refusal('BINLOG_OFF', 'The server writes no binary log (log_bin is OFF).', {
        next: 'Start the server with --log-bin and --binlog-format=ROW.',
      }),
    ]
  }
  const refusals: Refusal[] = []
  const format = variables.get('binlog_format') ?? 'ROW'
  if (format !== 'ROW') {
    refusals.push(
      new Refusal('BINLOG_FORMAT', `The binary log is in ${format} format, not ROW.`, {
        next: 'Run SET GLOBAL binlog_format = ROW, put it into the server’s configuration, and let the application reconnect.',
      }),
    )
  }
  if (variables.get('wsrep_on') === 'ON') {
    refusals.push(
      new Refusal('SERVER_UNSUPPORTED', 'The server is a Galera cluster node (wsrep_on is ON).', {
        next: 'Deploy to a server without Galera: its certification rolls the application back.',
      }),
    )
  }
  return refusals
}
