import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { Applier } from '../../src/engine/applier.ts'
import { Frontier } from '../../src/engine/frontier.ts'
import { KeySet } from '../../src/engine/key-set.ts'
import { type MysqlTest, test } from '../support/mysql.ts'
import { aPair, numbered, type PairTest, rowsOf } from './a-pair.ts'

const WAIT = { timeout: 30_000, interval: 5 }

describe('Applier', () => {
  test('APPLY-2: several sessions at once make the target what the source is, values that move included', async ({
    mysql,
  }) => {
    const items = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, place INT NOT NULL, UNIQUE KEY (place)',
      change: 'MODIFY place BIGINT NOT NULL',
      rows: numbered(4_000, (n) => `${n}, ${n}`),
    })
    await items.session.run(sql`INSERT INTO t_new SELECT * FROM t`)
    // Every value moves to another row, some rows go and some come: whoever applies meets the others' values.
    await items.application.run(sql`UPDATE t SET place = -place`)
    await items.application.run(sql`UPDATE t SET place = 4001 + place`)
    await items.application.run(sql`DELETE FROM t WHERE id % 10 = 0`)
    await items.application.run(sql`INSERT INTO t VALUES (5001, 1), (5002, 11)`)
    const { applier, keys } = anApplier(items)
    expect(applier.helpers).toBeGreaterThan(0)

    for (let id = 4_000; id > 0; id -= 1) keys.add([BigInt(id)], 4_001 - id)
    keys.add([5001n], 4_001)
    keys.add([5002n], 4_002)
    await applyAll(mysql, { applier, sessions: 3 })

    expect(await rowsOf(items.session, 't_new')).toEqual(await rowsOf(items.session, 't'))
  })

  test('has no helpers where values of a new unique key move between rows', async ({ mysql }) => {
    const items = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, place INT NOT NULL',
      change: 'ADD UNIQUE KEY (place)',
    })

    expect(anApplier(items).applier.helpers).toBe(0)
  })

  test('gets a row that somebody holds at every moment', async ({ mysql }) => {
    const items = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, hits INT NOT NULL',
      rows: ['(1, 0), (2, 0)'],
    })
    await items.session.run(sql`INSERT INTO t_new SELECT * FROM t`)
    const { applier, keys } = anApplier(items)
    const stop = new AbortController()
    const writers = await Promise.all(Array.from({ length: 4 }, () => mysql.session()))
    const writing = Promise.all(
      writers.map(async (writer) => {
        while (!stop.signal.aborted) {
          await writer.transaction(async () => {
            await writer.run(sql`UPDATE t SET hits = hits + 1 WHERE id = 1`)
            await writer.rows(sql`SELECT SLEEP(0.005)`)
          })
        }
      }),
    )

    keys.add([1n], 1)
    keys.add([2n], 2)
    await applyAll(mysql, { applier, sessions: 1 })

    stop.abort()
    await writing
    expect((await rowsOf(items.session, 't_new'))[0]).not.toBe('1 0')
  })

  test('halts only when no session has a batch under way', async ({ mysql }) => {
    const items = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY, hits INT NOT NULL',
      rows: numbered(3_000, (n) => `${n}, 0`),
    })
    const { applier, keys } = anApplier(items)
    const stop = new AbortController()
    const sessions = await Promise.all(Array.from({ length: 3 }, () => mysql.session()))
    const running = Promise.allSettled(sessions.map((session) => applier.run(session, stop.signal)))
    for (let id = 1n; id <= 3_000n; id += 1n) keys.add([id], Number(id))
    await expect.poll(() => applier.applied, WAIT).toBeGreaterThan(0)

    await applier.halt()

    const applied = applier.applied
    const [row] = await items.session.rows(sql<{ n: string }>`SELECT COUNT(*) AS n FROM t_new`)
    expect(Number(row?.n)).toBe(applied)
    expect(keys.size).toBe(3_000 - applied)
    const locks = await items.session.rows(sql`SELECT 1 FROM information_schema.INNODB_TRX
      WHERE trx_mysql_thread_id IN (${sql.join(sessions.map(({ threadId }) => threadId))})`)
    expect(locks).toEqual([])
    stop.abort()
    await running
  })
})

function anApplier({ pair, lock }: PairTest): {
  readonly applier: Applier
  readonly keys: KeySet
} {
  const keys = new KeySet()
  const frontier = new Frontier(false)
  return {
    applier: new Applier(pair, keys, { frontier, clock: systemClock, lockOrFail: lock }),
    keys,
  }
}

async function applyAll(
  mysql: MysqlTest,
  { applier, sessions: count }: { readonly applier: Applier; readonly sessions: number },
): Promise<void> {
  const stop = new AbortController()
  const sessions = await Promise.all(Array.from({ length: count }, () => mysql.session()))
  const running = Promise.allSettled(sessions.map((session) => applier.run(session, stop.signal)))
  try {
    await expect.poll(() => applier.keys.size, WAIT).toBe(0)
  } finally {
    stop.abort(new Error('enough'))
    await running
  }
}
