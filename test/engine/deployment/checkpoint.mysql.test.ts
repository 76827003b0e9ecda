import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'

describe('CRASH-1: what a checkpoint promises', () => {
  test.for([
    ['the same key', CHANGE],
    [
      'another key',
      'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0, DROP PRIMARY KEY, ADD PRIMARY KEY (total, id)',
    ],
  ] as const)(
    'rows that were copied beyond a gap are copied anew, and those that are gone do not come back, with %s',
    async ([, change], { mysql }) => {
      const { session, application, crash, id } = await anInterrupted(mysql)

      // With it, MariaDB's copy has one worker, and leaves no gap.
      await session.run(sql`ALTER TABLE orders MODIFY id BIGINT NOT NULL`)
      await application.transaction(async () => {
        // The first chunk cannot be copied; the other worker goes on with those behind it.
        await application.run(sql`UPDATE orders SET total = 9 WHERE id = 1`)
        const deployment = await Deployment.stage(mysql.target, [change], {
          id,
          chunkRows: 100,
          signal: crash.signal,
        })
        await expect.poll(() => chunks(session, id), { timeout: 10_000 }).toBe(10)
        crash.abort(new Error('killed'))
        await expect(deployment.run.finished).rejects.toThrow('killed')
      })
      await session.run(sql`DELETE FROM orders WHERE id IN (250, 999)`)
      await session.run(sql`UPDATE orders SET total = 8 WHERE id = 251`)

      const resumed = await Deployment.resume(mysql.target, id)
      await resumed.reached('ready_to_cutover')
      resumed.run.cutover()
      await resumed.reached('complete')

      await expectAsBefore(session)
    },
  )

  test('its position passes no change that is not applied, however long that takes', async ({
    mysql,
  }) => {
    const { session, application, crash, id } = await anInterrupted(mysql)
    const signal = crash.signal
    const deployment = await Deployment.stage(mysql.target, [CHANGE], { id, signal })
    await deployment.reached('ready_to_cutover')
    const [shadow = ''] = await productTables(session)

    await application.transaction(async () => {
      // Whoever holds the shadow's row holds up its change, and no other.
      await application.run(sql`UPDATE ${sql.id(shadow)} SET status = 0, total = 0 WHERE id = 5`)
      await session.run(sql`UPDATE orders SET total = 7 WHERE id = 5`)
      await moved(session, id)
      await session.run(sql`UPDATE orders SET total = 6 WHERE id = 6`)
      await moved(session, id)
      crash.abort(new Error('killed'))
    })
    await expect(deployment.run.finished).rejects.toThrow('killed')

    const resumed = await Deployment.resume(mysql.target, id)
    await resumed.reached('ready_to_cutover')
    resumed.run.cutover()
    await resumed.reached('complete')

    await expectAsBefore(session)
  })
})

let started = 0

/** A thousand orders, and what it takes to interrupt their deployment. */
async function anInterrupted(mysql: MysqlTest) {
  const session = await mysql.session()
  await createOrders(session, ordersTable(1_000))
  started += 1
  return {
    session,
    application: await mysql.session(),
    crash: new AbortController(),
    id: `checkpoint_${started}`,
  }
}

async function chunks(session: Session, id: string): Promise<number> {
  const rows = await session.rows(
    sql`SELECT number FROM _crossfade.chunk WHERE deployment_id = ${id} AND number > 0`,
  )
  return rows.length
}

/** Resolves once heartbeats that were written after now are part of the stream, and the checkpoint has been saved since. */
async function moved(session: Session, id: string): Promise<void> {
  const beats = async () => {
    const row = await session.row(sql<{ n: string }>`
      SELECT MAX(number) AS n FROM _crossfade.barrier WHERE deployment_id = ${id}`)
    return BigInt(row?.n ?? 0)
  }
  const now = await beats()
  await expect.poll(beats, { timeout: 10_000 }).toBeGreaterThan(now + 1_400_000n)
}

/** The new table holds what the old one did when they were swapped. */
async function expectAsBefore(session: Session): Promise<void> {
  const [old = ''] = await productTables(session)
  const rows = (table: string) =>
    session.rows(sql`SELECT id, total, note, legacy FROM ${sql.id(table)} ORDER BY id`)
  expect(await rows('orders')).toEqual(await rows(old))
}
