import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'
import { unfinished } from '../deployment/leftovers.ts'

describe('REFUSE-1: MariaDB is refused before anything is touched', () => {
  test.for([
    ['--wsrep-on=ON', 'SERVER_UNSUPPORTED', 'Galera'],
    ['--max-write-lock-count=10', 'SERVER_UNSUPPORTED', 'max_write_lock_count'],
    ['--skip-log-bin', 'BINLOG_OFF', 'log_bin is OFF'],
    // What it has when nobody says otherwise.
    ['--binlog-format=MIXED', 'BINLOG_FORMAT', 'MIXED'],
    ['--binlog-ignore-db=other', 'BINLOG_FORMAT', 'keeps some schemas out'],
    ['--read-only=ON', 'SERVER_READ_ONLY', 'read only'],
  ] as const)('started with %s: %s', async ([arg, code, says]) => {
    await using server = await startThrowaway('mariadb', { env: process.env, args: [arg] })
    const target = parseTarget(server.url('shop'))
    await using root = await connect({ ...target, schema: null })
    await root.run(sql`CREATE DATABASE shop`)
    await root.run(sql`CREATE TABLE shop.t (id INT PRIMARY KEY)`)

    await expect(
      Deployment.stage(target, ['ALTER TABLE t ADD COLUMN w INT']),
    ).rejects.toMatchObject({ code, message: expect.stringContaining(says) })

    await using session = await connect(target)
    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, 'shop')).toBe(0)
  })
})
