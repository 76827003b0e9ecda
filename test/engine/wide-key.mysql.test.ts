import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Key } from '../../src/binlog/key.ts'
import { systemClock } from '../../src/clock.ts'
import { dataRefusal } from '../../src/engine/apply/data-error.ts'
import { causeOfDuplicate } from '../../src/engine/apply/duplicate.ts'
import { KeySet } from '../../src/engine/apply/key-set.ts'
import { nextBoundary } from '../../src/engine/copy/chunk.ts'
import { copyChunk } from '../../src/engine/copy/copy-chunk.ts'
import { keyIn, keySpelledIn, tableByKey, tableOf } from '../../src/engine/table/key-sql.ts'
import { verifyPair } from '../../src/engine/verify/verify.ts'
import { errnoOf } from '../../src/mysql/errno.ts'
import { type MysqlTest, test } from '../support/mysql.ts'
import { aPair, numbered, type PairTest, rowsOf } from './a-pair.ts'

const NO_RECORD = () => Promise.resolve()
const bytes = (text: string) => Buffer.from(text)

describe('pairTables, with other unique keys after the change', () => {
  test.for([
    ['an extended key', 'DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)', ['id', 'n'], 1],
    ['another key', 'DROP PRIMARY KEY, ADD PRIMARY KEY (code)', ['id', 'code'], 1],
    [
      'a key in another order',
      'DROP PRIMARY KEY, DROP KEY code_n, ADD PRIMARY KEY (n, code)',
      ['code', 'n'],
      2,
    ],
    [
      'no smaller key than need be',
      'DROP PRIMARY KEY, DROP KEY code_n, ADD PRIMARY KEY (n), ADD UNIQUE (n, id, code)',
      ['id', 'n'],
      1,
    ],
    ['the same key under another name', 'DROP PRIMARY KEY, ADD UNIQUE (id)', ['id'], 1],
    ['a key that stays, though it is not the first', 'DROP PRIMARY KEY', ['code', 'n'], 2],
  ] as const)('takes both for %s', async ([, change, columns, iterated], { mysql }) => {
    const { pair } = await anOrders(mysql, change)

    expect(pair.key.map(({ from }) => from.name)).toEqual(columns)
    expect(pair.iterated).toBe(iterated)
  })

  test('says of each key why it does not serve', async ({ mysql }) => {
    const columns = `id INT PRIMARY KEY, code VARCHAR(9) NOT NULL, u INT NULL, f FLOAT NOT NULL,
      g INT AS (f + 1) VIRTUAL, UNIQUE by_code (code(3)), UNIQUE by_u (u), UNIQUE by_f (f), UNIQUE by_g (g)`

    await expect(
      aPair(mysql, { columns, change: 'MODIFY id VARCHAR(20) NOT NULL' }),
    ).rejects.toMatchObject({
      code: 'NO_UNIQUE_KEY',
      message:
        'The table t has no unique key by which its rows can be followed: ' +
        'before and after the change PRIMARY has id, whose values the change of type turns into others, ' +
        'by_code indexes only the first characters of a column, by_f has f of type FLOAT, ' +
        'by_g has the generated column g, by_u allows NULL in u.',
    })
  })
})

