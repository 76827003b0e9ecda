import { type RawBuilder, sql } from 'kysely'
import { describe, expect } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { Applier } from '../../src/engine/apply/applier.ts'
import { applyKeys } from '../../src/engine/apply/apply.ts'
import { KeySet } from '../../src/engine/apply/key-set.ts'
import { Frontier } from '../../src/engine/copy/frontier.ts'
import { type VerifyContext, verifyPair } from '../../src/engine/verify/verify.ts'
import { test } from '../support/mysql.ts'
import { aPair, numbered, type PairTest } from './a-pair.ts'

const NEVER = new AbortController().signal

describe('VERIFY-1: verifyPair', () => {
  test('counts the rows of tables that are equal', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)

    expect(await verify(orders)).toEqual({ rows: 1000, lagging: 0 })
  })

  test.for([
    ['is missing', 'DELETE FROM t_new WHERE id = 500', /1 rows/],
    ['nobody wrote', "INSERT INTO t_new VALUES (5000, 1, 'x')", /1 rows/],
    ['nobody wrote, before all others', "INSERT INTO t_new VALUES (-1, 1, 'x')", /1 rows/],
    ['holds another value', 'UPDATE t_new SET total = 1 WHERE id = 500', /in total/],
    ['holds NULL instead', 'UPDATE t_new SET note = NULL WHERE id = 500', /in note/],
    ['holds an empty text instead', "UPDATE t_new SET note = '' WHERE id = 500", /in note/],
  ] as const)('finds a row that %s', async ([, damage, said], { mysql }) => {
    const orders = await aPairOfOrders(mysql)
    await orders.session.run(sql.raw(damage))

    await expect(verify(orders)).rejects.toMatchObject({
      code: 'DRIFT_FOUND',
      message: expect.stringMatching(said),
    })
  })

  test('finds values that two rows have exchanged, which cancel out in a sum', async ({
    mysql,
  }) => {
    const orders = await aPairOfOrders(mysql)
    await orders.session.run(sql`UPDATE t_new SET total = CASE id WHEN 1 THEN 200 ELSE 100 END
      WHERE id IN (1, 2)`)

    await expect(verify(orders)).rejects.toMatchObject({
      code: 'DRIFT_FOUND',
      message: expect.stringMatching(/^2 rows/),
    })
  })

  test('finds a text that has only moved to the next column', async ({ mysql }) => {
    const columns = 'id INT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9)'
    const moved = await aPair(mysql, {
      columns,
      rows: ["(1, 'xy', 'z'), (2, NULL, 'N'), (3, NULL, '')"],
    })
    await moved.session.run(
      sql`INSERT INTO t_new VALUES (1, 'x', 'yz'), (2, 'N', NULL), (3, '', '')`,
    )

    await expect(verify(moved)).rejects.toMatchObject({ message: expect.stringMatching(/^3 rows/) })
  })

  test('finds phantoms where the target orders its keys in another way', async ({ mysql }) => {
    const names = await aPair(mysql, {
      columns: 'name VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY',
      change: 'MODIFY name VARCHAR(20) COLLATE utf8mb4_bin',
      rows: ["('a'), ('B'), ('c'), ('é')"],
    })
    await names.session.run(sql`INSERT INTO t_new SELECT * FROM t`)
    expect(await verify(names)).toEqual({ rows: 4, lagging: 0 })
    await names.session.run(sql`INSERT INTO t_new VALUES ('A')`)

    await expect(verify(names)).rejects.toMatchObject({ code: 'DRIFT_FOUND' })
  })

  test('takes no row for drift that is only behind', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const { session, apply } = orders
    await session.run(sql`UPDATE t SET total = 1 WHERE id = 7`)
    await session.run(sql`DELETE FROM t WHERE id = 8`)
    await session.run(sql`INSERT INTO t VALUES (2000, 1, 'x')`)
    // The session that compares holds locks meanwhile, so the changes are applied through another one.
    const applied = await mysql.session()
    const behind = { ...orders, session: applied }

    const compared = await verify(behind, { passBarrier: () => apply([7n], [8n], [2000n]) })

    expect(compared).toEqual({ rows: 1000, lagging: 3 })
  })

  test('waits for a change that is known and not applied yet', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const keys = new KeySet()
    await orders.session.run(sql`UPDATE t SET total = 1 WHERE id = 7`)
    const compared = { ...orders, session: await mysql.session() }
    const passBarrier = () => {
      if (keys.has('7')) return Promise.resolve()
      keys.add([7n], 1)
      // The applier is busy with other rows first.
      setTimeout(async () => {
        await orders.apply([7n])
        keys.applied(keys.take(1, () => true, 0))
      }, 200)
      return Promise.resolve()
    }

    expect(await verify(compared, { keys, passBarrier })).toEqual({ rows: 1000, lagging: 1 })
  })

  test('takes no row for drift that comes and goes all the time, and is never there when looked at', async ({
    mysql,
  }) => {
    const orders = await aPairOfOrders(mysql)
    const restless = await restlessRow(mysql, orders, [
      sql`INSERT INTO t VALUES (2000, 1, 'x')`,
      sql`DELETE FROM t WHERE id = 2000`,
    ])
    // The row is in the target, and the change that takes it out again has not been delivered.
    await restless.change()
    await restless.deliver()
    await restless.change()

    const { rows, lagging } = await verify(
      { ...orders, session: await mysql.session() },
      restless.context,
    )

    expect({ rows, lagging }).toEqual({ rows: 1000, lagging: 1 })
    expect(restless.changes).toBeGreaterThan(4)
  })

  test('takes no row for drift that changes between any two looks', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const restless = await restlessRow(mysql, orders, [
      sql`UPDATE t SET total = total + 1 WHERE id = 2000`,
      sql`UPDATE t SET total = total + 1 WHERE id = 2000`,
    ])
    await orders.application.run(sql`INSERT INTO t VALUES (2000, 1, 'x')`)

    const { lagging } = await verify(
      { ...orders, session: await mysql.session() },
      restless.context,
    )

    expect(lagging).toBe(1)
  })

  test('finds drift beside rows that change all the time', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const restless = await restlessRow(mysql, orders, [
      sql`INSERT INTO t VALUES (2000, 1, 'x')`,
      sql`DELETE FROM t WHERE id = 2000`,
    ])
    await orders.session.run(sql`INSERT INTO t_new VALUES (2001, 1, 'x')`)

    const verifying = verify({ ...orders, session: await mysql.session() }, restless.context)

    await expect(verifying).rejects.toMatchObject({
      code: 'DRIFT_FOUND',
      message: expect.stringMatching(/^1 rows/),
    })
  })

  test('takes a row for lag whose change waits for the application', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const keys = new KeySet()
    await orders.session.run(sql`UPDATE t SET total = 1 WHERE id = 7`)
    keys.add([7n], 1)

    const { lagging } = await verify(orders, { keys })

    expect(lagging).toBe(1)
  })

  test('takes no row for drift while writers change the source', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const stop = new AbortController()
    const keys = new KeySet()
    const applier = new Applier(orders.pair, keys, {
      frontier: new Frontier(false),
      clock: systemClock,
      lockOrFail: orders.lock,
    })
    const applying = applier.run(await mysql.session(), stop.signal).catch(() => null)
    let written = 0
    const writing = (async () => {
      for (; !stop.signal.aborted; written += 1) {
        const id = 1 + ((written * 7919) % 1200)
        await orders.application.run(sql`REPLACE INTO t VALUES (${id}, ${written}, 'again')`)
        if (written % 5 === 0) await orders.application.run(sql`DELETE FROM t WHERE id = ${id}`)
        keys.add([BigInt(id)], written)
      }
    })()

    await expect.poll(() => written).toBeGreaterThan(50)
    for (let round = 0; round < 5; round += 1) {
      const { rows } = await verify({ ...orders, session: await mysql.session() }, { keys })
      expect(rows).toBeGreaterThan(500)
    }

    stop.abort()
    await Promise.all([writing, applying])
  })
})

