import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { parseTarget } from '../../../src/mysql/connect.ts'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

describe('a row that changes in the revert window', () => {
  test('comes back with the values it still has as the old table wrote them', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(
      sql`CREATE TABLE parts (id INT PRIMARY KEY, serial VARCHAR(10), worth FLOAT, mark VARBINARY(8), n INT)`,
    )
    await session.run(sql`INSERT INTO parts VALUES
      (1, '0012', 0.123456789, 'ab', 0), (2, '0034', 1.1, 'cd', 0), (3, NULL, NULL, NULL, 0)`)
    const before = await rowsOf()
    const deployment = await Deployment.stage(
      parseTarget(mysql.url),
      ['ALTER TABLE parts MODIFY serial INT, MODIFY worth DECIMAL(65, 30), MODIFY mark BINARY(8)'],
      { cutover: 'auto', revertWindowMs: 600_000 },
    )
    await deployment.reached('reverse_in_sync')

    await session.run(sql`UPDATE parts SET n = 1`)
    await session.run(sql`UPDATE parts SET serial = 35, worth = 2.5, mark = 'ef' WHERE id = 2`)
    deployment.run.revert()
    await deployment.reached('reverted')

    const changed = {
      id: 2,
      serial: '35',
      worth: 2.5,
      mark: 'ef'.padEnd(8, String.fromCharCode(0)),
    }
    expect(await rowsOf()).toEqual([
      { ...before[0], n: 1 },
      { ...changed, n: 1 },
      { ...before[2], n: 1 },
    ])

    async function rowsOf() {
      return await session.rows<Record<string, unknown>>(sql`
        SELECT id, serial, CAST(worth AS DOUBLE) AS worth, CONVERT(mark USING ascii) AS mark, n FROM parts ORDER BY id`)
    }
  })
})
