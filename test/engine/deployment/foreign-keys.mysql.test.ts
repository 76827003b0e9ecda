import { inspect } from 'node:util'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { ERRNO, errnoOf } from '../../../src/mysql/errno.ts'
import { Session } from '../../../src/mysql/session.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { diffSchemas } from '../../../src/schema/diff/diff.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { FLAVOUR, type MysqlTest, test } from '../../support/mysql.ts'
import { CHANGE, OF_ITEMS, referencesOf, requireEnforced, shop } from './a-shop.ts'

describe('FOREIGN-1: a child of other tables', () => {
  test('CUTOVER-1: is swapped and swapped back under writes of parents and children, and none is lost or fails', async ({
    mysql,
  }) => {
    const session = await shop(mysql)
    const users = await usersOf(mysql, 3)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], { revertWindowMs: 600_000 })
    await deployment.reached('ready_to_cutover')
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    expect(await referencesOf(session)).toEqual(OF_ITEMS)
    await requireEnforced(mysql)
    await written(users)
    deployment.run.revert()
    await deployment.reached('reverted')
    expect(await referencesOf(session)).toEqual(OF_ITEMS)
    await requireEnforced(mysql)
    await written(users)
    const reports = await Promise.all(users.map((user) => user.stop()))

    expect(reports.flatMap(({ errors }) => errors)).toEqual([])
    const rows = await session.rows(
      sql<{
        id: number
        n: number
      }>`SELECT item_order AS id, COUNT(*) AS n FROM items WHERE item_order >= 1000
        GROUP BY item_order ORDER BY item_order`,
    )
    const kept = reports.flatMap((report) => report.kept).toSorted((a, b) => a - b)
    expect(rows.map(({ id, n }) => [Number(id), Number(n)])).toEqual(kept.map((id) => [id, 2]))
    expect(await orphans(session)).toEqual([])
  })

  test('CUTOVER-3: gives way to a transaction that holds a parent and goes on to the child', async ({
    mysql,
  }) => {
    const session = await shop(mysql)
    const deployment = await Deployment.stage(mysql.target, [CHANGE])
    await deployment.reached('ready_to_cutover')
    const holder = await mysql.session()

    await holder.transaction(async () => {
      await holder.run(sql`INSERT INTO orders VALUES (1000, 1)`)
      deployment.run.cutover()
      await deployment.reached('cutover_retry')
      await holder.run(sql`INSERT INTO items (item_order, product_id) VALUES (1000, 1)`)
    })
    await deployment.reached('complete')

    const retry = deployment.events.find(({ event }) => event === 'cutover_retry')
    // MariaDB does not tell who holds a table.
    expect(retry).toMatchObject({
      reason: expect.stringContaining(FLAVOUR === 'mysql' ? 'holds orders' : 'transaction'),
    })
    expect(await session.rows(sql`SELECT size FROM items WHERE item_order = 1000`)).toEqual([
      { size: 0 },
    ])
    expect(await referencesOf(session)).toEqual(OF_ITEMS)
  })

  test('leaves its shadow without keys when a try fails after they were put on', async ({
    mysql,
  }) => {
    const session = await shop(mysql)
    await session.run(sql`CREATE TABLE zz (id INT PRIMARY KEY)`)
    const deployment = await Deployment.stage(mysql.target, [CHANGE, 'ALTER TABLE zz ADD v INT'])
    await deployment.reached('ready_to_cutover')
    const [shadow = '', other = ''] = await productTables(session)
    // The name that zz is to get is taken: no RENAME succeeds.
    const taken = other.replace('__xf_new_', '__xf_old_')
    await session.run(sql`CREATE TABLE ${sql.id(taken)} (id INT PRIMARY KEY)`)

    deployment.run.cutover()
    expect(await deployment.run.finished, deployment.story).toBe('failed')

    expect(await referencesOf(session)).toEqual(OF_ITEMS)
    expect(await productTables(session)).not.toContain(shadow)
  })

  test('leaves none on the old table when the connection is lost right after the swap', async ({
    mysql,
  }) => {
    const session = await shop(mysql)
    const { run } = Session.prototype
    const spy = vi.spyOn(Session.prototype, 'run').mockImplementation(async function (
      this: Session,
      statement: RawBuilder<unknown>,
    ) {
      const rows = await run.call(this, statement)
      const text = inspect(statement.toOperationNode(), { depth: null })
      if (text.includes('crossfade:lost_keys cutover')) this.destroy()
      return rows
    })
    onTestFinished(() => spy.mockRestore())

    const deployment = await Deployment.stage(mysql.target, [CHANGE], {
      id: 'lost_keys',
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')

    expect(await referencesOf(session)).toEqual(OF_ITEMS)
    deployment.run.skipRevert()
    expect(await deployment.run.finished).toBe('complete')
  })

  test.for([43, 55])(
    'has a name of %i characters, from which the server makes up that of its key, and an index that keeps its name',
    async (length, { mysql }) => {
      const session = await mysql.session()
      const name = 'n'.repeat(length)
      await session.run(sql`CREATE TABLE orders (id INT PRIMARY KEY)`)
      await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY, o INT,
        FOREIGN KEY (o) REFERENCES orders (id))`)
      const before = await readSchema(session, mysql.schema)
      const deployment = await Deployment.stage(
        mysql.target,
        [`ALTER TABLE ${name} ADD COLUMN w INT`],
        { cutover: 'auto', revertWindowMs: 600_000, quarantineMs: 60_000 },
      )
      await deployment.reached('reverse_in_sync')
      expect(await referencesOf(session)).toEqual([`${name}.o -> orders.id`])
      deployment.run.revert()

      expect(await deployment.run.finished, deployment.story).toBe('reverted')
      expect(diffSchemas(await readSchema(session, mysql.schema), before)).toEqual([])
      expect(await referencesOf(session)).toEqual([`${name}.o -> orders.id`])
    },
  )

  test('may be dropped, and comes back with its keys', async ({ mysql }) => {
    const session = await shop(mysql)
    const deployment = await Deployment.stage(mysql.target, ['DROP TABLE items'], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')
    expect(await referencesOf(session)).toEqual([])
    deployment.run.revert()

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(await referencesOf(session)).toEqual(OF_ITEMS)
  })

  test('is refused where the server does not log what its keys do, and may not become such a table with a way back', async ({
    mysql,
  }) => {
    const session = await shop(mysql)
    const logs = FLAVOUR === 'mysql'
    const acting = `ALTER TABLE items DROP FOREIGN KEY of_order, ADD CONSTRAINT of_order
      FOREIGN KEY (item_order) REFERENCES orders (id) ON DELETE CASCADE`
    const staged = async (statement: string, revertWindowMs: number | null) =>
      await Deployment.stage(mysql.target, [statement], { cutover: 'auto', revertWindowMs }).then(
        async (deployment) => {
          if (revertWindowMs !== null) {
            await deployment.reached('reverse_in_sync')
            deployment.run.revert()
          }
          return await deployment.run.finished
        },
        (error: unknown) => error,
      )
    const refused = expect.objectContaining({ code: 'FOREIGN_KEY' })

    expect(await staged(acting, 600_000)).toEqual(logs ? 'reverted' : refused)
    expect(await referencesOf(session)).toEqual(OF_ITEMS)
    expect(await staged(acting, null)).toBe('complete')
    expect(await staged(CHANGE, null)).toEqual(logs ? 'complete' : refused)
    expect(await referencesOf(session)).toEqual(OF_ITEMS)
  })
})

async function orphans(session: Session) {
  return await session.rows(sql`SELECT items.id FROM items
    LEFT JOIN orders ON orders.id = item_order LEFT JOIN products ON products.id = product_id
    WHERE orders.id IS NULL OR products.id IS NULL`)
}

type User = ReturnType<typeof startUser>

async function usersOf(mysql: MysqlTest, count: number): Promise<readonly User[]> {
  const ids = Array.from({ length: count }, (_, id) => id)
  const users = await Promise.all(ids.map(async (id) => startUser(await mysql.session(), id)))
  onTestFinished(async () => void (await Promise.all(users.map((user) => user.stop()))))
  return users
}

async function written(users: readonly User[]): Promise<void> {
  const before = users.map(({ count }) => count())
  await expect
    .poll(() => users.every(({ count }, at) => count() > (before[at] ?? 0) + 10))
    .toBe(true)
}

/** Orders with two items each; two of three orders go again, the child first and its parent right after it. */
function startUser(session: Session, user: number) {
  const errors: unknown[] = []
  const kept: number[] = []
  let running = true
  let count = 0
  const buy = async (id: number) => {
    await session.transaction(async () => {
      await session.run(sql`INSERT INTO orders VALUES (${id}, 0)`)
      await session.run(sql`INSERT INTO products VALUES (${id})`)
      await session.run(
        sql`INSERT INTO items (item_order, product_id) VALUES (${id}, 1), (${id}, ${id})`,
      )
    })
    await session.run(sql`UPDATE items SET note = 'seen' WHERE item_order = ${id}`)
  }
  const forget = async (id: number) => {
    await session.run(sql`DELETE FROM items WHERE item_order = ${id}`)
    await session.run(sql`DELETE FROM products WHERE id = ${id}`)
    await session.run(sql`DELETE FROM orders WHERE id = ${id}`)
  }
  /** On MySQL its first statements may be rolled back whole, and are done again. */
  const surely = async (work: () => Promise<void>) => {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (errnoOf(error) !== ERRNO.DEADLOCK) throw error
      }
    }
  }
  const done = (async () => {
    await session.run(sql`SET foreign_key_checks = 1`)
    try {
      for (; running; count += 1) {
        const id = 1000 + count * 10 + user
        await surely(() => buy(id))
        if (count % 3 === 0) kept.push(id)
        else await surely(() => forget(id))
        await systemClock.sleep(Math.random() * 10)
      }
    } catch (error) {
      errors.push(errnoOf(error) ?? error)
    }
  })()
  return {
    count: () => count,
    stop: async () => {
      running = false
      await done
      return { errors, kept }
    },
  }
}
