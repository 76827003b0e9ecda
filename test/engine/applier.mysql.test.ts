import { sql } from 'kysely'
import { describe, expect, vi } from 'vitest'
import type { KeyValue } from '../../src/binlog/key.ts'
import { systemClock } from '../../src/clock.ts'
import { Applier } from '../../src/engine/apply/applier.ts'
import { KeySet } from '../../src/engine/apply/key-set.ts'
import { Frontier } from '../../src/engine/copy/frontier.ts'
import type { Session } from '../../src/mysql/session.ts'
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

  test.for([
    ['primary', 'ADD COLUMN w INT'],
    ['another', 'DROP COLUMN id, DROP KEY by_s, ADD PRIMARY KEY (s)'],
    ['another, and one of the target', 'DROP COLUMN id, DROP KEY by_s, ADD PRIMARY KEY (t)'],
    ['the only', 'DROP KEY by_s, ADD UNIQUE (t)'],
  ] as const)(
    'APPLY-1: holds nothing while it waits in line for a row that it finds by %s key',
    async ([which, change], { mysql }) => {
      const key = which === 'the only' ? '' : 'PRIMARY KEY'
      const items = await aPair(mysql, {
        columns: `id INT ${key}, s VARCHAR(20) NOT NULL, t INT NOT NULL, v INT, UNIQUE by_s (s)`,
        change,
        rows: ["(1, 'a', 1, 1)"],
      })
      const { pair, session, application } = items
      const { applier, keys } = anApplier(items)
      const watcher = await mysql.session()
      const stop = new AbortController()
      await application.run(sql`BEGIN`)
      const byPrimary = which === 'the only' ? '' : 'FORCE INDEX (PRIMARY)'
      const row = which === 'the only' ? "s = 'a'" : 'id = 1'
      await application.run(sql`SELECT v FROM t ${sql.raw(`${byPrimary} WHERE ${row}`)} FOR UPDATE`)

      keys.add(
        pair.key.map(({ from }) => KEY[from.name] ?? 1n),
        1,
      )
      const running = applier.run(session, stop.signal).catch((error: unknown) => error)
      await vi.waitFor(async () => expect(await isWaiting(watcher, session)).toBe(true), {
        ...WAIT,
        // InnoDB renews what it tells ten times a second, and never while it is asked more often.
        interval: 150,
      })
      await application.run(sql`SELECT v FROM t FORCE INDEX (by_s) WHERE s = 'a' FOR UPDATE`)
      await application.run(sql`UPDATE t SET s = 'c', v = 2 WHERE s = 'a'`)
      await application.run(sql`UPDATE t SET s = 'a' WHERE s = 'c'`)
      await application.run(sql`COMMIT`)
      await expect.poll(() => keys.size, WAIT).toBe(0)

      stop.abort()
      await running
      expect(await session.rows(sql`SELECT v FROM t_new`)).toEqual([{ v: 2 }])
    },
  )

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

const KEY: Readonly<Record<string, KeyValue>> = { s: Buffer.from('a') }

async function isWaiting(watcher: Session, { threadId }: Session): Promise<boolean> {
  const row = await watcher.row(sql`SELECT 1 FROM information_schema.INNODB_TRX
    WHERE trx_mysql_thread_id = ${threadId} AND trx_state = 'LOCK WAIT'`)
  return row !== null
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
