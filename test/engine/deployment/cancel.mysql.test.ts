import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { RunPhase } from '../../../src/engine/port.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'
import { unfinished } from './leftovers.ts'

const CHANGE = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'

describe('cancel', () => {
  test('discards everything as soon as a deployment is staged', async ({ mysql }) => {
    const deployment = await staged(mysql)

    await expectCancelled(mysql, deployment)
  })

  test('discards everything while the copy is paused', async ({ mysql }) => {
    const deployment = await staged(mysql)
    deployment.run.pause()
    await phase(deployment, 'copying')

    await expectCancelled(mysql, deployment)
  })

  test('discards everything while a chunk waits for a row of the application', async ({
    mysql,
  }) => {
    const application = await mysql.session()
    const session = await mysql.session()
    await createOrders(session, ordersTable(1_000))

    await application.transaction(async () => {
      await application.run(sql`UPDATE orders SET total = 2 WHERE id = 500`)
      const deployment = await Deployment.stage(mysql.target, [CHANGE])
      await phase(deployment, 'copying')
      await expectCancelled(mysql, deployment)
    })
  })

  test('discards everything while the cutover waits for its locks', async ({ mysql }) => {
    const deployment = await staged(mysql)
    const application = await mysql.session()
    await deployment.reached('ready_to_cutover')

    await application.transaction(async () => {
      await application.run(sql`UPDATE orders SET total = 2 WHERE id = 500`)
      deployment.run.cutover()
      await phase(deployment, 'cutting_over')
      await expectCancelled(mysql, deployment)
    })
  })

  test('that comes with the swap leaves the tables swapped, or everything as it was', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const deployment = await staged(mysql, { revertWindowMs: 600_000 })
    await deployment.reached('ready_to_cutover')
    deployment.run.cutover()
    await phase(deployment, 'cutting_over')
    deployment.run.cancel()

    const swapped = deployment.run.finished.then(() => false)
    if (await Promise.race([swapped, deployment.reached('cutover').then(() => true)])) {
      await deployment.reached('reverse_in_sync')
      deployment.run.skipRevert()
    }
    const outcome = await deployment.run.finished

    const columns = await session.rows(sql`SHOW COLUMNS FROM orders LIKE 'status'`)
    expect(columns).toHaveLength(outcome === 'complete' ? 1 : 0)
    expect(await productTables(session)).toHaveLength(outcome === 'complete' ? 1 : 0)
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test('that comes too late is forgotten: stopped later, the run goes on at the revert window', async ({
    mysql,
  }) => {
    await createOrders(await mysql.session(), ordersTable(100))
    const stop = new AbortController()
    const deployment: Deployment = await Deployment.stage(mysql.target, [CHANGE], {
      revertWindowMs: 600_000,
      signal: stop.signal,
      listener: ({ event }) => event === 'cutover' && deployment.run.cancel(),
    })
    await deployment.reached('ready_to_cutover')
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    stop.abort(new Error('stopped'))

    await expect(deployment.run.finished).rejects.toThrow('stopped')
    expect(deployment.failure).toBeNull()
  })
})

async function staged(
  mysql: MysqlTest,
  options: Parameters<typeof Deployment.stage>[2] = {},
): Promise<Deployment> {
  await createOrders(await mysql.session(), ordersTable(1_000))
  return await Deployment.stage(mysql.target, [CHANGE], { chunkRows: 50, ...options })
}

async function phase(deployment: Deployment, wanted: RunPhase): Promise<void> {
  await expect
    .poll(() => deployment.run.status().phase, { timeout: 10_000, interval: 1 })
    .toBe(wanted)
}

async function expectCancelled(mysql: MysqlTest, deployment: Deployment): Promise<void> {
  deployment.run.cancel()

  expect(await deployment.run.finished).toBe('cancelled')
  expect(deployment.story).toMatch(/cancelled$/)
  const session = await mysql.session()
  expect(await productTables(session)).toEqual([])
  expect(await unfinished(session, mysql.schema)).toBe(0)
}
