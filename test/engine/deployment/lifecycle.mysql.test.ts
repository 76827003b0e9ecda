import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { type MysqlTest, NOTHING, test } from '../../support/mysql.ts'
import { startWorkload } from '../../support/workload.ts'

const WIDEN =
  "ALTER TABLE orders MODIFY total DECIMAL(14,4) NOT NULL DEFAULT 0, ADD COLUMN status ENUM('new','paid') NOT NULL DEFAULT 'new' FIRST, DROP COLUMN legacy"

describe('a deployment under writes', () => {
  test('CUTOVER-1: loses, invents and changes no row, and disturbs no write', async ({ mysql }) => {
    const { session, workload } = await shop(mysql)

    const deployment = await Deployment.stage(mysql.target, [WIDEN])
    await deployment.reached('ready_to_cutover')
    await workload.written(500)
    deployment.run.cutover()
    await deployment.reached('complete')
    await workload.written(500)
    const report = await workload.stop()

    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    expect(deployment.story).toBe('started → ready_to_cutover → cutover → complete')
  })

  test('REVERSE-1: brings the old table back with the rows written since, and its own columns kept', async ({
    mysql,
  }) => {
    const { session, workload } = await shop(mysql)
    await session.run(sql`UPDATE orders SET legacy = CONCAT('row ', id) WHERE id <= 50`)

    const deployment = await Deployment.stage(mysql.target, [WIDEN], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')
    await workload.written(500)
    deployment.run.revert()
    await deployment.reached('reverted')
    await workload.written(300)
    const report = await workload.stop()

    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    const kept = await session.rows(
      sql<{ id: number; legacy: string }>`SELECT id, legacy FROM orders WHERE legacy <> 'kept'`,
    )
    // A row that the application moved to another key before the cutover took its value along.
    expect(kept.filter(({ id, legacy }) => legacy === `row ${id}`).length).toBeGreaterThan(10)
    expect(new Set(kept.map(({ legacy }) => legacy)).size).toBe(kept.length)
  })

  test('keeps the old table equal to the new one for as long as the revert window is open', async ({
    mysql,
  }) => {
    const { session, workload } = await shop(mysql)
    const deployment = await Deployment.stage(mysql.target, [WIDEN], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')
    await workload.written(300)

    const [old = ''] = await productTables(session)
    await workload.whileHeld(async (report) => {
      await expect.poll(() => deployment.run.status().pendingKeys, { timeout: 10_000 }).toBe(0)
      await expect
        .poll(() => report.compare(session, old, { ledger: 'orders' }), { timeout: 10_000 })
        .toEqual(NOTHING)
    })
    deployment.run.skipRevert()

    await deployment.reached('complete')
    expect(await productTables(session)).toEqual([old])
  })

  test('CUTOVER-2: swaps all tables of a request in one RENAME, also those it creates and drops', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const [first, second] = [ordersTable(3_000), ordersTable(1_000, 'refunds')]
    for (const table of [first, second]) await createOrders(session, table)
    await session.run(sql`CREATE TABLE unused (id INT PRIMARY KEY)`)
    await session.run(sql`INSERT INTO unused VALUES (1), (2)`)
    // Each table has writers of its own: transactions over several tables of one request are another matter.
    const workload = await start(mysql, [first])
    const refunds = await start(mysql, [second])

    const deployment = await Deployment.stage(
      mysql.target,
      [
        WIDEN,
        'ALTER TABLE refunds ADD INDEX by_total (total)',
        'CREATE TABLE receipts (id INT PRIMARY KEY, CHECK (id > 0))',
        'DROP TABLE unused',
      ],
      { revertWindowMs: 600_000 },
    )
    await deployment.reached('ready_to_cutover')
    expect(await tableNames(mysql)).toContain('unused')
    expect(await tableNames(mysql)).not.toContain('receipts')
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    expect(await tableNames(mysql)).toContain('receipts')
    expect(await tableNames(mysql)).not.toContain('unused')
    await workload.written(300)
    deployment.run.revert()
    await deployment.reached('reverted')
    for (const [table, report] of [
      ['orders', await workload.stop()],
      ['refunds', await refunds.stop()],
    ] as const) {
      expect(report.errors).toEqual([])
      expect(await report.compare(session, table)).toEqual(NOTHING)
    }
    expect(await session.rows(sql`SELECT id FROM unused`)).toHaveLength(2)
    expect(await tableNames(mysql)).not.toContain('receipts')
  })

  test('discards the shadow table when it is cancelled, and leaves the live one alone', async ({
    mysql,
  }) => {
    const { session, workload } = await shop(mysql)
    const deployment = await Deployment.stage(mysql.target, [WIDEN])
    await deployment.reached('ready_to_cutover')

    deployment.run.cancel()

    expect(await deployment.run.finished).toBe('cancelled')
    expect(await productTables(session)).toEqual([])
    const report = await workload.stop()
    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  })

  test('goes on with the next number when the last rows were deleted', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    await session.run(sql`ALTER TABLE orders AUTO_INCREMENT = 5000`)

    const deployment = await Deployment.stage(mysql.target, [WIDEN], { cutover: 'auto' })
    await deployment.reached('complete')
    await session.run(sql`INSERT INTO orders (total) VALUES (1)`)

    const row = await session.row(sql<{ id: number }>`SELECT MAX(id) AS id FROM orders`)
    expect(Number(row?.id)).toBe(5000)
  })

  test('goes on with the next number of a table with partitions too, whatever its comment says', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)
      COMMENT 'not AUTO_INCREMENT=9000' PARTITION BY HASH (id) PARTITIONS 2`)
    const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE t MODIFY v BIGINT'])
    await deployment.reached('ready_to_cutover')
    await session.run(sql`INSERT INTO t VALUES (4999, 1)`)
    await session.run(sql`DELETE FROM t`)
    deployment.run.cutover()
    await deployment.reached('complete')

    await session.run(sql`INSERT INTO t (v) VALUES (1)`)

    expect(await session.rows(sql`SELECT id FROM t`)).toEqual([{ id: 5000 }])
  })

  test('copies nothing while paused, and goes on when told', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(5_000))
    const deployment = await Deployment.stage(mysql.target, [WIDEN], { chunkRows: 100 })
    deployment.run.pause()

    await expect
      .poll(() => deployment.events.filter(({ event }) => event === 'progress').length, {
        timeout: 10_000,
      })
      .toBeGreaterThan(1)
    expect(deployment.story).toBe('started')
    expect(deployment.run.status()).toMatchObject({ paused: true, phase: 'copying' })
    deployment.run.resume()

    await deployment.reached('ready_to_cutover')
    deployment.run.cancel()
    await deployment.run.finished
  })

  test('gives way to a long transaction at the cutover, names it, and swaps once it has ended', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(100))
    const application = await mysql.session()
    const deployment = await Deployment.stage(mysql.target, [WIDEN])
    await deployment.reached('ready_to_cutover')

    await application.transaction(async () => {
      await application.run(sql`UPDATE orders SET total = 7 WHERE id = 1`)
      deployment.run.cutover()
      await deployment.reached('cutover_retry')
      expect(deployment.events).toContainEqual(
        expect.objectContaining({
          event: 'cutover_retry',
          reason: expect.stringContaining(
            // MariaDB's performance schema is off by default, and nothing else tells who holds a table.
            `connection ${application.threadId} ${mysql.flavour === 'mysql' ? 'holds orders' : 'has a transaction of'}`,
          ),
        }),
      )
      expect(deployment.run.status().throttledBy).toContain(`connection ${application.threadId}`)
    })
    await deployment.reached('complete')

    expect(deployment.run.status().throttledBy).toBeNull()
    expect(await session.rows(sql`SELECT total FROM orders WHERE id = 1`)).toEqual([
      { total: '7.0000' },
    ])
  })
})

describe('two deployments of one server', () => {
  test('do not hold each other up, also while one of them cannot have its locks', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    for (const table of ['orders', 'refunds']) await createOrders(session, ordersTable(100, table))
    const application = await mysql.session()
    const blocked = await Deployment.stage(mysql.target, [WIDEN])
    await blocked.reached('ready_to_cutover')

    await application.transaction(async () => {
      await application.run(sql`UPDATE orders SET total = 7 WHERE id = 1`)
      blocked.run.cutover()
      await lockPending(session, 'orders')
      const index = 'ALTER TABLE refunds ADD INDEX by_total (total)'
      const other = await Deployment.stage(mysql.target, [index], { cutover: 'auto' })
      await other.reached('complete')
      expect(blocked.story).toBe('started → ready_to_cutover')
    })

    await blocked.reached('complete')
  })
})

describe('a command that makes no sense now', () => {
  test('is refused with the next step and changes nothing', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    const deployment = await Deployment.stage(mysql.target, [WIDEN])
    await deployment.reached('ready_to_cutover')

    expect(() => deployment.run.revert()).toThrow(
      expect.objectContaining({ code: 'DEPLOY_STATE', next: expect.stringContaining('Cut over') }),
    )
    expect(() => deployment.run.throttle(96)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    )
    deployment.run.cancel()
    await deployment.run.finished
    expect(() => deployment.run.cutover()).toThrow(
      expect.objectContaining({ code: 'DEPLOY_STATE' }),
    )
  })
})

async function shop(mysql: MysqlTest) {
  const session = await mysql.session()
  const orders = ordersTable(5_000)
  await createOrders(session, orders)
  return { session, workload: await start(mysql, [orders]) }
}

async function start(mysql: MysqlTest, tables: readonly ReturnType<typeof ordersTable>[]) {
  const workload = await startWorkload({ target: mysql.target, tables, writers: 4 })
  onTestFinished(async () => void (await workload.stop()))
  return workload
}

/** Resolves once LOCK TABLES waits for a table. */
async function lockPending(session: Session, table: string): Promise<void> {
  await expect
    .poll(async () => {
      const rows = await session.rows(sql`
        SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = DATABASE()
          AND STATE = 'Waiting for table metadata lock'
          AND INFO LIKE 'LOCK TABLES%' AND LOCATE(${table}, INFO) > 0`)
      return rows.length
    })
    .toBeGreaterThan(0)
}

async function tableNames(mysql: MysqlTest): Promise<readonly string[]> {
  const session = await mysql.session()
  const rows = await session.rows(sql<{ name: string }>`
    SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()`)
  return rows.map(({ name }) => name)
}
