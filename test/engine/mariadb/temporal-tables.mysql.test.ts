import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const ADD = 'ALTER TABLE t ADD COLUMN w INT'

describe('REFUSE-1: a table with a time of its own', () => {
  test.for([
    ['CREATE TABLE t (id INT PRIMARY KEY) WITH SYSTEM VERSIONING', ADD, 'SYSTEM VERSIONING'],
    [
      'CREATE TABLE t (id INT PRIMARY KEY)',
      'ALTER TABLE t ADD SYSTEM VERSIONING',
      'SYSTEM VERSIONING',
    ],
    [
      `CREATE TABLE t (id INT, a DATE NOT NULL, b DATE NOT NULL, PERIOD FOR p (a, b),
        PRIMARY KEY (id, p WITHOUT OVERLAPS))`,
      ADD,
      'WITHOUT OVERLAPS',
    ],
  ] as const)('is refused: %s, %s', async ([create, change, reason], { mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(create))

    await expect(Deployment.stage(mysql.target, [change])).rejects.toMatchObject({
      code: 'TABLE_UNSUPPORTED',
      message: expect.stringContaining(reason),
    })

    expect(await productTables(session)).toEqual([])
  })

  test('is created and taken back, and its name is not given twice', async ({ mysql }) => {
    const session = await mysql.session()
    const create = 'CREATE TABLE v (id INT PRIMARY KEY) WITH SYSTEM VERSIONING'
    const deployment = await Deployment.stage(mysql.target, [create], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')

    await expect(Deployment.stage(mysql.target, ['DROP TABLE v'])).rejects.toThrow()
    await expect(Deployment.stage(mysql.target, [create])).rejects.toMatchObject({
      code: 'TABLE_EXISTS',
    })
    deployment.run.revert()

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(await session.rows(sql`SHOW TABLES LIKE 'v'`)).toEqual([])
  })
})
