import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { tableNames } from '../../../src/mysql/identifier.ts'
import { createOrders, Deployment, ordersTable } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'
import { startReplicaPair } from '../../support/replica.ts'

const ALTER = 'ALTER TABLE orders ADD COLUMN region VARCHAR(10) NULL'
const WAIT = { timeout: 30_000 }

describe('a deployment that minds its replicas', () => {
  test('THROTTLE-1: waits for a replica that lags or is away, and says which', async ({
    mysql,
  }) => {
    await using pair = await startReplicaPair(mysql.flavour)
    await using root = await connect(parseTarget(pair.primary.url()))
    await root.run(sql`CREATE DATABASE shop`)
    const target = parseTarget(pair.primary.url('shop'))
    await using session = await connect(target)
    await createOrders(session, ordersTable(20_000))
    await pair.caughtUp()
    const named = `replica lag of 127.0.0.1:${pair.replica.port}`

    await pair.holdUp()
    const { run } = await Deployment.stage(target, [ALTER], {
      id: 'minds',
      chunkRows: 20,
      throttleRatio: 95,
      limits: { replicaLagMs: 2_000 },
      replicas: [parseTarget(pair.replica.url())],
    })
    await expect
      .poll(() => run.status().throttledBy, WAIT)
      .toBe(`${named} cannot be read: no heartbeat of this deployment has arrived`)
    expect(run.status().rowsCopied).toBe(0)

    await pair.goOn()
    await expect.poll(() => run.status().rowsCopied, WAIT).toBeGreaterThan(0)

    await pair.holdUp()
    await expect
      .poll(() => run.status().throttledBy, WAIT)
      .toMatch(new RegExp(`^${named}: [\\d.]+ s, limit 2 s$`))
    // Chunks that were begun before are finished.
    const atMost = run.status().rowsCopied + 500
    expect(atMost).toBeLessThan(20_000)

    // What is copied already is kept in sync all the same.
    const { shadow } = tableNames('minds', 'orders')
    await session.run(sql`UPDATE orders SET note = 'late' WHERE id = 1`)
    await expect
      .poll(() => session.row(sql`SELECT note FROM ${sql.id(shadow)} WHERE id = 1`), WAIT)
      .toEqual({ note: 'late' })
    expect(run.status().rowsCopied).toBeLessThanOrEqual(atMost)

    await pair.replica.kill()
    await expect
      .poll(() => run.status().throttledBy, WAIT)
      .toBe(`${named} cannot be read: no answer (ECONNREFUSED)`)
    expect(run.status().rowsCopied).toBeLessThanOrEqual(atMost)

    await pair.replica.start()
    run.throttle(0)
    await expect.poll(() => run.status().phase, WAIT).toBe('in_sync')
    run.cutover()
    expect(await run.finished).toBe('complete')
    expect(await session.rows(sql`SELECT id FROM orders WHERE region IS NULL`)).toHaveLength(20_000)
  })
})

describe('a deployment with a query of its own', () => {
  test('copies nothing while the query says so, and tells it in its progress', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(2_000))
    await session.run(sql`CREATE TABLE brake (n INT NULL)`)
    await session.run(sql`INSERT INTO brake VALUES (7)`)
    const deployment = await Deployment.stage(mysql.target, [ALTER], {
      limits: { query: 'SELECT n FROM brake' },
    })
    const { run } = deployment
    const told = () =>
      deployment.events.flatMap((event) => (event.event === 'progress' ? event.throttledBy : []))

    await expect.poll(told, WAIT).toContain('throttle query: 7, limit 0')
    await session.run(sql`UPDATE brake SET n = NULL`)
    await expect
      .poll(() => run.status().throttledBy, WAIT)
      .toBe('throttle query cannot be read: it gives no row or NULL')
    await session.run(sql`DROP TABLE brake`)
    await expect
      .poll(() => run.status().throttledBy, WAIT)
      .toBe('throttle query cannot be read: it names an unknown table')
    expect(run.status().rowsCopied).toBe(0)

    await session.run(sql`CREATE TABLE brake AS SELECT 0 AS n`)
    await deployment.reached('ready_to_cutover')
    run.cancel()
    expect(await run.finished).toBe('cancelled')
  })

  test('can be cancelled while it is held up', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(100))
    const { run } = await Deployment.stage(mysql.target, [ALTER], { limits: { query: 'SELECT 1' } })
    await expect.poll(() => run.status().throttledBy, WAIT).toBe('throttle query: 1, limit 0')

    run.cancel()

    expect(await run.finished).toBe('cancelled')
    expect(run.status().throttledBy).toBeNull()
  })
})
