import { sql } from 'kysely'
import { describe, expect, vi } from 'vitest'
import type { Key } from '../../src/binlog/key.ts'
import { type CopyOutcome, type CopyStep, copyChunk } from '../../src/engine/copy/copy-chunk.ts'
import type { Session } from '../../src/mysql/session.ts'
import { type MysqlTest, test } from '../support/mysql.ts'
import { aPair, numbered, type PairTest, rowsOf } from './a-pair.ts'

const NO_RECORD = () => Promise.resolve()

describe('copyChunk', () => {
  test('copies the rows of its range and no others', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)

    const outcome = await copy(orders, { after: [3n], upTo: [7n] })

    expect(outcome).toEqual({ kind: 'copied', rows: 4 })
    expect(await copiedIds(orders)).toEqual(['4', '5', '6', '7'])
  })

  test('COPY-2: gives way to a row that the application holds, and writes nothing', {
    timeout: 20_000,
  }, async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const { application, session } = orders
    // A chunk that waited would wait for this long, which is longer than the test may take.
    await session.run(sql`SET SESSION innodb_lock_wait_timeout = 100`)

    await application.transaction(async () => {
      await application.run(sql`UPDATE t SET total = 0 WHERE id = 5`)
      expect(await copy(orders, { after: [3n], upTo: [7n] })).toEqual({ kind: 'blocked' })
    })

    expect(await copiedIds(orders)).toEqual([])
  })

  test('COPY-2: never deadlocks with a row inserted between its two statements', async ({
    mysql,
  }) => {
    const orders = await aPairOfOrders(mysql)
    const { application, session } = orders
    const inserted = beforeWrite(session, () =>
      application.run(sql`INSERT INTO t VALUES (1001, 0)`),
    )

    await application.transaction(async () => {
      const copying = copy(orders, { after: [0n], upTo: [2000n] }, { first: 'lock' })
      await inserted
      await application.run(sql`UPDATE t SET total = 0 WHERE id = 1`)
      expect(await copying).toEqual({ kind: 'blocked' })
    })
  })

  test('COPY-2: never deadlocks with a row inserted before rows are taken away', async ({
    mysql,
  }) => {
    const { session, application, pair, lock } = await aPair(mysql, {
      columns: 'name VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, uses INT NOT NULL',
      change: 'MODIFY name VARCHAR(20) COLLATE utf8mb4_bin',
      rows: numbered(100, (n) => `'a${n}', 1`),
    })
    // The server rolls back whoever has written less.
    await session.run(sql`INSERT INTO t_new SELECT * FROM t`)
    const inserted = beforeWrite(session, () => application.run(sql`INSERT INTO t VALUES ('b', 0)`))

    await application.transaction(async () => {
      const copying = copyChunk(session, pair, lock, {
        range: { after: null, upTo: null },
        clearFirst: true,
        first: 'nothing',
        record: NO_RECORD,
      })
      await inserted
      await application.run(sql`UPDATE t SET uses = 2 WHERE name = 'a1'`)
      expect(await copying).toEqual({ kind: 'blocked' })
    })
  })

  test('COPY-2: one statement never deadlocks with a row that comes while it is under way', async ({
    mysql,
  }) => {
    const orders = await aPairOfOrders(mysql)
    const { application } = orders
    let updating: Promise<unknown> = Promise.resolve()

    await application.run(sql`BEGIN`)
    const outcome = await copyStoppedAt500(orders, {
      mysql,
      meanwhile: async () => {
        await application.run(sql`INSERT INTO t VALUES (1001, 0)`)
        updating = application.run(sql`UPDATE t SET total = 0 WHERE id = 1`)
        // The copy holds row 1, so this waits, and does so before the copy goes on.
        const watcher = await mysql.session()
        await vi.waitFor(async () => expect(await isHeldUp(watcher, application)).toBe(true), {
          ...WAIT,
          interval: 150,
        })
      },
    })

    expect(outcome).toEqual({ kind: 'blocked' })
    expect(await updating).toBe(1)
    await application.run(sql`COMMIT`)
    expect(await copiedIds(orders)).toEqual([])
  })

  test('COPY-2: holds nothing while it waits in line for a row', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const { application, session } = orders

    await application.run(sql`BEGIN`)
    await application.run(sql`UPDATE t SET total = 0 WHERE id = 4`)
    const copying = copy(orders, { after: [3n], upTo: [7n] }, { first: 'wait' })
    const watcher = await mysql.session()
    await vi.waitFor(async () => expect(await isHeldUp(watcher, session)).toBe(true), {
      ...WAIT,
      interval: 150,
    })
    await application.run(sql`SET SESSION innodb_lock_wait_timeout = 1`)
    await application.run(sql`UPDATE t SET total = 0`)
    await application.run(sql`COMMIT`)

    expect(await copying).toEqual({ kind: 'copied', rows: 4 })
    expect(await rowsOf(session, 't_new')).toEqual(['4 0', '5 0', '6 0', '7 0'])
  })

  test('COPY-1: one statement writes each row as it is when it is locked, and keeps the lock', async ({
    mysql,
  }) => {
    const orders = await aPairOfOrders(mysql)
    const { application, session } = orders

    const outcome = await copyStoppedAt500(orders, {
      mysql,
      meanwhile: async () => {
        await application.run(sql`UPDATE t SET total = 7 WHERE id = 700`)
        await application.run(sql`DELETE FROM t WHERE id = 800`)
        await application.run(sql`SET SESSION innodb_lock_wait_timeout = 1`)
        // Held since it was read, though the chunk is far from its commit.
        await expect(
          application.run(sql`UPDATE t SET total = 7 WHERE id = 300`),
        ).rejects.toMatchObject({ errno: 1205 })
      },
    })

    expect(outcome).toEqual({ kind: 'copied', rows: 999 })
    expect(await rowsOf(session, 't_new')).toEqual(await rowsOf(session, 't'))
  })

  test('COPY-1: one statement writes nothing when a row behind its place is held', async ({
    mysql,
  }) => {
    const orders = await aPairOfOrders(mysql)
    const { application } = orders

    await application.run(sql`BEGIN`)
    const outcome = await copyStoppedAt500(orders, {
      mysql,
      meanwhile: async () => {
        await application.run(sql`UPDATE t SET total = 7 WHERE id = 700`)
      },
    })

    expect(outcome).toEqual({ kind: 'blocked' })
    await application.run(sql`ROLLBACK`)
    expect(await copiedIds(orders)).toEqual([])
  })

  test('COPY-1: records the chunk in the transaction that copies it', async ({ mysql }) => {
    const orders = await aPairOfOrders(mysql)
    const { session } = orders
    await session.run(sql`CREATE TABLE record (copied INT NOT NULL)`)
    const range = { after: null, upTo: [10n] }
    const record = (rows: number) => session.run(sql`INSERT INTO record VALUES (${rows})`)
    const dies = new Error('the process dies before the commit')

    const failing = copyChunk(session, orders.pair, orders.lock, {
      range,
      clearFirst: false,
      first: 'nothing',
      record: async (rows) => {
        await record(rows)
        throw dies
      },
    })

    await expect(failing).rejects.toBe(dies)
    expect(await rowsOf(session, 'record')).toEqual([])
    expect(await copiedIds(orders)).toEqual([])
    await copyChunk(session, orders.pair, orders.lock, {
      range,
      clearFirst: false,
      first: 'nothing',
      record: async (rows) => void (await record(rows)),
    })
    expect(await rowsOf(session, 'record')).toEqual(['10'])
    expect(await copiedIds(orders)).toHaveLength(10)
  })

  test('takes away what an earlier process has left in the range, and nothing beside it', async ({
    mysql,
  }) => {
    const orders = await aPairOfOrders(mysql)
    const { session } = orders
    await session.run(sql`DELETE FROM t WHERE id = 5`)
    await session.run(sql`INSERT INTO t_new VALUES (3, 1), (4, 1), (5, 1), (8, 1)`)

    await copy(orders, { after: [3n], upTo: [7n] }, { clearFirst: true })

    expect(await rowsOf(session, 't_new')).toEqual(['3 1', '4 100', '6 100', '7 100', '8 1'])
  })

  test('takes away the right rows where the target orders its keys in another way', async ({
    mysql,
  }) => {
    const { session, pair, lock } = await aPair(mysql, {
      columns: 'name VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, uses INT NOT NULL',
      change: 'MODIFY name VARCHAR(20) COLLATE utf8mb4_bin',
      rows: ["('a', 1), ('B', 1), ('c', 1), ('D', 1)"],
    })
    await session.run(sql`INSERT INTO t_new VALUES ('a', 1), ('B', 9), ('c', 9), ('D', 1)`)

    await copyChunk(session, pair, lock, {
      range: { after: [Buffer.from('a')], upTo: [Buffer.from('c')] },
      clearFirst: true,
      first: 'nothing',
      record: NO_RECORD,
    })

    expect(await rowsOf(session, 't_new')).toEqual(['B 1', 'D 1', 'a 1', 'c 1'])
  })

  test('goes through a composite key without a row lost or copied twice', async ({ mysql }) => {
    const { session, pair, lock } = await aPair(mysql, {
      columns: 'a INT, b VARCHAR(10) COLLATE utf8mb4_general_ci, PRIMARY KEY (a, b)',
      rows: ["(1, 'x'), (1, 'Y'), (2, 'A'), (2, 'b'), (2, 'ß'), (3, '')"],
    })
    const key = (a: bigint, b: string): Key => [a, Buffer.from(b)]
    const bounds = [null, key(1n, 'x'), key(2n, 'A'), key(2n, 'b'), null]

    const rows: number[] = []
    for (let at = 1; at < bounds.length; at += 1) {
      const range = { after: bounds[at - 1] ?? null, upTo: bounds[at] ?? null }
      const step: CopyStep = { range, clearFirst: false, first: 'nothing', record: NO_RECORD }
      const outcome = await copyChunk(session, pair, lock, step)
      rows.push(outcome.kind === 'copied' ? outcome.rows : -1)
    }

    expect(rows).toEqual([1, 2, 1, 2])
    expect(await rowsOf(session, 't_new')).toEqual(await rowsOf(session, 't'))
  })
})

