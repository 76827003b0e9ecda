import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { NOTHING, test } from '../../support/mysql.ts'
import { startWorkload } from '../../support/workload.ts'
import { tableNames, unfinished } from './leftovers.ts'

const ADD = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 3'
const ADD_B = 'ALTER TABLE b ADD COLUMN x INT'
const INSTANT = { method: 'instant', cutover: 'auto' } as const

describe('an instant deployment', () => {
  test('changes a table under writes, that children refer to and that has a trigger', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const orders = ordersTable(500)
    await createOrders(session, orders)
    await session.run(sql`CREATE TABLE log (id INT)`)
    await session.run(sql`CREATE TABLE child (id BIGINT PRIMARY KEY REFERENCES orders (id))`)
    await session.run(
      sql`CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW INSERT INTO log VALUES (1)`,
    )
    const workload = await startWorkload({
      target: mysql.target,
      tables: [orders],
      writers: 2,
      writesPerSecond: 100,
    })
    onTestFinished(async () => void (await workload.stop()))

    const deployment = await Deployment.stage(mysql.target, [ADD], INSTANT)
    await workload.written(50)

    expect(await deployment.run.finished).toBe('complete')
    expect(deployment.story).toBe('started → cutover → complete')
    expect(deployment.events[0]).toMatchObject({
      tables: [{ kind: 'alter', live: 'orders', shadow: null, old: null }],
      instant: [{ table: 'orders', eligible: true, reason: null }],
    })
    const report = await workload.stop()
    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    expect(await session.row(sql`SELECT MIN(status) AS least FROM orders`)).toEqual({ least: 3 })
    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test('REFUSE-1: is refused with table and reason when it does not qualify, and touches nothing', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    const before = await definition(session)

    const staged = Deployment.stage(
      mysql.target,
      [ADD.replace('ADD', 'ADD KEY (total), ADD')],
      INSTANT,
    )

    await expect(staged).rejects.toMatchObject({
      code: 'NOT_INSTANT',
      message: expect.stringMatching(/orders: \w/),
      next: expect.stringContaining('without --instant'),
    })
    expect(await definition(session)).toBe(before)
    expect(await tableNames(session)).toEqual(['orders'])
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test('is refused with a revert window', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))

    await expect(
      Deployment.stage(mysql.target, [ADD], { ...INSTANT, revertWindowMs: 1_000 }),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    expect(await tableNames(session)).toEqual(['orders'])
  })

  test('does nothing at the gate until it is told to', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    const before = await definition(session)
    const cancelled = await Deployment.stage(mysql.target, [ADD], { ...INSTANT, cutover: 'hold' })
    await cancelled.reached('ready_to_cutover')
    expect(await definition(session)).toBe(before)
    expect(() => cancelled.run.pause()).toThrow('instant')
    cancelled.run.cancel()
    expect(await cancelled.run.finished).toBe('cancelled')
    expect(await definition(session)).toBe(before)
    const deployment = await Deployment.stage(mysql.target, [ADD], { ...INSTANT, cutover: 'hold' })
    await deployment.reached('ready_to_cutover')

    deployment.run.cutover()

    expect(await deployment.run.finished).toBe('complete')
    expect(deployment.story).toBe('started → ready_to_cutover → cutover → complete')
    expect(await definition(session)).toContain('status')
  })

  test('creates, changes and drops, and keeps what it drops under the old name', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    await session.run(sql`CREATE TABLE gone (id INT PRIMARY KEY)`)
    await session.run(sql`INSERT INTO gone VALUES (7)`)

    const deployment = await Deployment.stage(
      mysql.target,
      [
        'CREATE TABLE fresh (id INT PRIMARY KEY, CONSTRAINT named CHECK (id > 0))',
        ADD,
        'DROP TABLE gone',
      ],
      { ...INSTANT, quarantineMs: 60_000 },
    )
    await deployment.reached('complete')

    const [kept = ''] = await productTables(session)
    expect(await tableNames(session)).toEqual(['fresh', kept, 'orders'].sort())
    expect(await session.rows(sql`SELECT id FROM ${sql.id(kept)}`)).toEqual([{ id: 7 }])
    expect(kept).toMatch(/^gone.*__xf_/)
    const created = await session.row(sql<Record<string, string>>`SHOW CREATE TABLE fresh`)
    expect(created?.['Create Table']).toContain('CONSTRAINT `named`')
  })

  test('gives way to a long transaction, and goes on when it has ended', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    const application = await mysql.session()
    const deployment = await Deployment.stage(mysql.target, [ADD], { ...INSTANT, cutover: 'hold' })

    await application.transaction(async () => {
      await application.rows(sql`SELECT * FROM orders LIMIT 1`)
      deployment.run.cutover()
      await deployment.reached('cutover_retry')
    })

    expect(await deployment.run.finished).toBe('complete')
  })
})

