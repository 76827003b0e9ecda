import { sql } from 'kysely'
import { expect } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { createOrders, Deployment, ordersTable } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

test('FAILOVER-1: a server that takes no writes for a while, before another takes over, ends no deployment', async ({
  mysql,
}) => {
  await using server = await startThrowaway(mysql.flavour, { env: process.env })
  await using admin = await connect(parseTarget(server.url()))
  await admin.run(sql`CREATE DATABASE shop`)
  const target = parseTarget(server.url('shop'))
  await using session = await connect(target)
  await createOrders(session, ordersTable(100, 'orders'))
  const deployment = await Deployment.stage(
    target,
    ['ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'],
    { revertWindowMs: 600_000, quarantineMs: 60_000 },
  )
  await deployment.reached('ready_to_cutover')

  await admin.run(sql`SET GLOBAL super_read_only = ON`)
  await deployment.reached('connection_lost')
  await admin.run(sql`SET GLOBAL super_read_only = OFF, read_only = OFF`)
  deployment.run.cutover()
  await deployment.reached('reverse_in_sync')
  await session.run(sql`INSERT INTO orders (total) VALUES (7)`)
  deployment.run.revert()

  expect(await deployment.run.finished, deployment.story).toBe('reverted')
  expect(await session.rows(sql`SELECT id FROM orders`)).toHaveLength(101)
})
