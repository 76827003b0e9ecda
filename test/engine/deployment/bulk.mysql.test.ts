import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { createOrders, Deployment, ordersTable } from '../../support/deployment.ts'
import { NOTHING, test } from '../../support/mysql.ts'
import { startWorkload } from '../../support/workload.ts'

const ROWS = 90_000

describe('a transaction that changes very many rows', () => {
  test('is applied with a bounded number of keys in memory, and others are not held up', {
    timeout: 120_000,
  }, async ({ mysql }) => {
    const session = await mysql.session()
    const orders = ordersTable(ROWS)
    await createOrders(session, orders)
    let most = 0
    const deployment = await Deployment.stage(
      mysql.target,
      ['ALTER TABLE orders MODIFY note VARCHAR(200)'],
      { profile: 'fast' },
    )
    await deployment.reached('ready_to_cutover')
    const watching = setInterval(() => {
      most = Math.max(most, deployment.run.status().pendingKeys)
    }, 2)

    await session.run(sql`UPDATE orders SET legacy = 'bulk'`)
    await using workload = await startWorkload({
      target: mysql.target,
      tables: [orders],
      writesPerSecond: 100,
    })
    await workload.written(50)
    await expect
      .poll(() => deployment.run.status().pendingKeys, { timeout: 60_000 })
      .toBeLessThan(1_000)
    clearInterval(watching)
    deployment.run.cutover()
    await deployment.reached('complete')
    await workload.written(20)

    const report = await workload.stop()
    expect(report.errors).toEqual([])
    expect(most).toBeGreaterThan(20_000)
    // The limit, and what was read already when it was reached.
    expect(most).toBeLessThan(60_000)
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    // Those that are not were taken out and put back by the workload.
    const left = await session.row(sql<{ n: string }>`
      SELECT COUNT(*) AS n FROM orders WHERE legacy <> 'bulk' AND id <= ${sql.lit(ROWS)}`)
    expect(Number(left?.n)).toBeLessThan(report.writes)
  })

  test('is not read on while somebody holds the table that it is applied to', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(ROWS))
    const deployment = await Deployment.stage(
      mysql.target,
      ['ALTER TABLE orders MODIFY note VARCHAR(200)'],
      { profile: 'fast' },
    )
    await deployment.reached('ready_to_cutover')
    const other = await mysql.session()
    const found = await session.row(sql<{ shadow: string }>`
      SELECT TABLE_NAME AS shadow FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ${mysql.schema} AND TABLE_NAME LIKE 'orders\\_\\_%'`)
    await other.run(sql`LOCK TABLES ${sql.id(found?.shadow ?? '')} READ`)

    await session.run(sql`UPDATE orders SET legacy = 'bulk'`)
    await expect.poll(() => deployment.run.status().pendingKeys).toBeGreaterThan(20_000)
    await expect
      .poll(() => deployment.run.status().lagMs, { timeout: 30_000 })
      .toBeGreaterThan(5_000)
    const most = deployment.run.status().pendingKeys
    await other.run(sql`UNLOCK TABLES`)
    deployment.run.cutover()

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(most).toBeLessThan(30_000)
    const row = await session.row(sql<{ n: string }>`
      SELECT COUNT(*) AS n FROM orders WHERE legacy <> 'bulk'`)
    expect(Number(row?.n)).toBe(0)
  })
})
