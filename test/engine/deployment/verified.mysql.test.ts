import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { type Clock, systemClock } from '../../../src/clock.ts'
import type { EngineEvent } from '../../../src/engine/port.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE t ADD COLUMN w INT NOT NULL DEFAULT 0'
const WINDOW = { cutover: 'auto', revertWindowMs: 36_000_000 } as const

/** A clock on which all pauses are short: what happens every ten minutes happens all the time. */
const HURRIED: Clock = {
  ...systemClock,
  sleep: (ms, options) => systemClock.sleep(Math.min(ms, 50), options),
}

type VerifiedEvent = EngineEvent & { readonly event: 'verified' }

describe('VERIFY-2: rows are compared', () => {
  test('before the gate opens, and the result is told', async ({ mysql }) => {
    const { deployment } = await aTable(mysql)
    await deployment.reached('ready_to_cutover')

    const [first] = verified(deployment)
    expect(first).toMatchObject({ rows: 100, lagging: 0, side: 'gate' })
    const told = { at: expect.any(Date), rows: 100, lagging: 0 }
    expect(deployment.run.status().verified).toEqual(told)
  })

  test('again while the gate waits: drift that came since ends the deployment', async ({
    mysql,
  }) => {
    const { session, deployment } = await aTable(mysql, { clock: HURRIED })
    await deployment.reached('ready_to_cutover')
    const [shadow = ''] = await productTables(session)

    await session.run(sql`DELETE FROM ${sql.id(shadow)} WHERE id = 5`)

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({
      code: 'DRIFT_FOUND',
      message: '1 rows of t and its copy differ, and no pending change explains it.',
    })
    expect(await session.rows(sql`SELECT id FROM t`)).toHaveLength(100)
  })

  test('once more before the cutover, when the last time is too long ago', async ({ mysql }) => {
    let days = 0
    const clock = {
      ...systemClock,
      now: () => new Date(systemClock.now().getTime() + days * 86_400_000),
    }
    const { deployment } = await aTable(mysql, { clock })
    await deployment.reached('ready_to_cutover')
    expect(verified(deployment)).toHaveLength(1)

    days = 2
    deployment.run.cutover()
    await deployment.reached('complete')

    expect(verified(deployment)).toHaveLength(2)
  })

  test('in the revert window, the old table with the new one', async ({ mysql }) => {
    const { session, deployment } = await aTable(mysql, { ...WINDOW, clock: HURRIED })
    await deployment.reached('reverse_in_sync')
    await session.run(sql`UPDATE t SET v = v + 1`)
    await session.run(sql`INSERT INTO t VALUES (1000, 1, 1)`)

    const of101 = () => verified(deployment).some(({ rows }) => rows === 101)
    await expect.poll(of101, { timeout: 20_000 }).toBe(true)

    expect(verified(deployment).at(-1)).toMatchObject({ side: 'revert_window' })
    deployment.run.revert()
    expect(await deployment.run.finished).toBe('reverted')
  })

  test('in the revert window: drift closes the way back, and the new table stays live', async ({
    mysql,
  }) => {
    const { session, deployment } = await aTable(mysql, { ...WINDOW, clock: HURRIED })
    await deployment.reached('reverse_in_sync')
    const [old = ''] = await productTables(session)

    await session.run(sql`DELETE FROM ${sql.id(old)} WHERE id = 5`)

    await deployment.reached('revert_impossible')
    expect(deployment.events.find(({ event }) => event === 'revert_impossible')).toMatchObject({
      reason: '1 rows of t and its copy differ, and no pending change explains it.',
    })
    expect(deployment.run.status()).toMatchObject({
      phase: 'revert_window',
      revertImpossible: { since: expect.any(Date) },
    })
    expect(() => deployment.run.revert()).toThrow(
      expect.objectContaining({ code: 'REVERT_IMPOSSIBLE' }),
    )
    deployment.run.skipRevert()
    expect(await deployment.run.finished).toBe('complete')
    expect(await session.rows(sql`SELECT id FROM t WHERE w = 0`)).toHaveLength(100)
  })

  test('as they are written where a type changes: a value that it alters is found after the comparison too', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v DECIMAL(10,4) NOT NULL)`)
    await session.run(sql`INSERT INTO t VALUES (1, 1.25)`)
    const change = 'ALTER TABLE t MODIFY v DECIMAL(10,2) NOT NULL'
    const deployment = await Deployment.stage(mysql.target, [change])
    await deployment.reached('ready_to_cutover')

    await session.run(sql`INSERT INTO t VALUES (2, 1.2345)`)
    deployment.run.cutover()

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({ code: 'VALUE_DOES_NOT_FIT' })
    expect(await session.rows(sql`SELECT v FROM t WHERE id = 2`)).toEqual([{ v: '1.2345' }])
  })
})

function verified({ events }: Deployment): readonly VerifiedEvent[] {
  return events.filter((event) => event.event === 'verified')
}

/** A table of a hundred rows and its deployment. */
async function aTable(mysql: MysqlTest, options: Parameters<typeof Deployment.stage>[2] = {}) {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)`)
  const rows = Array.from({ length: 100 }, (_, index) => `(${index}, ${index})`)
  await session.run(sql`INSERT INTO t VALUES ${sql.raw(rows.join(', '))}`)
  const deployment = await Deployment.stage(mysql.target, [CHANGE], options)
  return { session, deployment }
}
