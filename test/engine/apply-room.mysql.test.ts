import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { type Key, keyId } from '../../src/binlog/key.ts'
import { systemClock } from '../../src/clock.ts'
import { Applier } from '../../src/engine/apply/applier.ts'
import { applyKeys } from '../../src/engine/apply/apply.ts'
import { KeySet } from '../../src/engine/apply/key-set.ts'
import { Frontier } from '../../src/engine/copy/frontier.ts'
import type { Session } from '../../src/mysql/session.ts'
import { type MysqlTest, test } from '../support/mysql.ts'
import { aPair, type PairTest, rowsOf } from './a-pair.ts'

const COLUMNS = 'id INT PRIMARY KEY, place INT NOT NULL'
const CHANGE = 'ADD UNIQUE KEY (place)'

describe('APPLY-3: a row of the target that holds a value of another', () => {
  test('is taken away where a change of it waits', async ({ mysql }) => {
    const { session, apply } = await swapped(mysql, [2n])

    expect(await apply([1n])).toBeNull()

    expect(await rowsOf(session, 't_new')).toEqual(['1 20', '3 30'])
  })

  test('stays where none waits, and only the row that wants its value is left out', async ({
    mysql,
  }) => {
    const { session, apply } = await swapped(mysql, [])
    await session.run(sql`UPDATE t SET place = 31 WHERE id = 3`)

    const left = await apply([1n], [3n])

    expect(left?.keys).toEqual([[1n]])
    expect(await rowsOf(session, 't_new')).toEqual(['2 20', '3 31'])
  })

  test('stays where both really have the value', async ({ mysql }) => {
    const { session, apply } = await swapped(mysql, [2n])
    await session.run(sql`UPDATE t SET place = 20 WHERE id = 2`)

    await expect(apply([1n])).rejects.toMatchObject({ errno: 1062 })

    expect(await rowsOf(session, 't_new')).toEqual(['1 10', '2 20', '3 30'])
  })

  test('stays where what collides is another spelling of a key that changed', async ({ mysql }) => {
    const items = await aPair(mysql, {
      columns: 'id VARCHAR(9) PRIMARY KEY, place INT NOT NULL',
      change: CHANGE,
      rows: ["('A', 20), ('b', 10)"],
    })
    const { session, pair, lock } = items
    await session.run(sql`INSERT INTO t_new VALUES ('A', 10), ('b', 20)`)

    const applying = session.transaction(() =>
      applyKeys(session, pair, lock, { ...nothingKept([text('a')]), waits: () => false }),
    )

    await expect(applying).rejects.toMatchObject({ errno: 1062 })
    expect(await rowsOf(session, 't_new')).toEqual(['A 10', 'b 20'])
  })

  test('is found by a text of another charset and collation, and by one of two columns', async ({
    mysql,
  }) => {
    const items = await aPair(mysql, {
      columns:
        'id INT PRIMARY KEY, code VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin NULL, shop INT NOT NULL',
      change: 'MODIFY code VARCHAR(20) CHARACTER SET utf8mb4 NULL, ADD UNIQUE KEY (shop, code)',
      rows: ["(1, 'É', 7), (2, 'x', 7), (3, 'É', 8), (4, NULL, 7)"],
    })
    const { session, pair, lock } = items
    await session.run(sql`INSERT INTO t_new
      VALUES (1, 'x', 7), (2, 'é', 7), (3, 'É', 8), (4, NULL, 7), (5, NULL, 7)`)
    const asked: string[] = []

    const left = await session.transaction(() =>
      applyKeys(session, pair, lock, {
        ...nothingKept([[1n], [4n]]),
        waits: (key) => {
          asked.push(keyId(key))
          return true
        },
      }),
    )

    expect(left).toBeNull()
    expect(asked).toEqual([keyId([2n])])
    expect(await rowsOf(session, 't_new')).toEqual(['1 É 7', '3 É 8', '4 null 7', '5 null 7'])
  })
})