describe('applyKeys by the keys of both tables', () => {
  test.for([
    ['extended', 'DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)', [0n]],
    ['replaced', 'DROP PRIMARY KEY, ADD PRIMARY KEY (n)', [0n]],
    [
      'with another collation',
      'DROP PRIMARY KEY, ADD PRIMARY KEY (n), MODIFY code VARCHAR(9) COLLATE utf8mb4_bin NOT NULL',
      [0n],
    ],
  ] as const)(
    'follows a row through each change of either key (%s)',
    async ([, change], { mysql }) => {
      const { session, apply } = await anOrders(mysql, change)
      await session.run(sql`INSERT INTO t_new SELECT * FROM t`)
      await session.run(sql`UPDATE t SET n = -10 WHERE id = 1`)
      await session.run(sql`UPDATE t SET id = 20 WHERE id = 2`)
      await session.run(sql`UPDATE t SET id = 30, n = -30 WHERE id = 3`)
      await session.run(sql`DELETE FROM t WHERE id = 4`)
      await session.run(sql`UPDATE t SET note = 'changed' WHERE id = 5`)
      await session.run(sql`INSERT INTO t VALUES (40, 'code4', 4, 'again')`)

      const keys: Key[] = [
        [1n, 1n],
        [1n, -10n],
        [2n, 2n],
        [20n, 2n],
        [3n, 3n],
        [30n, -30n],
        [4n, 4n],
        [5n, 5n],
        [40n, 4n],
      ]
      await apply(...keys)
      await apply(...keys.toReversed())

      expect((await rowsOf(session, 't_new')).toSorted()).toEqual(
        (await rowsOf(session, 't')).toSorted(),
      )
    },
  )

  test('follows a column of the key that goes on changing while it is applied', async ({
    mysql,
  }) => {
    const { session, apply } = await anOrders(mysql, 'DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)')
    await session.run(sql`INSERT INTO t_new SELECT * FROM t`)
    await session.run(sql`UPDATE t SET n = 100 WHERE id = 1`)
    await session.run(sql`UPDATE t SET n = 200 WHERE id = 1`)

    // Of the two changes only the first is delivered yet: its row is gone, and comes back with the second.
    await apply([1n, 1n], [1n, 100n])
    await apply([1n, 100n], [1n, 200n])

    expect(await rowsOf(session, 't_new')).toEqual(await rowsOf(session, 't'))
  })

  test('does not lose a row that has NULL where the new key allows none', async ({ mysql }) => {
    const { session, pair, apply } = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, code VARCHAR(9) NULL',
      change: 'DROP PRIMARY KEY, MODIFY code VARCHAR(9) NOT NULL, ADD PRIMARY KEY (code)',
      rows: ["(1, 'a'), (2, NULL)"],
    })

    await apply([1n, bytes('a')], [1n, null], [9n, null])
    const error: unknown = await apply([2n, null], [2n, bytes('b')]).catch((reason) => reason)

    expect(await rowsOf(session, 't_new')).toEqual(['1 a'])
    expect(dataRefusal(error, pair)).toMatchObject({
      code: 'VALUE_DOES_NOT_FIT',
      message: expect.stringContaining('column code of t'),
    })
  })

  test('tells a value on its way from two rows that the new key cannot hold', async ({ mysql }) => {
    const { session, pair, apply } = await aPair(mysql, {
      columns: 'a INT, b INT, PRIMARY KEY (a, b)',
      change: 'DROP PRIMARY KEY, ADD PRIMARY KEY (a)',
      rows: ['(1, 2)'],
    })
    await session.run(sql`INSERT INTO t_new VALUES (1, 1)`)
    const where = keyIn(pair, 'source', [[1n, 2n]])

    const early: unknown = await apply([1n, 2n]).catch((reason) => reason)
    expect([errnoOf(early), await causeOfDuplicate(session, pair, where)]).toEqual([1062, 'lag'])
    await apply([1n, 1n], [1n, 2n])
    expect(await rowsOf(session, 't_new')).toEqual(['1 2'])

    await session.run(sql`INSERT INTO t VALUES (1, 3)`)
    const real: unknown = await apply([1n, 3n]).catch((reason) => reason)
    const both = keyIn(pair, 'source', [[1n, 3n]])
    expect([errnoOf(real), await causeOfDuplicate(session, pair, both)]).toEqual([1062, 'rows'])
  })
})

