import { sql } from 'kysely'
import { expect, onTestFinished } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { test } from '../../support/mysql.ts'
import { shutDown, startAsAnother } from '../../support/shut-down.ts'

test('FAILOVER-1: a position of file and offset is refused by another server, which may have a file of that name', {
  timeout: 60_000,
}, async ({ mysql }) => {
  await using server = await startThrowaway(mysql.flavour, {
    env: process.env,
    args: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'],
  })
  await using admin = await connect(parseTarget(server.url()))
  await admin.run(sql`CREATE DATABASE shop`)
  const target = parseTarget(server.url('shop'))
  await using session = await connect(target)
  await createOrders(session, ordersTable(100))
  const change = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'
  const engine = EngineProcess.stage(target, [change])
  onTestFinished(() => engine.kill())
  await engine.seen(({ event }) => event === 'ready_to_cutover')
  await engine.kill()
  await shutDown(server)
  await startAsAnother(server)

  const resumed = await Deployment.resume(target, engine.id)

  expect(await resumed.run.finished).toBe('failed')
  expect(resumed.failure).toMatchObject({
    code: 'POSITION_GONE',
    message: expect.stringContaining('another server'),
  })
  await using after = await connect(target)
  expect(await productTables(after)).toEqual([])
})
