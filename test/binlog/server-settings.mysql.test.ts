import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { openChangeStream } from '../../src/binlog/stream.ts'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import { isConnectionLost } from '../../src/mysql/errno.ts'
import { readPosition } from '../../src/mysql/position.ts'
import { readBinlogEnd } from '../../src/mysql/server.ts'
import type { Session } from '../../src/mysql/session.ts'
import { startThrowaway, type ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { test } from '../support/mysql.ts'
import { collect, keysOf, readLayouts, write } from './collect.ts'

/** Settings of a server that change the bytes of its binlog, or where it says they are. */
const SETTINGS = {
  mysql: [
    ['--binlog-transaction-compression=ON', '--binlog-row-value-options=PARTIAL_JSON'],
    ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF', '--binlog-checksum=NONE'],
    [
      '--binlog-row-metadata=FULL',
      '--binlog-rows-query-log-events=ON',
      '--log-bin-use-v1-row-events=ON',
    ],
  ],
  mariadb: [
    ['--log-bin-compress=ON', '--log-bin-compress-min-len=10'],
    ['--binlog-checksum=NONE', '--binlog-row-metadata=FULL', '--binlog-alter-two-phase=ON'],
    ['--binlog-annotate-row-events=ON', '--gtid-strict-mode=ON', '--server-id=4294967295'],
  ],
} as const

describe('the change stream, whatever the server is set to', () => {
  test('gives the same keys', async ({ mysql }) => {
    for (const settings of SETTINGS[mysql.flavour]) {
      const args = settings.map((setting) =>
        setting.replace('--log-bin-use', '--loose-log-bin-use'),
      )
      await using server = await start(mysql.flavour, args)
      await using session = await connect(target(server))
      await session.run(
        sql`CREATE TABLE t (id BIGINT PRIMARY KEY, j JSON, b LONGBLOB, note TEXT, c VARCHAR(500) NOT NULL)`,
      )

      const written = await write(session, target(server), () => workload(session))

      const changes = (await collect(written)).flat()
      const keys = keysOf(changes, 't').map(([id]) => Number(id))
      const [small, bulk] = [keys.slice(0, 7), keys.slice(7)]
      expect({ settings, small }).toEqual({ settings, small: [1, 2, 1, 2, 2, -2, 1] })
      expect(new Set(bulk)).toEqual(new Set(Array.from({ length: 4096 }, (_, n) => n + 100)))
      expect(bulk).toHaveLength(2 * 4096)
      // MariaDB says an ALTER twice when it is logged in two phases.
      const statements = changes.flatMap((change) =>
        change.type === 'statement' ? [change.statement] : [],
      )
      expect(new Set(statements).size).toBe(2)
    }
  })

  test('reads an event longer than a packet can be', async ({ mysql }) => {
    await using server = await start(mysql.flavour, ['--max-allowed-packet=128M'])
    await using session = await connect(target(server))
    await session.run(sql`CREATE TABLE t (b LONGBLOB, id INT PRIMARY KEY)`)

    const written = await write(session, target(server), async () => {
      await session.run(sql`INSERT INTO t VALUES (REPEAT('x', 40000000), 7)`)
      await session.run(sql`UPDATE t SET id = 8`)
    })

    expect(keysOf((await collect(written)).flat(), 't').flat()).toEqual([7n, 7n, 8n])
  })

  test('refuses a position whose file was purged', async ({ mysql }) => {
    await using server = await start(mysql.flavour, [])
    await using session = await connect(target(server))
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const end = await readBinlogEnd(session)
    const places = [
      await readPosition(session),
      { kind: 'file', file: end?.file ?? '', offset: end?.offset ?? 0n } as const,
    ]
    await session.run(sql`INSERT INTO t VALUES (1)`)
    await session.run(sql`FLUSH BINARY LOGS`)
    await session.run(sql`FLUSH BINARY LOGS`)
    const now = await readBinlogEnd(session)
    // MariaDB keeps a file until its storage engines have caught up with it.
    await expect
      .poll(async () => {
        await session.run(sql`PURGE BINARY LOGS TO ${sql.lit(now?.file ?? '')}`)
        return session.rows(sql`SHOW BINARY LOGS`)
      })
      .toHaveLength(1)

    for (const from of places) {
      const opening = openChangeStream({
        target: target(server),
        from,
        heartbeatMs: 1000,
        layoutOf: () => null,
      })
      await expect(opening).rejects.toMatchObject({ code: 'POSITION_GONE' })
    }
  })

  test.for(['connection', 'server'] as const)(
    'throws the error of a lost connection when the %s is killed, and goes on from the last position',
    async (what, { mysql }) => {
      await using server = await start(mysql.flavour, [])
      const session = await connect(target(server))
      await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
      let from = await readPosition(session)
      const layouts = await readLayouts(session)
      const layoutOf = (_: string, table: string) => layouts.get(table) ?? null
      const options = { target: target(server), heartbeatMs: 100, layoutOf }
      await session.run(sql`INSERT INTO t VALUES (1)`)
      const seen: unknown[] = []
      const follow = async (onKeys: () => Promise<void>) => {
        await using stream = await openChangeStream({ ...options, from })
        for await (const changes of stream) {
          from = changes.findLast((change) => 'position' in change)?.position ?? from
          seen.push(...keysOf(changes, 't').flat())
          if (keysOf(changes, 't').length > 0) await onKeys()
        }
      }

      const reading = follow(() => (what === 'server' ? server.kill() : killReader(session)))

      await expect(reading).rejects.toSatisfy(isConnectionLost)
      session.destroy()
      if (what === 'server') await server.start()
      await using again = await connect(target(server))
      await again.run(sql`INSERT INTO t VALUES (2)`)
      await expect(follow(() => Promise.reject(new Error('seen')))).rejects.toThrow('seen')
      expect(seen).toEqual([1n, 2n])
    },
  )

  test('follows ids with tags and of several sources or domains', async ({ mysql }) => {
    await using server = await start(mysql.flavour, [])
    await using session = await connect(target(server))
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const ids = {
      mysql: ['AUTOMATIC:deploy', `${OTHER_SOURCE}:7`, `${OTHER_SOURCE}:tagged:3`, 'AUTOMATIC'],
      mariadb: ['3', '0', '7', '3'],
    }[mysql.flavour]

    const written = await write(session, target(server), async () => {
      for (const [index, id] of ids.entries()) {
        if (mysql.flavour === 'mysql') await session.run(sql`SET gtid_next = ${id}`)
        else await session.run(sql`SET SESSION gtid_domain_id = ${sql.lit(Number(id))}`)
        await session.run(sql`INSERT INTO t VALUES (${index})`)
      }
    })

    const changes = (await collect(written)).flat()
    const positions = changes.flatMap((change) =>
      change.type === 'transaction' ? [change.position] : [],
    )
    for (const [index, from] of positions.entries()) {
      const rest = keysOf((await collect({ ...written, from })).flat(), 't')
      expect(rest).toEqual(ids.slice(index + 1).map((_, offset) => [BigInt(index + 1 + offset)]))
    }
    // The barrier is the one transaction more.
    expect(positions).toHaveLength(ids.length)
    const now = await readPosition(session)
    expect(now).toMatchObject({ kind: 'gtid' })
  })
})

const OTHER_SOURCE = '3e11fa47-71ca-11e1-9e33-c80aa9429562'

function target(server: ThrowawayServer) {
  return parseTarget(server.url('shop'))
}

/** A server of its own with these settings and the schema `shop`. */
async function start(flavour: ThrowawayServer['flavour'], args: readonly string[]) {
  const server = await startThrowaway(flavour, { env: process.env, args })
  await using session = await connect(parseTarget(server.url()))
  await session.run(sql`CREATE DATABASE shop`)
  return server
}

/** Small changes, a DDL of another table, then 4,096 wide rows in one transaction. */
async function workload(session: Session): Promise<void> {
  const document = JSON.stringify({ a: 1, text: 'x'.repeat(500) })
  await session.run(
    sql`INSERT INTO t VALUES (1, ${document}, 'b', NULL, ''), (2, ${document}, NULL, 'n', 'c')`,
  )
  await session.run(sql`UPDATE t SET j = JSON_SET(j, '$.a', 2) ORDER BY id`)
  await session.run(sql`CREATE TABLE other (id INT PRIMARY KEY)`)
  await session.run(sql`UPDATE t SET id = -id, note = 'changed' WHERE id = 2`)
  await session.run(sql`ALTER TABLE other ADD note TEXT`)
  await session.run(sql`DELETE FROM t WHERE id = 1`)
  await session.transaction(async () => {
    await session.run(sql`INSERT INTO t VALUES (100, NULL, NULL, NULL, REPEAT('w', 500))`)
    for (let rows = 1; rows < 4096; rows *= 2) {
      await session.run(
        sql`INSERT INTO t SELECT id + ${rows}, j, b, note, c FROM t WHERE id >= 100 AND id < ${100 + rows}`,
      )
    }
    await session.run(sql`UPDATE t SET note = 'n' WHERE id >= 100`)
  })
}

/** Ends the connection of whoever reads the binlog. */
async function killReader(session: Session): Promise<void> {
  const readers = await session.rows(
    sql<{
      id: string
    }>`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'`,
  )
  for (const { id } of readers) await session.run(sql`KILL CONNECTION ${sql.lit(Number(id))}`)
}
