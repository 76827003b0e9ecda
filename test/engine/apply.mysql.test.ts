import { sql } from 'kysely'
import { describe, expect, onTestFinished, vi } from 'vitest'
import type { Key } from '../../src/binlog/key.ts'
import { systemClock } from '../../src/clock.ts'
import { applyKeys } from '../../src/engine/apply/apply.ts'
import { connect } from '../../src/mysql/connect.ts'
import { isRowLocked } from '../../src/mysql/errno.ts'
import { type MysqlTest, test } from '../support/mysql.ts'
import { aPair, numbered, type PairTest, rowsOf } from './a-pair.ts'

const CI = 'COLLATE utf8mb4_general_ci'

describe('applyKeys', () => {
  test('writes what the source holds now and deletes what it no longer has', async ({ mysql }) => {
    const { session, apply } = await aPairOfOrders(mysql)
    await session.run(sql`INSERT INTO t_new VALUES (2, 'stale', 7), (99, 'gone', 7)`)

    await apply([1n], [2n], [99n], [100n])

    expect(await rowsOf(session, 't_new')).toEqual(['1 new 5', '2 new 5'])
  })

  test('APPLY-2: gives the same rows when keys come again, late and in another order', async ({
    mysql,
  }) => {
    const { session, apply } = await aPairOfOrders(mysql)
    await apply([1n], [2n])
    await session.run(sql`UPDATE t SET status = 'paid' WHERE id = 1`)
    await session.run(sql`DELETE FROM t WHERE id = 2`)

    await apply([2n])
    await apply([1n])
    const once = await rowsOf(session, 't_new')
    await apply([1n], [2n])
    await apply([2n], [1n])

    expect(once).toEqual(['1 paid 5'])
    expect(await rowsOf(session, 't_new')).toEqual(once)
  })

  test('APPLY-1: never waits for a row that the application holds, and writes nothing then', {
    timeout: 20_000,
  }, async ({ mysql }) => {
    const { session, application, apply } = await aPairOfOrders(mysql)
    // A batch that waited would wait for this long, which is longer than the test may take.
    await session.run(sql`SET SESSION innodb_lock_wait_timeout = 100`)

    await application.transaction(async () => {
      await application.run(sql`UPDATE t SET status = 'paid' WHERE id = 2`)
      await expect(apply([1n], [2n])).rejects.toSatisfy(isRowLocked)
    })

    expect(await rowsOf(session, 't_new')).toEqual([])
  })

  test('APPLY-1: never waits for a row that is being deleted, and leaves its copy alone', async ({
    mysql,
  }) => {
    const { session, application, apply } = await aPairOfOrders(mysql)
    await apply([1n], [2n])

    await application.transaction(async () => {
      await application.run(sql`DELETE FROM t WHERE id = 2`)
      await expect(apply([1n], [2n])).rejects.toSatisfy(isRowLocked)
    })

    expect(await rowsOf(session, 't_new')).toEqual(['1 new 5', '2 new 5'])
  })

  test('APPLY-1: never takes a row for gone that is written but not visible yet', async ({
    mysql,
  }) => {
    const { session, application, apply } = await aPairOfOrders(mysql)
    await session.run(sql`INSERT INTO t_new VALUES (7, 'earlier', 5)`)

    await application.transaction(async () => {
      // The binlog can deliver it at this moment already.
      await application.run(sql`INSERT INTO t VALUES (7, 'new')`)
      await expect(apply([7n])).rejects.toSatisfy(isRowLocked)
    })
    await apply([7n])

    expect(await rowsOf(session, 't_new')).toEqual(['7 new 5'])
  })

  test.for([
    ['replace', false],
    ['update_insert', true],
  ] as const)(
    'APPLY-1: %s locks whole rows, also where another key than the primary one leads to them',
    async ([, towardsOld], { mysql }) => {
      const { application, apply, session } = await aPair(mysql, {
        columns:
          'id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL, value INT, UNIQUE (name)',
        change: 'DROP COLUMN id',
        towardsOld,
      })
      await session.run(sql`INSERT INTO t (name, value) VALUES ('a', 1), ('b', 1), ('c', 1)`)
      const keys = ['a', 'b', 'c'].map((name) => [Buffer.from(name)])
      await apply(...keys)
      await session.run(sql`SET SESSION innodb_lock_wait_timeout = 50`)

      await application.transaction(async () => {
        // Neither found by the index of our key, nor changed in it.
        await application.run(sql`UPDATE t SET value = 2 WHERE id = 2`)
        const applying = apply(...keys).then(
          () => 'applied',
          (error: unknown) => (isRowLocked(error) ? 'held' : error),
        )
        // Whoever waits for the application while it holds other rows makes the server roll one of the two back.
        const waiting = systemClock.sleep(5_000).then(() => 'waits')
        expect(await Promise.race([applying, waiting])).toBe('held')
      })
    },
  )

  test.for([
    ['replace', null, false],
    ['delete_insert', 'ADD UNIQUE (u)', false],
    ['update_insert', null, true],
    ['update_insert', 'DROP PRIMARY KEY, ADD PRIMARY KEY (u)', true],
  ] as const)(
    'APPLY-1: never deadlocks with a row that is in the table but not in the batch (%s, %s)',
    async ([write, change, towardsOld], { mysql }) => {
      // With less memory than that many keys need, MySQL reads and locks every row instead.
      if (mysql.flavour === 'mysql') {
        await limitMemory(mysql, '1536')
        onTestFinished(() => limitMemory(mysql, 'DEFAULT'))
      }
      const { application, apply, session, pair } = await aPair(mysql, {
        columns: 'id INT PRIMARY KEY, u INT NOT NULL, v INT',
        change,
        rows: numbered(300, (n) => `${n}, ${n}, 0`),
        towardsOld,
      })
      expect(pair.write).toBe(write)
      await session.run(sql`INSERT INTO t_new SELECT * FROM t WHERE id > 1`)
      const run = session.run.bind(session)
      let waiting: Promise<unknown> = Promise.resolve()
      vi.spyOn(session, 'run').mockImplementation(async (statement) => {
        if (session.run !== run) vi.mocked(session.run).mockRestore()
        await application.run(sql`UPDATE t SET v = 1 WHERE id = 300`)
        waiting = application.run(sql`UPDATE t SET v = 1 WHERE id = 1`)
        waiting.catch(() => null)
        return await run(statement)
      })

      await application.run(sql`BEGIN`)
      const keys = numbered(200, (n) => `${n}`).map((_, n) => [BigInt(n + 1)])
      const wide = keys.map((key) => (pair.key.length > 1 ? [...key, ...key] : key))
      const outcome = await apply(...wide).catch((error: unknown) => isRowLocked(error) || error)
      await waiting
      await application.run(sql`COMMIT`)

      expect([undefined, true]).toContain(outcome)
    },
  )

  test.for([['replace'], ['update_insert']] as const)(
    'never waits for a row that is inserted while its key was found to be gone (%s)',
    async ([write], { mysql }) => {
      const { session, application, apply } = await aPairOfOrders(mysql, write)
      await session.run(sql`INSERT INTO t_new (id, status) SELECT id, status FROM t`)
      await session.run(sql`DELETE FROM t WHERE id IN (3, 5)`)
      await session.run(sql`SET SESSION innodb_lock_wait_timeout = 1`)

      await application.transaction(async () => {
        // The first read of a batch is the one that finds which keys are gone.
        const find = session.rows.bind(session)
        vi.spyOn(session, 'rows').mockImplementationOnce(async (statement) => {
          const found = await find(statement)
          await application.run(sql`INSERT INTO t VALUES (3, 'again')`)
          return found
        })
        await apply([3n], [4n], [5n])
      })

      const left = await session.rows(sql`SELECT id FROM t_new ORDER BY id`)
      expect(left).toEqual([{ id: '1' }, { id: '2' }, { id: '4' }, { id: '6' }])
    },
  )

  test.for([['replace'], ['delete_insert'], ['update_insert']] as const)(
    'runs under LOCK TABLES, where no statement may name a table twice (%s)',
    async ([write], { mysql }) => {
      const { session, pair } = await aPairOfOrders(mysql, write)
      await session.run(sql`INSERT INTO t_new (id, status) VALUES (2, 'stale'), (99, 'gone')`)
      await session.run(sql`LOCK TABLES t WRITE, t_new WRITE`)

      await applyKeys(session, pair, sql``, [[1n], [2n], [99n]])

      await session.run(sql`UNLOCK TABLES`)
      const rows = await session.rows(sql`SELECT id, status FROM t_new ORDER BY id`)
      expect(rows).toEqual([
        { id: '1', status: 'new' },
        { id: '2', status: 'new' },
      ])
    },
  )
})

