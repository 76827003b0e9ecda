import { sql } from 'kysely'
import { expect, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { createOrders, Deployment, ordersTable } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'
import { startProxy } from '../../support/proxy.ts'

test('CRASH-2: sessions that are never answered again do not keep a deployment from going on', async ({
  mysql,
}) => {
  const session = await mysql.session()
  await createOrders(session, ordersTable(2_000))
  const proxy = await startProxy(mysql.target)
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  const deployment = await Deployment.stage(
    proxy.target,
    ['ALTER TABLE orders MODIFY note VARCHAR(200)'],
    // Nobody is waited for patiently.
    { clock: { ...systemClock, sleep: (ms, how) => systemClock.sleep(Math.min(ms, 500), how) } },
  )
  await deployment.reached('ready_to_cutover')

  proxy.freezeSessions()
  await session.run(sql`UPDATE orders SET legacy = 'frozen'`)
  proxy.resetStreams()
  await deployment.reached('connection_lost')
  deployment.run.cutover()

  expect(await deployment.run.finished, deployment.story).toBe('complete')
  const row = await session.row(sql<{ n: string }>`
    SELECT COUNT(*) AS n FROM orders WHERE legacy = 'frozen'`)
  expect(Number(row?.n)).toBe(2_000)
})
