import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { type Clock, systemClock } from '../../../src/clock.ts'
import { Refusal } from '../../../src/errors.ts'
import { connect } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'
const HOUR_MS = 3_600_000

describe('a cutover that is forced', () => {
  test('FORCE-1: gives way at first, then ends the transaction in its way and no other connection', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(100))
    await session.run(sql`CREATE TABLE elsewhere (id INT PRIMARY KEY)`)
    const bystander = await mysql.session()
    await bystander.run(sql`START TRANSACTION`)
    await bystander.run(sql`INSERT INTO elsewhere VALUES (1)`)
    const blocker = await connect(mysql.target)
    await blocker.run(sql`START TRANSACTION`)
    await blocker.rows(sql`SELECT note FROM orders WHERE note = 'a secret'`)
    const deployment = await Deployment.stage(mysql.target, [CHANGE])
    await deployment.reached('ready_to_cutover')

    deployment.run.cutover()
    await deployment.reached('cutover_retry')
    expect(() => deployment.run.cutover()).toThrow(Refusal)
    deployment.run.cutover({ force: true })
    await deployment.reached('complete')

    const tries = deployment.events.filter((event) => event.event === 'cutover_retry')
    const named = `connection ${blocker.threadId} holds orders in a transaction of`
    expect(tries[0]).toMatchObject({ attempt: 1, killed: [], reason: expect.stringMatching(named) })
    expect(tries[0]?.reason).toContain(
      'last statement SELECT `note` FROM `orders` WHERE `note` = ?',
    )
    expect(tries.at(-1)).toMatchObject({ attempt: 4, killed: [blocker.threadId] })
    expect(tries).toHaveLength(4)
    await expect(blocker.rows(sql`SELECT 1`)).rejects.toThrow()
    await bystander.run(sql`COMMIT`)
    expect(await session.rows(sql`SELECT id FROM elsewhere`)).toEqual([{ id: 1 }])
  })

  test('FORCE-1: forces no revert that comes after it', async ({ mysql }) => {
    const session = await mysql.session()
    const changes = ['one', 'two'].map((name) => `ALTER TABLE ${name} ADD COLUMN w INT`)
    for (const name of ['one', 'two']) {
      await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY)`)
    }
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, options) => systemClock.sleep(Math.min(ms, 300), options),
    }
    const deployment = await Deployment.stage(mysql.target, changes, {
      revertWindowMs: 600_000,
      clock,
    })
    await deployment.reached('ready_to_cutover')
    deployment.run.cutover({ force: true })
    await deployment.reached('reverse_in_sync')
    const holder = await mysql.session()
    const tries = () => deployment.events.filter((event) => event.event === 'cutover_retry')

    await holder.transaction(async () => {
      await holder.run(sql`INSERT INTO one (id) VALUES (5)`)
      deployment.run.revert()
      await expect.poll(() => tries().length, { timeout: 30_000 }).toBeGreaterThan(4)
      await holder.rows(sql`SELECT 1`)
    })

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(tries().flatMap(({ killed }) => killed)).toEqual([])
  })
})

describe('a cutover that cannot have its tables', () => {
  test('returns to the gate after an hour, in sync, and waits to be asked again', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(100))
    let later = 0
    const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + later) }
    const deployment = await Deployment.stage(mysql.target, [CHANGE], { clock })
    await deployment.reached('ready_to_cutover')
    const application = await mysql.session()
    const sessions = await countSessions(session, mysql.schema)

    await application.transaction(async () => {
      await application.run(sql`UPDATE orders SET total = 7 WHERE id = 1`)
      deployment.run.cutover({ force: false })
      await deployment.reached('cutover_retry')
      later = HOUR_MS
      await deployment.reached('cutover_blocked')
    })
    await expect.poll(() => countSessions(session, mysql.schema)).toBe(sessions)
    expect(deployment.run.status().phase).toBe('in_sync')
    expect(deployment.events.find(({ event }) => event === 'cutover_blocked')).toMatchObject({
      event: 'cutover_blocked',
      reason: expect.stringContaining(`connection ${application.threadId} holds orders`),
    })
    deployment.run.cutover()
    await deployment.reached('complete')

    expect(await session.rows(sql`SELECT total, status FROM orders WHERE id = 1`)).toEqual([
      { total: '7.00', status: 0 },
    ])
  })
})

/** How many connections use the schema. */
async function countSessions(session: Session, schema: string): Promise<number> {
  const threads = await session.rows(sql<{ db: string | null }>`SHOW PROCESSLIST`)
  return threads.filter(({ db }) => db === schema).length
}