describe('applyKeys towards an old table with another key', () => {
  test('keeps the old table’s own columns when the new key changes', async ({ mysql }) => {
    const { session, apply } = await anOld(mysql)
    await session.run(sql`INSERT INTO t VALUES ('a2', 1, 'x'), ('b', 2, 'y'), ('d', 4, 'z')`)
    await session.run(sql`INSERT INTO t_new VALUES
      ('a1', 1, 'x', 10), ('b', 2, 'x', 20), ('c', 3, 'x', 30)`)

    await apply(
      [bytes('a1'), 1n],
      [bytes('a2'), 1n],
      [bytes('b'), 2n],
      [bytes('c'), 3n],
      [bytes('d'), 4n],
    )

    expect(await rowsOf(session, 't_new')).toEqual(['a2 1 x 10', 'b 2 y 20', 'd 4 z 7'])
  })

  test('never writes two rows into one', async ({ mysql }) => {
    const { session, apply } = await anOld(mysql)
    await session.run(sql`INSERT INTO t VALUES ('a', 1, 'x'), ('b', 1, 'y')`)
    await session.run(sql`INSERT INTO t_new VALUES ('a', 1, 'x', 10)`)

    const error: unknown = await apply([bytes('b'), 1n]).catch((reason) => reason)

    expect(errnoOf(error)).toBe(1062)
    expect(await rowsOf(session, 't_new')).toEqual(['a 1 x 10'])
  })
})

describe('keyIn', () => {
  test('is found by the index of either table', async ({ mysql }) => {
    const { session, pair } = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, code VARCHAR(9) NULL, at DATETIME(3) NOT NULL',
      change:
        'MODIFY code VARCHAR(9) NOT NULL, MODIFY id INT NULL, DROP PRIMARY KEY, ADD PRIMARY KEY (at, code)',
      rows: numbered(2000, (n) => `${n}, 'c${n}', '2024-01-01 00:00:00.00${n % 10}'`),
    })
    await session.run(sql`INSERT INTO t_new SELECT * FROM t`)
    await session.rows(sql`ANALYZE TABLE t, t_new`)
    const keys: Key[] = [7, 500, 1999].map((n) => [
      BigInt(n),
      `2024-01-01 00:00:00.00${n % 10}`,
      bytes(`c${n}`),
    ])
    const explain = async (statement: ReturnType<typeof sql>) => {
      const form = mysql.flavour === 'mysql' ? sql`EXPLAIN FORMAT=TRADITIONAL` : sql`EXPLAIN`
      const row = await session.row(sql<{ type: string; rows: number }>`${form} ${statement}`)
      return `${row?.type} ${row?.rows}`
    }

    const ofNull: Key = [8n, '2024-01-01 00:00:00.008', null]
    expect(pair.key.map(({ from }) => from.name)).toEqual(['id', 'at', 'code'])
    expect(
      await explain(sql`SELECT id FROM ${tableByKey(pair, 'source')}
      WHERE ${keyIn(pair, 'source', keys)}`),
    ).toBe('range 3')
    expect(
      await explain(sql`SELECT id FROM ${tableByKey(pair, 'source')}
      WHERE ${keyIn(pair, 'source', [...keys, ofNull])}`),
    ).toBe('range 4')
    expect(
      await explain(sql`DELETE FROM ${tableOf(pair.target)}
      WHERE ${keySpelledIn(pair, [...keys, ofNull])}`),
    ).toBe('range 3')
  })
})

describe('keySpelledIn', () => {
  test('finds each row under another charset, also by several keys of several columns', async ({
    mysql,
  }) => {
    const { session, pair } = await aPair(mysql, {
      columns:
        'n INT NOT NULL, word VARCHAR(20) CHARACTER SET latin1 NOT NULL, PRIMARY KEY (n, word)',
      change: 'MODIFY word VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL',
      rows: ["(1, 'Grün'), (1, 'GRÜN!'), (2, 'a'), (3, 'ö')"],
    })
    await session.run(sql`INSERT INTO t_new SELECT * FROM t`)
    const latin1 = (text: string) => Buffer.from(text, 'latin1')
    const keys: Key[] = [
      [1n, latin1('Grün')],
      [2n, latin1('a')],
      [3n, latin1('ö')],
    ]

    const deleted = await session.run(
      sql`DELETE FROM ${tableOf(pair.target)} WHERE ${keySpelledIn(pair, keys)}`,
    )

    expect(deleted).toBe(3)
    expect(await rowsOf(session, 't_new')).toEqual(['1 GRÜN!'])
  })
})

