import { createServer } from 'node:net'
import { sql } from 'kysely'
import { describe, expect, vi } from 'vitest'
import {
  type ChangeStream,
  type ChangeStreamOptions,
  openChangeStream,
} from '../../src/binlog/stream.ts'
import type { Target } from '../../src/mysql/connect.ts'
import { isConnectionLost } from '../../src/mysql/errno.ts'
import { readPosition } from '../../src/mysql/position.ts'
import { type MysqlTest, test } from '../support/mysql.ts'
import { startProxy } from '../support/proxy.ts'
import { collect, keysOf, write } from './collect.ts'

const REASON = new Error('enough')

describe('the connection of the change stream', () => {
  test('ends when it is aborted, wherever the server has stopped to answer', async ({ mysql }) => {
    await using proxy = await startProxy(mysql.target)
    // A greeting, a login, and two answers to what prepares the session.
    for (const answers of [1, 2, 3, 4]) {
      proxy.freezeAfter(answers)
      const abort = new AbortController()
      const opening = openChangeStream(await options(mysql, proxy.target, abort.signal))
      const seen = expect(opening).rejects.toThrow('enough')
      await expect.poll(() => proxy.frozen()).toBe(answers)

      abort.abort(REASON)

      await seen
      await expect.poll(() => proxy.open()).toBe(0)
    }
  })

  test('leaves nothing open when it is aborted at any turn of its opening', async ({ mysql }) => {
    await using proxy = await startProxy(mysql.target)
    const begun = performance.now()
    const stream = await openChangeStream(await options(mysql, proxy.target))
    const tookMs = performance.now() - begun
    await stream[Symbol.asyncDispose]()

    for (let part = 0; part <= 20; part += 1) {
      const signal = AbortSignal.timeout(Math.round((tookMs * part) / 16))
      const opening = openChangeStream(await options(mysql, proxy.target, signal))
      await opening.then(
        (opened) => opened[Symbol.asyncDispose](),
        (error: unknown) => expect(error).toBe(signal.reason),
      )
    }

    await expect.poll(() => proxy.open()).toBe(0)
  })

  test('ends when nobody reads it', async ({ mysql }) => {
    await using proxy = await startProxy(mysql.target)

    const stream = await openChangeStream(await options(mysql, proxy.target))
    expect(proxy.open()).toBe(1)
    await stream[Symbol.asyncDispose]()

    await expect.poll(() => proxy.open()).toBe(0)
  })

  test.for(['reset', 'end', 'freeze'] as const)(
    'is told as lost when the network does this: %s',
    async (what, { mysql }) => {
      await using proxy = await startProxy(mysql.target)
      await using stream = await openChangeStream(await options(mysql, proxy.target))
      if (what === 'freeze') vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const reading = readAll(stream)
      const seen = expect(reading).rejects.toSatisfy(isConnectionLost)

      proxy[what]()
      if (what === 'freeze') await vi.advanceTimersByTimeAsync(3 * 60_000 + 10_000)

      await seen.finally(() => vi.useRealTimers())
    },
  )

  test('is told as lost when it was lost while nobody read', async ({ mysql }) => {
    for (const what of ['reset', 'end'] as const) {
      await using proxy = await startProxy(mysql.target)
      await using stream = await openChangeStream(await options(mysql, proxy.target))

      proxy[what]()

      await expect(readAll(stream)).rejects.toSatisfy(isConnectionLost)
    }
  })

  test('is refused as every other one', async ({ mysql }) => {
    const unused = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
      })
    })
    const targets = {
      DATABASE_UNREACHABLE: { ...mysql.target, port: unused },
      ACCESS_DENIED: { ...mysql.target, password: 'wrong' },
      DATABASE_MISSING: { ...mysql.target, schema: 'nowhere' },
    }
    for (const [code, target] of Object.entries(targets)) {
      await expect(openChangeStream(await options(mysql, target))).rejects.toMatchObject({ code })
    }
    const nowhere = { ...mysql.target, host: 'nowhere.invalid' }
    await expect(openChangeStream(await options(mysql, nowhere))).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    })
  })

  test('takes the address of a name that answers', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)

    const written = await write(session, { ...mysql.target, host: 'localhost' }, async () => {
      await session.run(sql`INSERT INTO t VALUES (1)`)
    })

    expect(keysOf((await collect(written)).flat(), 't')).toEqual([[1n]])
  })

  test('logs in with a password that the server has to be sent', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const user = `c${mysql.schema.slice(-20)}`
    // MySQL knows nothing of a new account in its cache, and asks for the whole password, encrypted by its key.
    await session.run(sql`CREATE USER ${sql.lit(user)}@'%' IDENTIFIED BY 'a long secret'`)
    await session.run(sql`GRANT ALL ON *.* TO ${sql.lit(user)}@'%'`)
    const target = { ...mysql.target, user, password: 'a long secret' }

    const written = await write(session, target, async () => {
      await session.run(sql`INSERT INTO t VALUES (1)`)
    })

    expect(keysOf((await collect(written)).flat(), 't')).toEqual([[1n]])
    await session.run(sql`DROP USER ${sql.lit(user)}@'%'`)
  })
})

async function readAll(stream: ChangeStream): Promise<void> {
  for await (const changes of stream) void changes
}

async function options(
  mysql: MysqlTest,
  target: Target,
  signal?: AbortSignal,
): Promise<ChangeStreamOptions> {
  const from = await readPosition(await mysql.session())
  const all = { target, from, heartbeatMs: 60_000, layoutOf: () => null }
  return signal ? { ...all, signal } : all
}
