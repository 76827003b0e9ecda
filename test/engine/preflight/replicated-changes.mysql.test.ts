import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'
import { startReplicaPair } from '../../support/replica.ts'

const ADD = 'ALTER TABLE t ADD COLUMN w INT NULL'
const UNLOGGED = { mysql: '--log-replica-updates=OFF', mariadb: '--log-slave-updates=OFF' } as const

describe('checkReplicatedChanges', () => {
  test('refuses a replica that does not log what it replicates, not its primary', async ({
    mysql,
  }) => {
    await using pair = await startReplicaPair(mysql.flavour, { args: [UNLOGGED[mysql.flavour]] })
    await using primary = await connect(parseTarget(pair.primary.url()))
    await primary.run(sql`CREATE DATABASE shop`)
    await primary.run(sql`CREATE TABLE shop.t (id INT PRIMARY KEY)`)
    await pair.caughtUp()
    const target = parseTarget(pair.replica.url('shop'))
    await using replica = await connect(target)
    await replica.run(sql`SET GLOBAL read_only = OFF`)

    await expect(Deployment.stage(target, [ADD])).rejects.toMatchObject({
      code: 'BINLOG_FORMAT',
      message: expect.stringContaining('does not log what it gets'),
    })
    expect(await productTables(replica)).toEqual([])

    const { run } = await Deployment.stage(parseTarget(pair.primary.url('shop')), [ADD])
    run.cancel()
    expect(await run.finished).toBe('cancelled')
  })
})