type Change = readonly [from: string, to: string, value: string]

/** What MySQL lets through in strict mode, with at most a note. */
const LOSSY: readonly Change[] = [
  ['DECIMAL(10,4)', 'DECIMAL(10,2)', '1.2345'],
  ['DECIMAL(10,2)', 'INT', '1.50'],
  ['DOUBLE', 'INT', '1.5'],
  ['DOUBLE', 'DECIMAL(10,1)', '1.25'],
  ['DOUBLE', 'FLOAT', '1.23456789012'],
  ['BIGINT', 'DOUBLE', '9007199254740993'],
  ['INT', 'FLOAT', '16777217'],
  ['DATETIME(6)', 'DATETIME', "'2024-01-01 10:00:00.5'"],
  ['DATETIME(6)', 'TIMESTAMP(3)', "'2024-01-01 10:00:00.123456'"],
  ['DATETIME', 'DATE', "'2024-01-01 10:00:00'"],
  ['TIME(3)', 'TIME', "'10:00:00.500'"],
  ['VARCHAR(10)', 'CHAR(10)', "'a  '"],
  ['VARCHAR(10)', 'INT', "'1.5'"],
  ['VARCHAR(10)', 'DECIMAL(6,2)', "'0.125'"],
  ['VARCHAR(20)', 'FLOAT', "'0.123456789'"],
  ['VARCHAR(10)', 'YEAR', "'70'"],
  ['VARCHAR(40)', 'DECIMAL(40,0)', "'000000000000000000000000000000000001'"],
  ['ENUM("b","1")', 'INT', "'1'"],
  ['FLOAT', 'DECIMAL(10,2)', '1.255'],
  ['DOUBLE', 'DECIMAL(30,10)', '1e-12'],
  ['VARBINARY(4)', 'BINARY(4)', "x'0100'"],
  ['BLOB', 'BINARY(4)', "x'00'"],
]

