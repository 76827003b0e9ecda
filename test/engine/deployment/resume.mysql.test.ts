import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { readBinlogEnd } from '../../../src/mysql/server.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { startThrowaway, type ThrowawayServer } from '../../../src/mysql/throwaway.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { NOTHING, test } from '../../support/mysql.ts'
import { shutDown } from '../../support/shut-down.ts'
import { startWorkload } from '../../support/workload.ts'

const CHANGE = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'
const ROWS = 3_000

/** Positions are GTIDs, or files and offsets; MariaDB always has GTIDs. */
const POSITIONS = {
  mysql: [[], ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']],
  mariadb: [[]],
} as const

describe('CRASH-2: a server that is restarted', () => {
  test('in good order, and begins new binlog files, costs no row', {
    timeout: 120_000,
  }, async ({ mysql }) => {
    for (const args of POSITIONS[mysql.flavour]) {
      await using server = await startShop(mysql.flavour, args)
      const target = parseTarget(server.url('shop'))
      const orders = ordersTable(ROWS)
      await using workload = await startWorkload({
        target,
        tables: [orders],
        writesPerSecond: 200,
        reconnect: true,
      })
      const deployment = await Deployment.stage(target, [CHANGE], {
        chunkRows: 100,
        throttleRatio: 60,
        revertWindowMs: 600_000,
      })
      await expect
        .poll(() => deployment.run.status().rowsCopied, { timeout: 20_000 })
        .toBeGreaterThan(ROWS / 4)

      await flush(server)
      await shutDown(server)
      await server.start()
      await flush(server)
      await deployment.reached('ready_to_cutover')
      await flush(server)
      deployment.run.cutover()
      await deployment.reached('reverse_in_sync')
      await workload.written(50)
      deployment.run.revert()

      expect(await deployment.run.finished, deployment.story).toBe('reverted')
      const report = await workload.stop()
      await using session = await connect(target)
      expect(report.errors.filter(({ connectionLost }) => !connectionLost)).toEqual([])
      expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    }
  })
})

describe('a deployment whose position was purged from the binlog', () => {
  test('before the cutover is refused, leaves the live table alone and makes room for another', {
    timeout: 60_000,
  }, async ({ mysql }) => {
    await using server = await startShop(mysql.flavour, [])
    const target = parseTarget(server.url('shop'))
    await using session = await connect(target)
    const engine = EngineProcess.stage(target, [CHANGE])
    onTestFinished(() => engine.kill())
    await engine.seen(({ event }) => event === 'ready_to_cutover')
    await engine.kill()
    await session.run(sql`UPDATE orders SET total = 7 WHERE id = 3`)
    await purge(session)

    const resumed = await Deployment.resume(target, engine.id)

    expect(await resumed.run.finished).toBe('failed')
    expect(resumed.failure).toMatchObject({ code: 'POSITION_GONE' })
    expect(await productTables(session)).toEqual([])
    const again = await Deployment.stage(target, [CHANGE], { cutover: 'auto' })
    expect(await again.run.finished, again.story).toBe('complete')
    expect(
      await session.row(sql`SELECT CAST(total AS CHAR) AS total, status FROM orders WHERE id = 3`),
    ).toEqual({ total: '7.00', status: 0 })
  })

  test('after it keeps the new table, and tells that there is no way back', {
    timeout: 60_000,
  }, async ({ mysql }) => {
    await using server = await startShop(mysql.flavour, [])
    const target = parseTarget(server.url('shop'))
    await using session = await connect(target)
    const engine = EngineProcess.stage(target, [CHANGE], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    onTestFinished(() => engine.kill())
    await engine.seen(({ event }) => event === 'reverse_in_sync')
    await engine.kill()
    await session.run(sql`UPDATE orders SET total = 7 WHERE id = 3`)
    await purge(session)

    const resumed = await Deployment.resume(target, engine.id)

    expect(await resumed.run.finished).toBe('complete')
    expect(resumed.events.find(({ event }) => event === 'revert_impossible')).toMatchObject({
      reason: expect.stringContaining('binary log'),
    })
    expect(
      await session.row(sql`SELECT CAST(total AS CHAR) AS total, status FROM orders WHERE id = 3`),
    ).toEqual({ total: '7.00', status: 0 })
  })
})

async function startShop(
  flavour: ThrowawayServer['flavour'],
  args: readonly string[],
): Promise<ThrowawayServer> {
  const server = await startThrowaway(flavour, { env: process.env, args })
  await using session = await connect(parseTarget(server.url()))
  await session.run(sql`CREATE DATABASE shop`)
  await session.run(sql`USE shop`)
  await createOrders(session, ordersTable(ROWS))
  return server
}

async function flush(server: ThrowawayServer): Promise<void> {
  await using session = await connect(parseTarget(server.url()))
  await session.run(sql`FLUSH BINARY LOGS`)
}

/** Leaves nothing of the binlog but its newest file. */
async function purge(session: Session): Promise<void> {
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
}

test('CRASH-1: values that moved meanwhile are not held up by rows that an earlier process has copied', {
  timeout: 60_000,
}, async ({ mysql }) => {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE queue (id INT PRIMARY KEY, pos INT NOT NULL, UNIQUE (pos))`)
  await session.run(
    sql`INSERT INTO queue VALUES ${sql.join(Array.from({ length: 400 }, (_, n) => sql`(${n}, ${n})`))}`,
  )
  const application = await mysql.session()
  await application.run(sql`BEGIN`)
  // The first chunk waits, and the rest of the table is copied.
  await application.run(sql`SELECT * FROM queue WHERE id = 0 FOR UPDATE`)
  const engine = EngineProcess.stage(mysql.target, ['ALTER TABLE queue ADD COLUMN w INT'], {
    chunkRows: 10,
    profile: 'fast',
  })
  onTestFinished(() => engine.kill())
  await engine.seen((event) => event.event === 'progress' && event.rowsCopied >= 390)
  await engine.kill()

  // Each row takes the value that the copy of the next one has.
  await application.run(sql`UPDATE queue SET pos = pos + 1 ORDER BY pos DESC`)
  await application.run(sql`COMMIT`)
  const resumed = await Deployment.resume(mysql.target, engine.id)
  await expect
    .poll(() => resumed.run.status().phase, { timeout: 20_000 })
    .not.toMatch(/starting|copying/)
  await resumed.reached('ready_to_cutover')
  resumed.run.cutover()

  expect(await resumed.run.finished, resumed.story).toBe('complete')
  expect(await session.rows(sql`SELECT id FROM queue WHERE pos <> id + 1`)).toEqual([])
})