describe('copy and verify by the keys of both tables', () => {
  test('goes through the source by its own index alone', async ({ mysql }) => {
    const { session, pair } = await anOrders(mysql, 'DROP PRIMARY KEY, ADD PRIMARY KEY (n)')

    const upTo = await nextBoundary(session, pair, { after: [2n], upTo: null }, 3)

    expect(upTo).toEqual([5n])
  })

  test('clears what an earlier try has left of the chunk’s rows', async ({ mysql }) => {
    const orders = await anOrders(mysql, 'DROP PRIMARY KEY, ADD PRIMARY KEY (n)')
    const { session, pair, lock } = orders
    await session.run(sql`INSERT INTO t_new SELECT * FROM t WHERE id <= 4`)

    for (const range of [
      { after: null, upTo: [3n] },
      { after: [3n], upTo: null },
    ]) {
      await copyChunk(session, pair, lock, {
        range,
        clearFirst: true,
        first: 'nothing',
        record: NO_RECORD,
      })
    }

    expect((await rowsOf(session, 't_new')).toSorted()).toEqual(
      (await rowsOf(session, 't')).toSorted(),
    )
  })

  test.for([
    ['that is missing', 'DELETE FROM t_new WHERE id = 3', /1 rows/],
    ['that a lost change left behind', "INSERT INTO t_new VALUES (3, 'old', 77, '')", /1 rows/],
    ['with another value', "UPDATE t_new SET note = 'other' WHERE id = 3", /in note/],
  ] as const)('finds a row %s', async ([, damage, said], { mysql }) => {
    const orders = await anOrders(mysql, 'DROP PRIMARY KEY, ADD PRIMARY KEY (id, n)')
    await orders.session.run(sql`INSERT INTO t_new SELECT * FROM t`)
    await verify(orders)
    await orders.session.run(sql.raw(damage))

    await expect(verify(orders)).rejects.toMatchObject({
      code: 'DRIFT_FOUND',
      message: expect.stringMatching(said),
    })
  })

  test.for([
    ['DECIMAL(6,2)', 'DECIMAL(9,4)', '1.25', "'1.25'"],
    ['DATETIME(1)', 'DATETIME(6)', '2024-01-01 00:00:00.5', "'2024-01-01 00:00:00.5'"],
  ] as const)(
    'takes %s for the same key when it becomes %s',
    async ([before, after, key, value], { mysql }) => {
      const orders = await aPair(mysql, {
        columns: `k ${before} PRIMARY KEY, n INT`,
        change: `MODIFY k ${after} NOT NULL`,
        rows: [`(${value}, 1)`],
      })
      await orders.session.run(sql`INSERT INTO t_new VALUES (${sql.raw(value)}, 0)`)

      await expect(verify(orders)).rejects.toMatchObject({ message: expect.stringMatching(/in n/) })
      await orders.apply([key])
      await verify(orders)

      await orders.session.run(sql`DELETE FROM t`)
      await orders.apply([key])
      expect(await rowsOf(orders.session, 't_new')).toEqual([])
    },
  )
})

async function anOrders(mysql: MysqlTest, change: string): Promise<PairTest> {
  return await aPair(mysql, {
    columns: `id INT NOT NULL, code VARCHAR(9) NOT NULL, n INT NOT NULL, note VARCHAR(9) NOT NULL,
      PRIMARY KEY (id), UNIQUE code_n (code, n)`,
    change: change.startsWith('DROP PRIMARY KEY, ADD PRIMARY KEY (')
      ? `DROP KEY code_n, ${change}`
      : change,
    rows: numbered(6, (n) => `${n}, 'code${n}', ${n}, ''`),
  })
}

/** A new table by code, and the old one by id, which has a column that the change dropped. */
async function anOld(mysql: MysqlTest): Promise<PairTest> {
  return await aPair(mysql, {
    columns: 'code VARCHAR(9) PRIMARY KEY, id INT NOT NULL, note VARCHAR(9) NOT NULL',
    change: 'DROP PRIMARY KEY, ADD PRIMARY KEY (id), ADD kept INT NOT NULL DEFAULT 7',
    towardsOld: true,
  })
}

async function verify({ session, pair }: PairTest): Promise<void> {
  await verifyPair(session, pair, {
    clock: systemClock,
    keys: new KeySet(),
    passBarrier: () => Promise.resolve(),
    rest: () => Promise.resolve(),
    signal: new AbortController().signal,
  })
}