/** Changes of type that keep every value. */
const HARMLESS: readonly Change[] = [
  ['INT', 'BIGINT', '-5'],
  ['INT', 'BIGINT UNSIGNED', '5'],
  ['BIGINT UNSIGNED', 'DECIMAL(20,0)', '18446744073709551615'],
  ['TINYINT(1)', 'INT', '1'],
  ['INT', 'DECIMAL(10,2)', '7'],
  ['INT', 'DOUBLE', '7'],
  ['INT', 'VARCHAR(11)', '-42'],
  ['DECIMAL(10,2)', 'DECIMAL(14,4)', '1.50'],
  ['DECIMAL(10,2)', 'DOUBLE', '1.10'],
  ['DECIMAL(10,2)', 'FLOAT', '1.10'],
  ['DECIMAL(10,2)', 'VARCHAR(20)', '1.10'],
  ['VARCHAR(10)', 'INT', "'-007'"],
  ['CHAR(10)', 'DECIMAL(6,2)', "'1.5'"],
  ['TEXT', 'BIGINT UNSIGNED', "'18446744073709551615'"],
  ['VARCHAR(10)', 'DOUBLE', "'1.0e1'"],
  ['VARCHAR(10)', 'FLOAT', "'0.10'"],
  ['FLOAT', 'DECIMAL(65,30)', '0.123456789'],
  ['FLOAT', 'DECIMAL(10,2)', '123456.78'],
  ['FLOAT', 'INT', '16777216'],
  ['FLOAT', 'DOUBLE', '1.1'],
  ['FLOAT', 'DOUBLE', '16777216'],
  ['DOUBLE', 'DOUBLE', '0.1'],
  ['DOUBLE', 'DECIMAL(20,4)', '1.25'],
  ['YEAR', 'INT', '2024'],
  ['BIT(8)', 'BIT(16)', "b'10100000'"],
  ['BIT(8)', 'INT', "b'10100000'"],
  ['DATE', 'DATETIME', "'2024-02-29'"],
  ['DATETIME', 'DATETIME(6)', "'2024-02-29 01:02:03'"],
  ['DATETIME', 'TIMESTAMP', "'2024-02-29 01:02:03'"],
  ['DATETIME(3)', 'VARCHAR(30)', "'2024-02-29 01:02:03.456'"],
  ['TIME', 'TIME(6)', "'-838:59:59'"],
  ['VARCHAR(10)', 'TEXT', "'é'"],
  ['VARCHAR(10)', 'VARBINARY(40)', "'é'"],
  ['VARCHAR(10) CHARACTER SET latin1', 'VARCHAR(10) CHARACTER SET utf8mb4', "'é'"],
  ['VARCHAR(10)', 'VARCHAR(10) COLLATE utf8mb4_bin', "'é '"],
  ['CHAR(10)', 'VARCHAR(10)', "'a'"],
  ['TEXT', 'LONGTEXT', "'é'"],
  ["ENUM('a','b')", "ENUM('a','b','c')", "'b'"],
  ["ENUM('a','b')", "ENUM('c','b','a')", "'b'"],
  ["ENUM('a','b')", 'VARCHAR(5)', "'b'"],
  ["SET('a','b')", "SET('a','b','c')", "'a,b'"],
  ['BINARY(4)', 'VARBINARY(4)', "x'01'"],
  ['BINARY(4)', 'BINARY(9)', "x'0100'"],
  ['VARBINARY(4)', 'BINARY(4)', "x'01'"],
  ['VARBINARY(4)', 'BINARY(4)', "x'01020300'"],
  ['BLOB', 'BINARY(4)', "''"],
  ['BLOB', 'LONGBLOB', "x'00ff'"],
  ['JSON', 'LONGTEXT', `'{"b": 1, "a": [true, null]}'`],
  ['POINT', 'GEOMETRY', 'ST_GeomFromText("POINT(1 2)")'],
  ['TEXT', 'JSON', `'{"b":1,"a":[true,null,1.5,"é"]}'`],
  ['JSON', 'JSON', `'{"b": 1}'`],
]