describe('a deployment that copies', () => {
  test('tells beforehand what could be made at once, and what not', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    await session.run(sql`CREATE TABLE b (id INT PRIMARY KEY)`)

    const deployment = await Deployment.stage(mysql.target, [
      ADD,
      'ALTER TABLE b ADD COLUMN x INT, ADD KEY (x)',
    ])
    await deployment.reached('ready_to_cutover')

    expect(deployment.events[0]).toMatchObject({
      instant: [
        { table: 'orders', eligible: true, reason: null },
        { table: 'b', eligible: false, reason: expect.any(String) },
      ],
    })
    deployment.run.cancel()
    await deployment.run.finished
    expect(await tableNames(session)).toEqual(['b', 'orders'])
  })
})

describe('an instant deployment that is killed between two tables', () => {
  for (const when of ['before', 'after'] as const) {
    test(`INSTANT-1: goes on with the rest when it died ${when} the second change`, async ({
      mysql,
    }) => {
      const session = await mysql.session()
      await createOrders(session, ordersTable(10))
      await session.run(sql`CREATE TABLE b (id INT PRIMARY KEY)`)
      const id = `instant_${when}`
      const dying = EngineProcess.stage(mysql.target, [ADD, ADD_B], {
        ...INSTANT,
        id,
        dies: { at: { matches: '`b` ALGORITHM=INSTANT' }, when },
      })
      expect(await dying.ended()).toBe('SIGKILL')
      expect(await definition(session)).toContain('status')

      const deployment = await Deployment.resume(mysql.target, id)

      expect(await deployment.run.finished).toBe('complete')
      expect(deployment.story).toBe('started → cutover → complete')
      expect(await columnsOf(session, 'b')).toEqual(['id', 'x'])
      expect(await columnsOf(session, 'orders')).toContain('status')
      const again = await Deployment.resume(mysql.target, id)
      expect(await again.run.finished).toBe('complete')
      expect(again.story).toBe('cutover → complete')
    })
  }

  test('stops when somebody else has changed the other table meanwhile', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    await session.run(sql`CREATE TABLE b (id INT PRIMARY KEY)`)
    const deployment = await Deployment.stage(mysql.target, [ADD, ADD_B], {
      ...INSTANT,
      cutover: 'hold',
    })
    await deployment.reached('ready_to_cutover')
    await session.run(sql`ALTER TABLE b ADD COLUMN z INT`)

    deployment.run.cutover()

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({
      code: 'TABLE_CHANGED',
      message: expect.stringContaining('Changed already: orders.'),
    })
    expect(await columnsOf(session, 'b')).toEqual(['id', 'z'])
  })
})

type AnySession = Parameters<typeof tableNames>[0]

async function definition(session: AnySession): Promise<string> {
  const row = await session.row(sql<Record<string, string>>`SHOW CREATE TABLE orders`)
  return row?.['Create Table'] ?? ''
}

async function columnsOf(session: AnySession, table: string): Promise<readonly string[]> {
  const rows = await session.rows(sql<{ Field: string }>`SHOW COLUMNS FROM ${sql.id(table)}`)
  return rows.map(({ Field }) => Field)
}
