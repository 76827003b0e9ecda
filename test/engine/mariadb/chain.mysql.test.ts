import { inspect } from 'node:util'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { type MysqlTest, NOTHING, test } from '../../support/mysql.ts'
import { startWorkload } from '../../support/workload.ts'

/** `orders1` sorts between `orders` and its copies: the RENAME comes to it in between. */
const TABLES = ['orders', 'orders1', 'refunds'] as const

describe('a chain of lockers', () => {
  test('CUTOVER-1, CUTOVER-2: ten swaps of three tables lose no write, and disturb none', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const tables = TABLES.map((name) => ordersTable(50, name))
    for (const table of tables) await createOrders(session, table)
    const workload = await startWorkload({
      target: mysql.target,
      tables,
      writers: 6,
      writesPerSecond: 600,
    })
    onTestFinished(async () => void (await workload.stop()))

    for (let round = 0; round < 5; round += 1) {
      const deployment = await Deployment.stage(mysql.target, TABLES.map(change), {
        cutover: 'auto',
        revertWindowMs: 600_000,
      })
      await deployment.reached('reverse_in_sync')
      deployment.run.revert()
      await deployment.reached('reverted')
      for (const name of await productTables(session))
        await session.run(sql`DROP TABLE ${sql.id(name)}`)
    }
    const report = await workload.stop()

    expect(report.errors).toEqual([])
    for (const name of TABLES) expect(await report.compare(session, name), name).toEqual(NOTHING)
  })

  test('leaves no sentry behind when the tables are not to be had, nor when it is cancelled', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    for (const name of TABLES) await createOrders(session, ordersTable(10, name))
    const application = await mysql.session()
    const deployment = await Deployment.stage(mysql.target, TABLES.map(change))
    await deployment.reached('ready_to_cutover')
    const shadows = await productTables(session)

    await application.transaction(async () => {
      await application.run(sql`UPDATE refunds SET total = 7 WHERE id = 1`)
      deployment.run.cutover()
      await expect.poll(() => productTables(session)).toHaveLength(6)
      await deployment.reached('cutover_retry')
      await expect.poll(() => productTables(session)).toEqual(shadows)
      await expect.poll(() => productTables(session)).toHaveLength(6)
      deployment.run.cancel()
      expect(await deployment.run.finished).toBe('cancelled')
    })

    expect(await productTables(session)).toEqual([])
  })
})

describe('CUTOVER-1, CUTOVER-2: a connection that dies in the swap', () => {
  const RENAME = "'RENAME TABLE "
  const SENTRY_GOES = "'DROP TABLE IF EXISTS "
  test.for([
    ['the first locker, before the RENAME', RENAME, (swap: Swap) => swap.lockers[0]],
    ['the last locker, before the RENAME', RENAME, (swap: Swap) => swap.lockers[2]],
    ['the first locker, when the RENAME waits', SENTRY_GOES, (swap: Swap) => swap.lockers[0]],
    ['the last locker, when the RENAME waits', SENTRY_GOES, (swap: Swap) => swap.lockers[2]],
    ['the RENAME itself', SENTRY_GOES, (swap: Swap) => swap.renamer],
  ] as const)('%s, swaps nothing, and loses no write', async ([, moment, victim], { mysql }) => {
    const session = await mysql.session()
    for (const name of TABLES) await createOrders(session, ordersTable(10, name))
    const swap = watchSwap(mysql, moment, async (run) => {
      const killer = await mysql.session()
      const id = victim(swap)?.threadId ?? 0
      await run(killer, sql`KILL ${sql.lit(id)}`)
      await expect.poll(() => isThere(killer, id)).toBe(false)
      // Whatever the dead connection has let go of can be written now.
      await run(killer, sql`SET SESSION lock_wait_timeout = 1`)
      for (const name of TABLES) {
        const write = run(killer, sql`UPDATE ${sql.id(name)} SET note = 'late' WHERE id = 1`)
        swap.written.push(await write.catch(() => 0))
      }
      swap.swappedThen = (await productTables(killer)).length < 6
    })

    const deployment = await Deployment.stage(mysql.target, TABLES.map(change), { cutover: 'auto' })
    await deployment.reached('complete')

    expect(swap.swappedThen).toBe(false)
    expect(deployment.story).toMatch(/connection_lost.* → cutover → complete/)
    for (const [index, name] of TABLES.entries()) {
      const rows = await session.rows(sql`SELECT note, status FROM ${sql.id(name)} WHERE id = 1`)
      const note = swap.written[index] === 1 ? 'late' : 'initial'
      expect(rows, name).toEqual([{ note, status: 0 }])
    }
    // The old tables, and no sentry.
    expect(await productTables(session)).toHaveLength(3)
  })
})

type Run = (session: Session, statement: RawBuilder<unknown>) => Promise<number>

type Swap = {
  readonly lockers: Session[]
  renamer: Session | null
  /** How many rows each late write has changed; 0 where the table was still locked. */
  readonly written: number[]
  swappedThen: boolean | null
}

/** Notes the connections of a swap, and does something right before the first statement that begins like `moment`. */
function watchSwap(mysql: MysqlTest, moment: string, action: (run: Run) => Promise<void>): Swap {
  const { run: original } = Session.prototype
  const run: Run = (session, statement) => original.call(session, statement)
  const swap: Swap = { lockers: [], renamer: null, written: [], swappedThen: null }
  let done = false
  const spy = vi.spyOn(Session.prototype, 'run').mockImplementation(async function (
    this: Session,
    statement,
  ) {
    const text = inspect(statement.toOperationNode(), { depth: null })
    const isOurs = text.includes(mysql.schema)
    if (isOurs && text.includes("'LOCK TABLES ") && text.includes('__xf_old_'))
      swap.lockers.push(this)
    if (text.includes("'RENAME TABLE ")) swap.renamer = this
    if (!done && isOurs && swap.lockers.length === 3 && text.includes(moment)) {
      done = true
      await action(run)
    }
    return await run(this, statement)
  })
  onTestFinished(() => spy.mockRestore())
  return swap
}

async function isThere(session: Session, connectionId: number): Promise<boolean> {
  const row = await session.row(
    sql`SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${connectionId}`,
  )
  return row !== null
}

function change(table: string): string {
  return `ALTER TABLE ${table} ADD COLUMN status INT NOT NULL DEFAULT 0`
}
