import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { discardDeployment } from '../../../src/engine/leftover.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { type MysqlTest, NOTHING, test } from '../../support/mysql.ts'
import { startWorkload } from '../../support/workload.ts'

const CHANGE =
  'ALTER TABLE orders MODIFY total DECIMAL(14,4) NOT NULL DEFAULT 0, ADD COLUMN status INT NOT NULL DEFAULT 0'

describe('CRASH-1: an engine process that is killed with -9', () => {
  test.for([[0.02], [0.2], [0.4], [0.6], [0.8], [0.97]] as const)(
    'during the copy, at %s of the rows, goes on from its checkpoint',
    async ([share], { mysql }) => {
      const { session, workload } = await shop(mysql, 20_000)
      const engine = EngineProcess.stage(mysql.target, [CHANGE], {
        chunkRows: 200,
        throttleRatio: 50,
      })
      onTestFinished(() => engine.kill())
      await engine.seen((event) => event.event === 'progress' && event.rowsCopied >= share * 20_000)
      await engine.kill()
      await workload.written(200)

      const copiedBefore = await copiedRows(session)
      const resumed = await Deployment.resume(mysql.target, engine.id)
      await resumed.reached('started')
      // Two workers: at most their last chunks lie beyond a gap and are copied again.
      expect(resumed.run.status().rowsCopied).toBeGreaterThanOrEqual(copiedBefore - 2 * 200)
      await resumed.reached('ready_to_cutover')
      resumed.run.cutover()
      await resumed.reached('complete')
      const report = await workload.stop()

      expect(report.errors).toEqual([])
      expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    },
  )

  test.for([['ready_to_cutover'], ['cutover'], ['reverse_in_sync']] as const)(
    'after %s, goes on with the same phase',
    async ([moment], { mysql }) => {
      const { session, workload } = await shop(mysql, 2_000)
      const engine = EngineProcess.stage(mysql.target, [CHANGE], {
        revertWindowMs: 600_000,
        cutover: moment === 'ready_to_cutover' ? 'hold' : 'auto',
      })
      onTestFinished(() => engine.kill())
      await engine.seen(({ event }) => event === moment)
      await engine.kill()
      await workload.written(200)

      const resumed = await Deployment.resume(mysql.target, engine.id)
      if (moment === 'ready_to_cutover') {
        await resumed.reached('ready_to_cutover')
        resumed.run.cutover()
      }
      await resumed.reached('reverse_in_sync')
      await workload.written(200)
      resumed.run.revert()
      await resumed.reached('reverted')
      const report = await workload.stop()

      expect(report.errors).toEqual([])
      expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    },
  )

  test('leaves its table to nobody else while it lives', async ({ mysql }) => {
    const { session } = await shop(mysql, 10)
    const first = await Deployment.stage(mysql.target, [CHANGE])
    await first.reached('ready_to_cutover')

    await expect(Deployment.stage(mysql.target, [CHANGE])).rejects.toMatchObject({
      code: 'NAME_CLASH',
    })

    first.run.cancel()
    await first.run.finished
    expect(await productTables(session)).toEqual([])
  })
})

describe('CRASH-2: connections that are killed', () => {
  test('again and again, in every phase, cost no row and no write of the application', async ({
    mysql,
  }) => {
    const { session, workload } = await shop(mysql, 20_000)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], {
      chunkRows: 500,
      throttleRatio: 30,
      revertWindowMs: 600_000,
    })
    const killing = killEngine(session, { rounds: 6, everyMs: 300 })
    await deployment.reached('ready_to_cutover')
    await killing
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    await killEngine(session, { rounds: 2, everyMs: 300 })
    await expect
      .poll(() => deployment.run.status().phase, { timeout: 20_000 })
      .toBe('revert_window')
    await workload.written(200)
    deployment.run.revert()
    await deployment.reached('reverted')
    const report = await workload.stop()

    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  })
})

async function shop(mysql: MysqlTest, rows: number) {
  const session = await mysql.session()
  const orders = ordersTable(rows)
  await createOrders(session, orders)
  const workload = await startWorkload({
    target: mysql.target,
    tables: [orders],
    writers: 3,
    writesPerSecond: 300,
  })
  onTestFinished(async () => void (await workload.stop()))
  return { session, workload }
}

async function copiedRows(session: Session): Promise<number> {
  const row = await session.row(
    sql<{ total: string | null }>`SELECT SUM(row_count) AS total FROM _crossfade.chunk`,
  )
  return Number(row?.total ?? 0)
}

/** Kills every connection of the engine to this test's schema, as an impatient operator would. */
async function killEngine(
  session: Session,
  { rounds, everyMs }: { readonly rounds: number; readonly everyMs: number },
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const threads = await session.rows(sql<{ id: string }>`
      SELECT p.ID AS id FROM information_schema.PROCESSLIST p
      JOIN performance_schema.session_account_connect_attrs a ON a.PROCESSLIST_ID = p.ID
      WHERE p.DB = DATABASE() AND p.ID <> CONNECTION_ID()
        AND a.ATTR_NAME = 'program_name' AND a.ATTR_VALUE = 'crossfade'`)
    for (const { id } of threads) {
      // One that has ended by itself meanwhile is as good as killed.
      await session.run(sql`KILL ${sql.lit(Number(id))}`).catch(() => null)
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

describe('a second process for the same deployment', () => {
  test('is refused, and the first goes on', async ({ mysql }) => {
    const { session, workload } = await shop(mysql, 500)
    const first = await Deployment.stage(mysql.target, [CHANGE], { id: 'only_one' })
    await first.reached('ready_to_cutover')

    const second = await Deployment.resume(mysql.target, 'only_one')
    expect(await second.run.finished).toBe('failed')
    expect(second.failure).toMatchObject({ code: 'DEPLOYMENT_BUSY' })
    await expect(discardDeployment(mysql.target, 'only_one')).rejects.toMatchObject({
      code: 'DEPLOYMENT_BUSY',
    })

    first.run.cutover()
    await first.reached('complete')
    const report = await workload.stop()
    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  })
})

describe('a deployment that ended while nobody listened', () => {
  test('tells again how it ended', async ({ mysql }) => {
    const { workload } = await shop(mysql, 100)
    await workload.stop()
    const request = { cutover: 'auto', revertWindowMs: 600_000 } as const
    const done = await Deployment.stage(mysql.target, [CHANGE], { ...request, id: 'told_again' })
    await done.reached('reverse_in_sync')
    done.run.skipRevert()
    await done.run.finished

    const again = await Deployment.resume(mysql.target, 'told_again')

    expect(await again.run.finished).toBe('complete')
    expect(again.story).toBe('cutover → complete')
    expect(() => again.run.revert()).toThrow(expect.objectContaining({ code: 'DEPLOY_STATE' }))
  })

  test('tells again why it failed', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    await session.run(sql`UPDATE orders SET note = NULL WHERE id = 1`)
    const failing = await Deployment.stage(
      mysql.target,
      ['ALTER TABLE orders MODIFY note VARCHAR(100) NOT NULL'],
      { id: 'failed_again' },
    )
    expect(await failing.run.finished).toBe('failed')

    const again = await Deployment.resume(mysql.target, 'failed_again')

    expect(await again.run.finished).toBe('failed')
    expect(again.failure).toMatchObject({
      code: 'VALUE_DOES_NOT_FIT',
      message: failing.failure?.message,
    })
  })
})
