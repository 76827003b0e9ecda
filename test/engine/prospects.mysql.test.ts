import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { readProspects } from '../../src/engine/prospects.ts'
import { engineRequest } from '../../src/engine/request.ts'
import { Deployment } from '../support/deployment.ts'
import { FLAVOUR, test } from '../support/mysql.ts'

const STATEMENT = 'ALTER TABLE t ADD COLUMN w INT'
const REQUEST = engineRequest({
  id: 'prospects',
  operations: [{ kind: 'alter', table: 't', statement: STATEMENT }],
})

describe('what a deployment tells when it starts', () => {
  test('is what its copies and their log take, and none of it where nothing is copied', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT, KEY (v))`)
    const deployment = await Deployment.stage(mysql.target, [STATEMENT], { cutover: 'auto' })
    await deployment.run.finished

    expect(deployment.events).toContainEqual(
      expect.objectContaining({
        event: 'started',
        // One page of rows and one of the key.
        disk: { copies: 32_768, log: 16_384 },
        transactions: [],
      }),
    )
    expect(
      await readProspects(session, mysql.schema, { ...REQUEST, method: 'instant' }),
    ).toMatchObject({ disk: { copies: 0, log: 0 } })
  })

  test('is which transactions are open for long, and what they did last', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const application = await mysql.session()

    await application.transaction(async () => {
      await application.run(sql`DELETE FROM t WHERE id = 7`)
      const found = async (longSeconds?: number) =>
        (await readProspects(session, mysql.schema, REQUEST, longSeconds)).transactions
      const told = {
        connectionId: application.threadId,
        seconds: expect.any(Number),
        // MariaDB's performance schema is off by default, and nothing else tells who uses a table.
        ...(FLAVOUR === 'mysql'
          ? { table: 't', statement: 'DELETE FROM `t` WHERE `id` = ?' }
          : { table: null, statement: null }),
      }

      // InnoDB looks anew at its transactions only when nobody has asked for a tenth of a second.
      await expect.poll(() => found(0), { interval: 500 }).toContainEqual(told)
      expect(await found()).not.toContainEqual(told)
    })
  })
})
