import { inspect } from 'node:util'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { HeldStream } from '../../support/held-stream.ts'
import { test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'

describe('a swap that could not be recorded', () => {
  test('CRASH-2: is found in the dictionary, and the revert window opens all the same', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    await session.run(sql`INSERT INTO t VALUES (1)`)
    const stranger = await mysql.session()
    const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE t ADD COLUMN w INT'], {
      id: 'unrecorded',
      revertWindowMs: 600_000,
    })
    await deployment.reached('ready_to_cutover')

    await stranger.transaction(async () => {
      await stranger.rows(
        sql`SELECT 1 FROM _crossfade.deployment WHERE id = 'unrecorded' FOR UPDATE`,
      )
      deployment.run.cutover()
      await deployment.reached('connection_lost')
    })
    await deployment.reached('reverse_in_sync')
    deployment.run.revert()

    expect(await deployment.run.finished).toBe('reverted')
    expect(deployment.story).toMatch(/cutover → reverse_in_sync → reverted$/)
  })
})

describe('CUTOVER-1: a write that the stream brings only after the locks are taken', () => {
  test('is in the new table, and after a revert in the old one', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(100))
    await using stream = await HeldStream.open(mysql.target)
    let writes = 0
    beforeLocks(async (run) => {
      writes += 1
      stream.hold(500)
      await run(session, sql`UPDATE orders SET total = total + ${writes}`)
      await run(session, sql`DELETE FROM orders WHERE id = ${writes}`)
      await run(session, sql`INSERT INTO orders (id, total) VALUES (${-writes}, 1)`)
    })

    const deployment = await Deployment.stage(stream.target, [CHANGE], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')
    await expectEqual(session)
    deployment.run.revert()
    await deployment.reached('reverted')

    expect(writes).toBe(2)
    await expectEqual(session)
  })

  test('costs a try, and the application no more than the time of one', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(100))
    await using stream = await HeldStream.open(mysql.target)
    let tries = 0
    beforeLocks(async (run) => {
      tries += 1
      if (tries > 1) return
      stream.hold(4_500)
      await run(session, sql`UPDATE orders SET total = 2`)
    })

    const deployment = await Deployment.stage(stream.target, [CHANGE], { cutover: 'auto' })
    await deployment.reached('cutover_retry')
    const writtenAt = performance.now()
    await session.run(sql`UPDATE orders SET total = 3 WHERE id = 1`)
    expect(performance.now() - writtenAt).toBeLessThan(1_000)
    await deployment.reached('complete')

    expect(tries).toBe(2)
    await expectEqual(session)
  })
})

/** The live table and the one that it was swapped with hold the same. */
async function expectEqual(session: Session): Promise<void> {
  const [other = ''] = await productTables(session)
  const rows = (table: string) =>
    session.rows(sql`SELECT id, total, note, legacy FROM ${sql.id(table)} ORDER BY id`)
  expect(await rows('orders')).toEqual(await rows(other))
  expect(await rows('orders')).toHaveLength(100)
}

type Run = (session: Session, statement: RawBuilder<unknown>) => Promise<number>

/** Runs `action` before every LOCK TABLES of more than one table, which is that of a swap. */
function beforeLocks(action: (run: Run) => Promise<void>): void {
  const { run: original } = Session.prototype
  const run: Run = (session, statement) => original.call(session, statement)
  const spy = vi.spyOn(Session.prototype, 'run').mockImplementation(async function (
    this: Session,
    statement,
  ) {
    const text = inspect(statement.toOperationNode(), { depth: null })
    if (text.includes("'LOCK TABLES ") && isSwap(text)) await action(run)
    return await run(this, statement)
  })
  onTestFinished(() => spy.mockRestore())
}

/** The trial of the privilege locks only the shadow. */
function isSwap(text: string): boolean {
  return (text.match(/WRITE/g) ?? []).length > 1
}
