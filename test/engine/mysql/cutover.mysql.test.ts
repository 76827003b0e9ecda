import { inspect } from 'node:util'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { KeySet } from '../../../src/engine/key-set.ts'
import { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'

describe('CUTOVER-1: a write that is acknowledged right before the locks are taken', () => {
  test('is in the new table, and after a revert in the old one', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(5_000))
    let writes = 0
    slowStream()
    // So many changes in one commit that the stream cannot have brought them by the time the locks are held.
    beforeLocks(async (run) => {
      writes += 1
      await run(session, sql`DELETE FROM orders WHERE id = ${5_000 - writes}`)
      await run(session, sql`BEGIN`)
      for (let step = 0; step < 4; step += 1) {
        await run(session, sql`UPDATE orders SET total = total + ${writes}`)
      }
      await run(session, sql`COMMIT`)
    })

    const deployment = await Deployment.stage(mysql.target, [CHANGE], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')
    expect(writes).toBe(1)
    expect(await totals(session, 'orders')).toEqual({ rows: '4999', total: '27494.50' })
    deployment.run.revert()
    await deployment.reached('reverted')

    expect(writes).toBe(2)
    expect(await totals(session, 'orders')).toEqual({ rows: '4998', total: '67473.00' })
    const [shadow = ''] = await productTables(session)
    expect(await totals(session, shadow)).toEqual(await totals(session, 'orders'))
  })
})

/** Makes every changed key take 10 µs, as on a machine that is busy with other things. */
function slowStream(): void {
  const { add } = KeySet.prototype
  const spy = vi.spyOn(KeySet.prototype, 'add').mockImplementation(function (
    this: KeySet,
    ...change
  ) {
    const until = performance.now() + 0.01
    while (performance.now() < until) {
      // Nothing else of this process runs meanwhile.
    }
    add.apply(this, change)
  })
  onTestFinished(() => spy.mockRestore())
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

async function totals(session: Session, table: string) {
  return await session.row(sql<{ rows: string; total: string }>`
    SELECT CAST(COUNT(*) AS CHAR) AS \`rows\`, CAST(SUM(total) AS CHAR) AS total FROM ${sql.id(table)}`)
}
