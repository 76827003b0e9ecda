import { availableParallelism, release, totalmem, type } from 'node:os'
import { sql } from 'kysely'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'

const SETTINGS = [
  'innodb_buffer_pool_size',
  'innodb_flush_log_at_trx_commit',
  'sync_binlog',
  'binlog_row_image',
  'innodb_autoinc_lock_mode',
] as const

/** Only MySQL has it. Where it is off, as it is by default below 32 processors, single commits can wait for 100 ms. */
const MYSQL_SETTINGS = ['innodb_log_writer_threads'] as const

/** What the figures depend on, in words. */
export async function describeMachine(server: ThrowawayServer): Promise<string> {
  await using session = await connect(parseTarget(server.url()))
  const names = server.flavour === 'mysql' ? [...SETTINGS, ...MYSQL_SETTINGS] : SETTINGS
  const columns = names.map((name) => sql`@@GLOBAL.${sql.raw(name)} AS ${sql.id(name)}`)
  const row = await session.row(
    sql<Record<string, string | number>>`SELECT VERSION() AS version, ${sql.join(columns)}`,
  )
  const settings = names.map((name) => `${name}=${row?.[name]}`).join(' ')
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} cores, ${gib} GiB, ${type()} ${release()}, Node ${process.version}, ${server.flavour} ${row?.version}: ${settings}`
}