async function limitMemory({ target }: MysqlTest, bytes: string): Promise<void> {
  await using session = await connect({ ...target, schema: null })
  await session.run(sql`SET GLOBAL range_optimizer_max_mem_size = ${sql.raw(bytes)}`)
}

describe('applyKeys, key by key', () => {
  test('follows a composite key through each of its parts', async ({ mysql }) => {
    const { session, apply } = await aPair(mysql, {
      columns: `a INT, b VARCHAR(10) ${CI}, n INT, PRIMARY KEY (a, b)`,
      rows: ["(1, 'x', 1), (1, 'Y', 2), (2, 'x', 3), (-3, 'é', 4)"],
    })
    await session.run(sql`INSERT INTO t_new VALUES (1, 'gone', 0), (2, 'y', 0)`)
    const key = (a: bigint, b: string): Key => [a, Buffer.from(b)]

    await apply(
      key(1n, 'x'),
      key(1n, 'Y'),
      key(1n, 'gone'),
      key(2n, 'x'),
      key(2n, 'y'),
      key(-3n, 'é'),
    )

    expect((await rowsOf(session, 't_new')).toSorted()).toEqual(
      (await rowsOf(session, 't')).toSorted(),
    )
  })

  test('keeps the row of a key whose spelling changed, and what only the target has', async ({
    mysql,
  }) => {
    const { session, apply } = await aPair(mysql, {
      columns: `name VARCHAR(20) ${CI} PRIMARY KEY, uses INT NOT NULL`,
      change: 'ADD COLUMN kept INT NOT NULL DEFAULT 7',
      rows: ["('Red', 2)"],
      towardsOld: true,
    })
    await session.run(sql`INSERT INTO t_new VALUES ('red', 1, 8), ('blue', 1, 8)`)

    await apply([Buffer.from('red')], [Buffer.from('Red')], [Buffer.from('blue')])

    expect(await rowsOf(session, 't_new')).toEqual(['Red 2 8'])
  })

  test('REVERSE-1: keeps what only the target has where a key is printed with zeros', async ({
    mysql,
  }) => {
    const { session, apply } = await aPair(mysql, {
      columns: 'price DECIMAL(10,2) ZEROFILL PRIMARY KEY, uses INT NOT NULL',
      change: 'ADD COLUMN kept INT NOT NULL DEFAULT 7',
      rows: ['(12.5, 2)'],
      towardsOld: true,
    })
    await session.run(sql`INSERT INTO t_new VALUES (12.5, 1, 8)`)

    // As the binlog spells it, which knows nothing of zeros.
    await apply(['12.50'])

    expect(await rowsOf(session, 't_new')).toEqual(['00000012.50 2 8'])
  })

  test('follows a spelling that changed where the target tells spellings apart', async ({
    mysql,
  }) => {
    const { session, apply } = await aPair(mysql, {
      columns: `name VARCHAR(20) ${CI} PRIMARY KEY, uses INT NOT NULL`,
      change: 'MODIFY name VARCHAR(20) COLLATE utf8mb4_bin NOT NULL',
      rows: ["('Red', 2)"],
    })
    await session.run(sql`INSERT INTO t_new VALUES ('red', 1)`)

    await apply([Buffer.from('red')], [Buffer.from('Red')])

    expect(await rowsOf(session, 't_new')).toEqual(['Red 2'])
  })

  test('deletes no other row whose key counts as equal in the target', async ({ mysql }) => {
    const { session, apply } = await aPair(mysql, {
      columns: 'name VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY, uses INT NOT NULL',
      change: `MODIFY name VARCHAR(20) ${CI} NOT NULL`,
      rows: ["('Red', 2), ('blue', 1)"],
    })
    await apply([Buffer.from('Red')])

    // `red` was deleted and `Red` inserted; the deletion is applied last.
    await apply([Buffer.from('red')], [Buffer.from('blue')])

    expect(await rowsOf(session, 't_new')).toEqual(['blue 1', 'Red 2'])
  })

  test('finds a key in the target under another charset', async ({ mysql }) => {
    const { session, apply } = await aPair(mysql, {
      columns: 'name VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY, uses INT NOT NULL',
      change: 'MODIFY name VARCHAR(20) CHARACTER SET utf8mb4 NOT NULL',
      rows: ["('é', 2), ('Ü', 3)"],
    })
    await session.run(sql`INSERT INTO t_new VALUES ('é', 1), ('ñ', 1)`)
    const latin1 = (text: string): Key => [Buffer.from(text, 'latin1')]

    await apply(latin1('é'), latin1('Ü'), latin1('ñ'))

    expect(await rowsOf(session, 't_new')).toEqual(['é 2', 'Ü 3'])
  })

  test('pads a BINARY key as the server stores it', async ({ mysql }) => {
    const { session, apply } = await aPair(mysql, {
      columns: 'id BINARY(4) PRIMARY KEY, n INT',
      rows: ["(x'01000000', 1), (x'00000000', 2)"],
    })

    await apply([Buffer.from('01000000', 'hex')], [Buffer.alloc(4)])

    expect(await session.rows(sql`SELECT HEX(id) AS id, n FROM t_new ORDER BY id`)).toEqual([
      { id: '00000000', n: 2 },
      { id: '01000000', n: 1 },
    ])
  })
})

/** Source and target of orders; with `update_insert` the target also has columns of its own. */
async function aPairOfOrders(
  mysql: MysqlTest,
  write: 'replace' | 'delete_insert' | 'update_insert' = 'replace',
): Promise<PairTest> {
  const change = {
    replace: 'ADD extra INT NOT NULL DEFAULT 5',
    delete_insert: 'ADD UNIQUE by_status (status, id), ADD UNIQUE by_prefix (status(3), id)',
    update_insert: 'ADD extra INT NOT NULL DEFAULT 5',
  }[write]
  const orders = await aPair(mysql, {
    columns: 'id BIGINT PRIMARY KEY, status VARCHAR(16) NOT NULL',
    rows: numbered(6, (n) => `${n}, 'new'`),
    change,
    towardsOld: write === 'update_insert',
  })
  expect(orders.pair.write).toBe(write)
  return orders
}
