import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'
import { unfinished } from '../deployment/leftovers.ts'

const ADD = 'ALTER TABLE t ADD COLUMN w INT NULL'

const REFUSED = [
  {
    name: 'a key that is not the primary key',
    table: 'CREATE TABLE t (id INT PRIMARY KEY, u INT NOT NULL UNIQUE, v INT)',
    change: 'ALTER TABLE t DROP PRIMARY KEY, DROP COLUMN id',
    says: 'u is in no primary key',
  },
  {
    name: 'a table without a primary key',
    table: 'CREATE TABLE t (u INT NOT NULL UNIQUE, v INT)',
    change: ADD,
    says: 'u is in no primary key',
  },
  {
    name: 'a key that loses its primary key by the change, and with it the way back',
    table: 'CREATE TABLE t (id INT PRIMARY KEY, v INT)',
    change: 'ALTER TABLE t DROP PRIMARY KEY, ADD UNIQUE (id)',
    says: 'id is in no primary key',
  },
  {
    name: 'a key with a default',
    table: "CREATE TABLE t (id VARCHAR(9) NOT NULL DEFAULT 'none' PRIMARY KEY, v INT)",
    change: ADD,
    says: 'id has a default',
  },
] as const

describe('requireLoggedKeys', () => {
  test('refuses with MINIMAL what would be logged without its key, and leaves nothing', async ({
    mysql,
  }) => {
    await using server = await startThrowaway(mysql.flavour, {
      env: process.env,
      args: ['--binlog-row-image=MINIMAL'],
    })
    const target = await aSchema(server.url)
    await using session = await connect(target)
    for (const { table, change, says } of REFUSED) {
      await session.run(sql.raw(table))

      await expect(Deployment.stage(target, [change])).rejects.toMatchObject({
        code: 'BINLOG_FORMAT',
        message: expect.stringContaining(says),
        next: expect.stringContaining('binlog_row_image = FULL'),
      })

      expect(await productTables(session)).toEqual([])
      expect(await unfinished(session, 'shop')).toBe(0)
      await session.run(sql`DROP TABLE t`)
    }
  })

  test.for(['MINIMAL', 'NOBLOB'])(
    'follows every change by its primary key with %s',
    async (image, { mysql }) => {
      await using server = await startThrowaway(mysql.flavour, {
        env: process.env,
        args: [`--binlog-row-image=${image}`],
      })
      const target = await aSchema(server.url)
      await using session = await connect(target)
      await session.run(sql`CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT, note TEXT)`)
      const insert = async () => {
        await session.run(
          sql`INSERT INTO t (v, note) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')`,
        )
      }
      await insert()
      const deployment = await Deployment.stage(target, [ADD], { revertWindowMs: 600_000 })
      const change = async () => {
        await insert()
        await session.run(sql`UPDATE t SET v = v + 10 WHERE v = 1`)
        await session.run(sql`UPDATE t SET id = id + 1000 WHERE v = 2`)
        await session.run(sql`DELETE FROM t WHERE v = 3`)
      }
      const rows = () => session.rows(sql`SELECT id, v, note FROM t ORDER BY id`)

      await deployment.reached('ready_to_cutover')
      await change()
      const before = await rows()
      deployment.run.cutover()
      await deployment.reached('reverse_in_sync')
      expect(await rows()).toEqual(before)
      await change()
      const after = await rows()
      deployment.run.revert()

      expect(await deployment.run.finished).toBe('reverted')
      expect(await rows()).toEqual(after)
    },
  )
})

async function aSchema(url: (schema?: string) => string) {
  await using root = await connect(parseTarget(url()))
  await root.run(sql`CREATE DATABASE shop`)
  return parseTarget(url('shop'))
}
