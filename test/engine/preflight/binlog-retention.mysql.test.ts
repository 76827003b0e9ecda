import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'
import { unfinished } from '../deployment/leftovers.ts'

const ADD = 'ALTER TABLE t ADD COLUMN w INT NULL'
const HOUR_MS = 3_600_000

describe('checkBinlogRetention', () => {
  test('refuses a revert window that is longer than the binlog is kept, with an hour to come back', async ({
    mysql,
  }) => {
    await using server = await startThrowaway(mysql.flavour, {
      env: process.env,
      args: ['--binlog-expire-logs-seconds=7200'],
    })
    await using root = await connect(parseTarget(server.url()))
    await root.run(sql`CREATE DATABASE shop`)
    await root.run(sql`CREATE TABLE shop.t (id INT PRIMARY KEY)`)
    const target = parseTarget(server.url('shop'))
    await using session = await connect(target)
    const stage = (revertWindowMs: number | null) =>
      Deployment.stage(target, [ADD], { revertWindowMs })
    const discarded = async ({ run }: Deployment) => {
      run.cancel()
      return await run.finished
    }

    await expect(stage(HOUR_MS + 1)).rejects.toMatchObject({
      code: 'BINLOG_RETENTION',
      message:
        'The server keeps its binary log for 7200 seconds, and needs to for 7201, the 3601 of the revert window among them.',
      next: expect.stringContaining('SET GLOBAL binlog_expire_logs_seconds = 14402'),
    })
    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, 'shop')).toBe(0)

    expect(await discarded(await stage(HOUR_MS))).toBe('cancelled')
    expect(await discarded(await stage(null))).toBe('cancelled')

    await root.run(sql`SET GLOBAL binlog_expire_logs_seconds = 3599`)
    await expect(stage(null)).rejects.toMatchObject({ code: 'BINLOG_RETENTION' })

    await root.run(sql`SET GLOBAL binlog_expire_logs_seconds = 0`)
    expect(await discarded(await stage(1_000 * HOUR_MS))).toBe('cancelled')
  })
})
