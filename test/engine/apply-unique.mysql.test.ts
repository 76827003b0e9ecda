import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { applyKeys } from '../../src/engine/apply/apply.ts'
import { test } from '../support/mysql.ts'
import { aPair, rowsOf } from './a-pair.ts'

describe('applyKeys with unique keys', () => {
  test('replaces where the target can hold no other row in the way', async ({ mysql }) => {
    const columns = 'id INT PRIMARY KEY, u INT NOT NULL UNIQUE'
    const same = await aPair(mysql, { columns })

    expect(same.pair.write).toBe('replace')
  })

  test.for([
    ['introduced', 'id INT PRIMARY KEY, u INT NOT NULL', 'ADD UNIQUE (u)', false],
    [
      'kept in the old table',
      'id INT PRIMARY KEY, u INT NOT NULL',
      'ADD UNIQUE (u), ADD kept INT NOT NULL DEFAULT 7, ADD also VARCHAR(9)',
      true,
    ],
  ] as const)(
    'finds the place of values that were swapped between two rows (%s)',
    async ([, columns, change, towardsOld], { mysql }) => {
      const { session, apply } = await aPair(mysql, { columns, change, towardsOld })
      await session.run(sql`INSERT INTO t VALUES (1, 10), (2, 20), (3, 30), (4, 40)`)
      await session.run(sql`INSERT INTO t_new (id, u) SELECT id, u FROM t`)
      if (towardsOld) await session.run(sql`UPDATE t_new SET kept = id * 100, also = 'x'`)
      await session.run(sql`UPDATE t SET u = CASE id WHEN 1 THEN 20 WHEN 2 THEN 10 ELSE 5 END
        WHERE id IN (1, 2, 3)`)
      await session.run(sql`DELETE FROM t WHERE id = 4`)
      await session.run(sql`INSERT INTO t VALUES (5, 40)`)

      await apply([1n], [2n], [3n], [4n], [5n])

      const own = (id: number) => (towardsOld ? ` ${id * 100} x` : '')
      const fresh = towardsOld ? ' 7 null' : ''
      expect(await rowsOf(session, 't_new')).toEqual([
        `1 20${own(1)}`,
        `2 10${own(2)}`,
        `3 5${own(3)}`,
        `5 40${fresh}`,
      ])
    },
  )

  test('finds that place under LOCK TABLES too', async ({ mysql }) => {
    const { session, pair } = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, u INT NOT NULL',
      change: 'ADD UNIQUE (u), ADD kept INT NOT NULL DEFAULT 7',
      towardsOld: true,
    })
    await session.run(sql`INSERT INTO t VALUES (1, 20), (2, 10)`)
    await session.run(sql`INSERT INTO t_new VALUES (1, 10, 1), (2, 20, 2)`)
    await session.run(sql`LOCK TABLES t WRITE, t_new WRITE`)
    await session.run(sql`SET autocommit = 0`)

    await applyKeys(session, pair, sql``, [[1n], [2n]])

    await session.run(sql`COMMIT`)
    await session.run(sql`UNLOCK TABLES`)
    expect(await rowsOf(session, 't_new')).toEqual(['1 20 1', '2 10 2'])
  })

  test('refuses a value that the old table would cut without a word', async ({ mysql }) => {
    const { session, apply } = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, price DECIMAL(10,4) NOT NULL',
      change: 'MODIFY price DECIMAL(10,2) NOT NULL',
      rows: ['(1, 1.5), (2, 1.2345)'],
      towardsOld: true,
    })

    await apply([1n])
    await expect(apply([2n])).rejects.toMatchObject({
      code: 'VALUE_DOES_NOT_FIT',
      message: expect.stringContaining('price'),
    })

    expect(await rowsOf(session, 't_new')).toEqual(['1 1.50'])
  })
})
