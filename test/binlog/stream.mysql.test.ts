import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { ChangeEvent } from '../../src/binlog/event.ts'
import { openChangeStream } from '../../src/binlog/stream.ts'
import { comparePositions, readPosition } from '../../src/mysql/position.ts'
import { readBinlogEnd } from '../../src/mysql/server.ts'
import type { Session } from '../../src/mysql/session.ts'
import { test } from '../support/mysql.ts'
import { collect, keysOf, open, readLayouts, write } from './collect.ts'

const ID = { ordinal: 0, dataType: 'int', unsigned: false, length: null } as const

describe('the change stream', () => {
  test('gives both keys of an update that changes it', async ({ mysql }) => {
    const session = await orders(await mysql.session())

    const written = await write(session, mysql.target, async () => {
      await session.run(sql`INSERT INTO orders VALUES (1, 'a'), (2, 'b')`)
      await session.run(sql`UPDATE orders SET id = -id ORDER BY id`)
      await session.run(sql`UPDATE orders SET note = 'c' WHERE id = -1`)
    })

    const keys = keysOf((await collect(written)).flat(), 'orders')
    expect(keys.flat()).toEqual([1n, 2n, 1n, -1n, 2n, -2n, -1n])
  })

  test('gives every key of a statement of 10,000 rows, also across files', async ({ mysql }) => {
    const session = await orders(await mysql.session())

    const written = await write(session, mysql.target, async () => {
      await session.run(
        sql`INSERT INTO orders SELECT n, REPEAT('x', 100) FROM (${numbers(10_000)}) AS t`,
      )
      await session.run(sql`FLUSH BINARY LOGS`)
      await session.run(sql`UPDATE orders SET note = 'y' WHERE id <= 5000`)
      await session.run(sql`FLUSH BINARY LOGS`)
      await session.run(sql`DELETE FROM orders WHERE id > 5000`)
    })

    const keys = keysOf((await collect(written)).flat(), 'orders').flat()
    const [first, second] = [range(1, 5000), range(5001, 10_000)]
    expect(keys.toSorted(byNumber)).toEqual(
      [...first, ...first, ...second, ...second].toSorted(byNumber),
    )
  })

  test('has the key columns of minimal and no-blob images', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(
      sql`CREATE TABLE wide (b TEXT, a INT NOT NULL, c INT, k CHAR(3) NOT NULL, PRIMARY KEY (k, a))`,
    )

    const written = await write(session, mysql.target, async () => {
      for (const image of ['MINIMAL', 'NOBLOB', 'FULL']) {
        await session.run(sql`SET SESSION binlog_row_image = ${image}`)
        await session.run(sql`INSERT INTO wide (a, k) VALUES (1, 'x')`)
        await session.run(sql`UPDATE wide SET c = 5, b = 'text'`)
        await session.run(sql`UPDATE wide SET a = 2`)
        await session.run(sql`DELETE FROM wide`)
      }
    })

    const keys = keysOf((await collect(written)).flat(), 'wide').map(([k, a]) => `${k}/${a}`)
    const x = new Uint8Array(Buffer.from('x')).toString()
    const each = [`${x}/1`, `${x}/1`, `${x}/1`, `${x}/2`, `${x}/2`]
    expect(keys).toEqual([...each, ...each, ...each])
  })

  test('goes on from the position of any transaction with exactly the rest', async ({ mysql }) => {
    const session = await orders(await mysql.session())
    const written = await write(session, mysql.target, async () => {
      for (let id = 1; id <= 6; id += 1) {
        await session.run(sql`INSERT INTO orders VALUES (${id}, 'a')`)
        if (id === 3) await session.run(sql`FLUSH BINARY LOGS`)
      }
    })
    const end = await readBinlogEnd(session)
    const changes = (await collect(written)).flat()
    const boundaries = changes.flatMap((change, index) =>
      change.type === 'transaction' ? [{ index, from: change.position }] : [],
    )

    for (const { index, from } of boundaries) {
      const rest = (await collect({ ...written, from })).flat()
      expect(keysOf(rest, 'orders')).toEqual(keysOf(changes.slice(index), 'orders'))
    }
    expect(boundaries.length).toBeGreaterThanOrEqual(6)
    expect(end).not.toBeNull()
    for (const [index, { from }] of boundaries.entries()) {
      const next = boundaries[index + 1]
      if (next) expect(comparePositions(from, next.from)).toBe(-1)
    }
  })

  test('starts from a file and an offset as well', async ({ mysql }) => {
    const session = await orders(await mysql.session())
    const end = await readBinlogEnd(session)
    const written = await write(session, mysql.target, async () => {
      await session.run(sql`INSERT INTO orders VALUES (1, 'a')`)
      await session.run(sql`FLUSH BINARY LOGS`)
      await session.run(sql`INSERT INTO orders VALUES (2, 'a')`)
    })
    const from = { kind: 'file', file: end?.file ?? '', offset: end?.offset ?? 0n } as const

    const changes = (await collect({ ...written, from })).flat()

    expect(keysOf(changes, 'orders')).toEqual([[1n], [2n]])
    const places = changes.flatMap((change) => ('position' in change ? [change.position] : []))
    for (const [index, place] of places.entries()) {
      expect(place.kind).toBe('file')
      expect(comparePositions(places[index - 1] ?? from, place)).toBeOneOf([-1, 0])
    }
  })

  test('ends an array at a statement, and asks for the layout anew after it', async ({ mysql }) => {
    const session = await orders(await mysql.session())
    const written = await write(session, mysql.target, async () => {
      await session.run(sql`INSERT INTO orders VALUES (1, 'a')`)
      await session.run(sql`ALTER TABLE orders ADD COLUMN total INT FIRST`)
      await session.run(sql`INSERT INTO orders VALUES (0, 2, 'b')`)
    })
    const layouts = new Map(written.layouts)

    const arrays: (readonly ChangeEvent[])[] = []
    await using stream = await open({ ...written, layouts })
    for await (const changes of stream) {
      arrays.push(changes)
      const last = changes.at(-1)
      if (last?.type === 'statement' && last.statement.startsWith('ALTER')) {
        layouts.set('orders', { columnCount: 3, keyColumns: [{ ...ID, ordinal: 1 }] })
      }
      if (keysOf(changes, 'orders').some(([id]) => id === 2n)) break
    }

    expect(keysOf(arrays.flat(), 'orders')).toEqual([[1n], [2n]])
    for (const changes of arrays) {
      const statements = changes.map(({ type }) => type === 'statement')
      expect(statements.indexOf(true)).toBeOneOf([-1, changes.length - 1])
    }
  })

  test('refuses rows of a table whose columns are not those of the layout', async ({ mysql }) => {
    const session = await orders(await mysql.session())
    const written = await write(session, mysql.target, async () => {
      await session.run(sql`INSERT INTO orders VALUES (1, 'a')`)
      await session.run(sql`ALTER TABLE orders ADD COLUMN total INT FIRST`)
      await session.run(sql`INSERT INTO orders VALUES (0, 2, 'b')`)
    })

    await expect(collect(written)).rejects.toMatchObject({ code: 'TABLE_CHANGED' })
  })

  test('gives statement-format DML as a statement inside its transaction', async ({ mysql }) => {
    const session = await orders(await mysql.session())
    await session.run(sql`SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ`)

    const written = await write(session, mysql.target, async () => {
      await session.run(sql`SET SESSION binlog_format = 'STATEMENT'`)
      await session.run(sql`INSERT INTO orders VALUES (1, 'a')`)
      await session.run(sql`SET SESSION binlog_format = 'ROW'`)
    })

    const own = (await collect(written)).flat()
    const statement = own.findIndex(({ type }) => type === 'statement')
    expect(own[statement]).toMatchObject({ statement: "INSERT INTO orders VALUES (1, 'a')" })
    expect(own[statement + 1]).toMatchObject({ type: 'transaction' })
  })

  test('gives the rows of an XA transaction once, when it is prepared', async ({ mysql }) => {
    const session = await orders(await mysql.session())
    const xid = sql.lit(mysql.schema)

    const written = await write(session, mysql.target, async () => {
      await session.run(sql`XA START ${xid}`)
      await session.run(sql`INSERT INTO orders VALUES (1, 'a')`)
      await session.run(sql`XA END ${xid}`)
      await session.run(sql`XA PREPARE ${xid}`)
      await session.run(sql`XA COMMIT ${xid}`)
    })

    const changes = (await collect(written)).flat()
    expect(keysOf(changes, 'orders')).toEqual([[1n]])
    expect(changes.filter(({ type }) => type === 'statement')).toEqual([])
  })

  test('says nothing of a transaction that was rolled back', async ({ mysql }) => {
    const session = await orders(await mysql.session())

    const written = await write(session, mysql.target, async () => {
      await session.run(sql`START TRANSACTION`)
      await session.run(sql`INSERT INTO orders VALUES (1, 'a')`)
      await session.run(sql`SAVEPOINT s`)
      await session.run(sql`INSERT INTO orders VALUES (2, 'a')`)
      await session.run(sql`ROLLBACK TO SAVEPOINT s`)
      await session.run(sql`COMMIT`)
      await session.run(sql`START TRANSACTION`)
      await session.run(sql`INSERT INTO orders VALUES (3, 'a')`)
      await session.run(sql`ROLLBACK`)
    })

    expect(keysOf((await collect(written)).flat(), 'orders')).toEqual([[1n]])
  })

  test('says that it is alive while nothing happens, and what happens then', async ({ mysql }) => {
    const session = await orders(await mysql.session())
    const layouts = await readLayouts(session)
    const from = await readPosition(session)
    await using stream = await openChangeStream({
      target: mysql.target,
      from,
      heartbeatMs: 100,
      layoutOf: (schema, table) => (schema === mysql.schema ? (layouts.get(table) ?? null) : null),
    })
    let inserted = false

    for await (const changes of stream) {
      if (keysOf(changes, 'orders').length > 0) break
      if (!inserted && changes.some(({ type }) => type === 'heartbeat')) {
        inserted = true
        await session.run(sql`INSERT INTO orders VALUES (1, 'a')`)
      }
    }

    expect(inserted).toBe(true)
  })

  test('waits for a reader that is slow, and loses nothing', async ({ mysql }) => {
    const session = await orders(await mysql.session())
    const from = await readPosition(session)
    const layouts = await readLayouts(session)
    await using stream = await open({ target: mysql.target, schema: mysql.schema, from, layouts })
    const before = process.memoryUsage().rss

    // More than sockets hold: the server has to wait until the first array is asked for.
    for (let from1 = 0; from1 < 60_000; from1 += 10_000) {
      await session.run(
        sql`INSERT INTO orders SELECT n + ${from1}, REPEAT('x', 1000) FROM (${numbers(10_000)}) AS t`,
      )
    }
    const unread = process.memoryUsage().rss - before
    let count = 0
    for await (const changes of stream) {
      count += keysOf(changes, 'orders').length
      if (count === 60_000) break
    }

    expect(count).toBe(60_000)
    expect(unread).toBeLessThan(40 * 1024 * 1024)
  })

  test('ends when it is aborted', async ({ mysql }) => {
    const session = await mysql.session()
    const abort = new AbortController()
    const from = await readPosition(session)
    const { signal } = abort
    const options = { target: mysql.target, from, heartbeatMs: 60_000, layoutOf: () => null }
    await using stream = await openChangeStream({ ...options, signal })
    const reading = (async () => {
      for await (const changes of stream) void changes
    })()

    abort.abort(new Error('enough'))

    await expect(reading).rejects.toThrow('enough')
    await expect(openChangeStream({ ...options, signal })).rejects.toThrow('enough')
  })

  test('refuses a position that is gone', async ({ mysql }) => {
    const from = { kind: 'file', file: 'binlog.777777', offset: 4n } as const

    const opening = openChangeStream({
      target: mysql.target,
      from,
      heartbeatMs: 1000,
      layoutOf: () => null,
    })

    await expect(opening).rejects.toMatchObject({ code: 'POSITION_GONE' })
  })

  test('refuses an account that may not read the binary log', async ({ mysql }) => {
    const session = await mysql.session()
    const user = sql.lit(`u${mysql.schema.slice(-20)}`)
    await session.run(sql`CREATE USER ${user}@'%' IDENTIFIED BY 'secret'`)
    await session.run(sql`GRANT SELECT ON *.* TO ${user}@'%'`)
    const target = { ...mysql.target, user: `u${mysql.schema.slice(-20)}`, password: 'secret' }
    const from = await readPosition(session)

    const opening = openChangeStream({ target, from, heartbeatMs: 1000, layoutOf: () => null })

    await expect(opening).rejects.toMatchObject({ code: 'PRIVILEGE_MISSING' })
    await session.run(sql`DROP USER ${user}@'%'`)
  })
})

/** `session` with the table `orders`. */
async function orders(session: Session): Promise<Session> {
  await session.run(sql`CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(1000))`)
  return session
}

/** A query of the numbers from 1 to `count`, at most 10,000. */
function numbers(count: number) {
  const digits = sql`(SELECT 0 AS d
    UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)`
  return sql`SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS n
    FROM ${digits} AS a, ${digits} AS b, ${digits} AS c, ${digits} AS e LIMIT ${sql.lit(count)}`
}

function range(from: number, until: number): bigint[] {
  return Array.from({ length: until - from + 1 }, (_, index) => BigInt(from + index))
}

function byNumber(a: unknown, b: unknown): number {
  return Number(a) - Number(b)
}