describe('CHECKPOINT-1: an applier that takes rows away', () => {
  test('keeps their changes among those that no checkpoint passes', async ({ mysql }) => {
    const items = await aPair(mysql, {
      columns: COLUMNS,
      change: CHANGE,
      rows: ['(1, 20), (2, 10)'],
    })
    const { session, application } = items
    await session.run(sql`INSERT INTO t_new VALUES (1, 10), (2, 20)`)
    await application.run(sql`BEGIN`)
    await application.rows(sql`SELECT 1 FROM t WHERE id = 2 FOR UPDATE`)
    const { keys, end } = await running(mysql, items)

    keys.add([2n], 1)
    keys.add([1n], 2)

    // The row of 2 is held, and its old copy has the value of 1.
    await expect.poll(() => rowsOf(session, 't_new'), { timeout: 20_000 }).toEqual(['1 20'])
    expect(keys.oldest).toBe(1)
    await application.run(sql`COMMIT`)
    await expect.poll(() => keys.size, { timeout: 20_000 }).toBe(0)
    await end()
    expect(await rowsOf(session, 't_new')).toEqual(['1 20', '2 10'])
  })

  test('waits with a value whose holder has not changed by the stream yet', async ({ mysql }) => {
    const items = await aPair(mysql, {
      columns: COLUMNS,
      change: CHANGE,
      rows: ['(1, 20), (2, 10), (3, 31)'],
    })
    const { session } = items
    await session.run(sql`INSERT INTO t_new VALUES (1, 10), (2, 20), (3, 30)`)
    const { applier, keys, end } = await running(mysql, items)

    keys.add([1n], 1)
    keys.add([3n], 2)

    await expect.poll(() => rowsOf(session, 't_new'), { timeout: 20_000 }).toContain('3 31')
    expect(await rowsOf(session, 't_new')).toContain('2 20')
    expect(keys.oldest).toBe(1)
    const missed = applier.missed
    await expect.poll(() => applier.missed).toBeGreaterThan(missed)
    keys.add([2n], 3)
    await expect.poll(() => keys.size, { timeout: 20_000 }).toBe(0)
    await end()
    expect(applier.applied).toBe(3)
    expect(await rowsOf(session, 't_new')).toEqual(['1 20', '2 10', '3 31'])
  })
})

test('an applier misses no change to come of rows that somebody holds', async ({ mysql }) => {
  const items = await aPair(mysql, { columns: COLUMNS, change: CHANGE, rows: ['(1, 20), (2, 10)'] })
  const { application } = items
  await application.run(sql`BEGIN`)
  await application.rows(sql`SELECT 1 FROM t FOR UPDATE`)
  const { applier, keys, end } = await running(mysql, items)

  keys.add([1n], 1)
  keys.add([2n], 2)
  await application.rows(sql`SELECT SLEEP(1)`)

  expect(applier.missed).toBe(0)
  await application.run(sql`COMMIT`)
  await expect.poll(() => keys.size).toBe(0)
  await end()
})

/** Rows 1 and 2 have swapped their values since they were copied; changes of the keys `waiting` wait to be applied. */
async function swapped(mysql: MysqlTest, waiting: readonly bigint[]) {
  const { session, pair, lock } = await aPair(mysql, {
    columns: COLUMNS,
    change: CHANGE,
    rows: ['(1, 20), (2, 10), (3, 30)'],
  })
  await session.run(sql`INSERT INTO t_new VALUES (1, 10), (2, 20), (3, 30)`)
  const ids = new Set(waiting.map((id) => keyId([id])))
  const changed = (keys: readonly Key[]) => ({
    ...nothingKept(keys),
    waits: (key: Key) => ids.has(keyId(key)),
  })
  return {
    session,
    apply: (...keys: readonly Key[]) =>
      session.transaction(() => applyKeys(session, pair, lock, changed(keys))),
  }
}

function nothingKept(keys: readonly Key[]) {
  return { keys, stays: () => false, moves: [] }
}

function text(value: string): Key {
  return [Buffer.from(value)]
}

async function running(
  mysql: MysqlTest,
  { pair, lock }: PairTest,
): Promise<{
  readonly applier: Applier
  readonly keys: KeySet
  readonly end: () => Promise<void>
}> {
  const keys = new KeySet()
  const frontier = new Frontier(false)
  const applier = new Applier(pair, keys, { frontier, clock: systemClock, lockOrFail: lock })
  const stop = new AbortController()
  const session: Session = await mysql.session()
  const run = applier.run(session, stop.signal).catch((error: unknown) => error)
  const end = async () => {
    stop.abort(new Error('enough'))
    expect(await run).toMatchObject({ message: 'enough' })
  }
  return { applier, keys, end }
}