describe('a change of type', () => {
  test('that alters a value is refused, with the names of the columns', async ({ mysql }) => {
    const changed = await changedColumns(mysql, LOSSY)

    const names = LOSSY.map((_, index) => `v${index}`).join(', ')
    await expect(verify(changed)).rejects.toMatchObject({
      code: 'VALUE_DOES_NOT_FIT',
      message: `The new type of ${names} in t would change values (first seen in 1 rows).`,
    })
  })

  test('that keeps every value is not', async ({ mysql }) => {
    const changed = await changedColumns(mysql, HARMLESS)

    expect(await verify(changed)).toEqual({ rows: 2, lagging: 0 })
  })
})

/** Two rows, one of them all NULL, whose columns `v0`, `v1`, … have other types in the target. */
async function changedColumns(mysql: Parameters<typeof aPair>[0], changes: readonly Change[]) {
  const types = (side: 0 | 1) => changes.map((change, index) => `v${index} ${change[side]} NULL`)
  const changed = await aPair(mysql, {
    columns: ['id INT PRIMARY KEY', ...types(0)].join(', '),
    change: types(1)
      .map((column) => `MODIFY ${column}`)
      .join(', '),
    rows: [
      `(1, ${changes.map(([, , value]) => value).join(', ')})`,
      `(2${', NULL'.repeat(changes.length)})`,
    ],
  })
  await changed.session.run(sql`INSERT INTO t_new SELECT * FROM t`)
  return changed
}

/**
 * The row 2000, which changes once before each barrier is written and once more before it is delivered: what a barrier
 * delivers is applied, and what came after it is on its way.
 */
async function restlessRow(
  mysql: Parameters<typeof aPair>[0],
  { application, pair, lock }: PairTest,
  [first, second]: readonly [RawBuilder<unknown>, RawBuilder<unknown>],
) {
  const keys = new KeySet()
  const applying = await mysql.session()
  let changes = 0
  const change = async () => {
    changes += 1
    await application.run(changes % 2 === 1 ? first : second)
  }
  const deliver = async () => {
    keys.add([2000n], changes)
    const batch = keys.take(10, () => true, 0)
    await applying.transaction(() => applyKeys(applying, pair, lock, [[2000n]]))
    keys.applied(batch)
  }
  const passBarrier = async () => {
    await deliver()
    await change()
    await deliver()
    await change()
  }
  return {
    change,
    deliver,
    context: { keys, passBarrier },
    get changes() {
      return changes
    },
  }
}

/** A thousand orders and their copy. */
async function aPairOfOrders(mysql: Parameters<typeof aPair>[0]) {
  const orders = await aPair(mysql, {
    columns: 'id INT PRIMARY KEY, total INT, note VARCHAR(20)',
    rows: numbered(1000, (n) => `${n}, ${n * 100}, 'x'`),
  })
  await orders.session.run(sql`INSERT INTO t_new SELECT * FROM t`)
  return orders
}

function verify({ session, pair }: PairTest, context: Partial<VerifyContext> = {}) {
  return verifyPair(session, pair, {
    clock: systemClock,
    rest: () => Promise.resolve(),
    keys: new KeySet(),
    passBarrier: () => Promise.resolve(),
    signal: NEVER,
    ...context,
  })
}