async function aPairOfOrders(mysql: MysqlTest): Promise<PairTest> {
  return await aPair(mysql, {
    columns: 'id BIGINT PRIMARY KEY, total INT NOT NULL',
    change: 'MODIFY total BIGINT NOT NULL',
    rows: numbered(1000, (n) => `${n}, 100`),
  })
}

function copy(
  { session, pair, lock }: PairTest,
  range: { readonly after: Key | null; readonly upTo: Key | null },
  { clearFirst = false, first = 'nothing' }: Partial<CopyStep> = {},
) {
  return copyChunk(session, pair, lock, { range, clearFirst, first, record: NO_RECORD })
}

/** Runs `action` before the next write of `session`; the promise settles when it is done. */
function beforeWrite(session: Session, action: () => Promise<unknown>): Promise<unknown> {
  const original = session.run.bind(session)
  const { promise, resolve, reject } = Promise.withResolvers()
  vi.spyOn(session, 'run').mockImplementationOnce(async (statement) => {
    await action().then(resolve, reject)
    return original(statement)
  })
  return promise
}

/** Copies everything, and runs `meanwhile` when the statement has read the rows up to 500 and none behind them. */
async function copyStoppedAt500(
  orders: PairTest,
  { mysql, meanwhile }: { readonly mysql: MysqlTest; readonly meanwhile: () => Promise<void> },
): Promise<CopyOutcome> {
  const [obstacle, watcher] = [await mysql.session(), await mysql.session()]
  await obstacle.rows(sql`SELECT GET_LOCK(${mysql.schema}, 0)`)
  await obstacle.run(sql`CREATE TRIGGER stop BEFORE INSERT ON t_new FOR EACH ROW
    SET @got = IF(NEW.id = 500, GET_LOCK(${sql.lit(mysql.schema)}, 60), 0)`)
  const copying = copy(orders, { after: [0n], upTo: [2000n] })
  await vi.waitFor(
    async () => expect(await stateOf(watcher, orders.session)).toBe('User lock'),
    WAIT,
  )
  await meanwhile()
  await obstacle.rows(sql`SELECT RELEASE_LOCK(${mysql.schema})`)
  return await copying
}

const WAIT = { timeout: 20_000, interval: 20 }

async function stateOf(watcher: Session, { threadId }: Session): Promise<string | null> {
  const row = await watcher.row(sql<{ state: string | null }>`
    SELECT STATE AS state FROM information_schema.PROCESSLIST WHERE ID = ${threadId}`)
  return row?.state ?? null
}

/** Whether a session waits for a row; the server answers from memory to whoever asks again within 100 ms. */
async function isHeldUp(watcher: Session, { threadId }: Session): Promise<boolean> {
  const row = await watcher.row(sql`SELECT 1 FROM information_schema.INNODB_TRX
    WHERE trx_mysql_thread_id = ${threadId} AND trx_state = 'LOCK WAIT'`)
  return row !== null
}

async function copiedIds({ session }: PairTest): Promise<readonly string[]> {
  const rows = await session.rows(sql<{ id: string }>`SELECT id FROM t_new ORDER BY id`)
  return rows.map(({ id }) => id)
}
