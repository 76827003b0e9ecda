import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { errnoOf } from '../../../src/mysql/errno.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { ddlOf } from '../../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../../src/schema/diff/diff.ts'
import { schemaFromSql, schemaToSql } from '../../../src/schema/parse.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const CHANGE =
  'ALTER TABLE items MODIFY note VARCHAR(80) NULL, ADD COLUMN size INT NOT NULL DEFAULT 0'

describe('FOREIGN-1: a table with foreign keys', () => {
  test('is swapped and swapped back under writes of parents and children, and none of them fails', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createShop(session)
    const users = await Promise.all(
      [1, 2, 3].map(async (id) => startUser(await mysql.session(), id)),
    )
    onTestFinished(async () => void (await Promise.all(users.map((user) => user.stop()))))

    const deployment = await Deployment.stage(mysql.target, [CHANGE], { revertWindowMs: 600_000 })
    await deployment.reached('ready_to_cutover')
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    expect(await keysOf(session, 'items')).toEqual(['orders CASCADE', 'products NO ACTION'])
    await written(users)
    deployment.run.revert()
    await deployment.reached('reverted')
    await written(users)
    const errors = (await Promise.all(users.map((user) => user.stop()))).flat()

    expect(errors).toEqual([])
    expect(await keysOf(session, 'items')).toEqual(['orders CASCADE', 'products NO ACTION'])
    const [kept = ''] = await productTables(session)
    expect(await keysOf(session, kept)).toEqual([])
    await expect(
      session.transaction(async () => {
        await session.run(sql`SET foreign_key_checks = 1`)
        await session.run(sql`INSERT INTO items (order_id, product_id) VALUES (-5, 1)`)
      }),
    ).rejects.toMatchObject({ errno: 1452 })
  })

  test('has in both forms the rows that the other has, also those that a parent took with it', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createShop(session)
    const user = await mysql.session()
    await user.run(sql`SET foreign_key_checks = 1`)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], { revertWindowMs: 600_000 })
    await deployment.reached('ready_to_cutover')
    await user.run(sql`DELETE FROM orders WHERE id IN (3, 4)`)
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    await user.run(sql`DELETE FROM orders WHERE id IN (5, 6)`)
    deployment.run.skipRevert()
    await deployment.run.finished

    const [old = ''] = await productTables(session)
    const rows = (table: string) =>
      session.rows(sql`SELECT id, order_id, product_id, note FROM ${sql.id(table)} ORDER BY id`)
    expect(await rows('items')).toHaveLength(100 - 4 * 5)
    expect(await rows(old)).toEqual(await rows('items'))
    expect(await keysOf(session, old)).toEqual([])
  })

  test('gets other actions under the same name, and the former ones back by a revert', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await createShop(session)
    const former = await readSchema(session, mysql.schema)
    const restricted = schemaFromSql(
      Object.fromEntries(
        Object.entries(schemaToSql(former)).map(([name, text]) => [
          name,
          text.replace(' ON DELETE CASCADE', ''),
        ]),
      ),
    )
    const changes = diffSchemas(former, restricted).map((change) => ddlOf(change).statement)
    const deployment = await Deployment.stage(mysql.target, changes, {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')
    expect(changes).toHaveLength(1)
    expect(await keysOf(session, 'items')).toEqual(['orders NO ACTION', 'products NO ACTION'])
    expect(diffSchemas(await readSchema(session, mysql.schema), restricted)).toEqual([])
    deployment.run.revert()
    await deployment.reached('reverted')

    expect(await keysOf(session, 'items')).toEqual(['orders CASCADE', 'products NO ACTION'])
  })

  test('may lose a foreign key by the change, and gets it back by a revert', async ({ mysql }) => {
    const session = await mysql.session()
    await createShop(session)
    const deployment = await Deployment.stage(
      mysql.target,
      ['ALTER TABLE items DROP FOREIGN KEY of_order'],
      { cutover: 'auto', revertWindowMs: 600_000 },
    )
    await deployment.reached('reverse_in_sync')
    expect(await keysOf(session, 'items')).toEqual(['products NO ACTION'])
    deployment.run.revert()
    expect(await deployment.run.finished).toBe('reverted')
    expect(await keysOf(session, 'items')).toEqual(['orders CASCADE', 'products NO ACTION'])
  })

  test.for([57])(
    'has a name of %i characters, from which the server makes up that of its key',
    async (length, { mysql }) => {
      const session = await mysql.session()
      const name = 'n'.repeat(length)
      await session.run(sql`CREATE TABLE orders (id INT PRIMARY KEY)`)
      await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY, o INT,
        FOREIGN KEY (o) REFERENCES orders (id))`)
      const deployment = await Deployment.stage(
        mysql.target,
        [`ALTER TABLE ${name} ADD COLUMN w INT`],
        { cutover: 'auto', revertWindowMs: 600_000, quarantineMs: 60_000 },
      )
      await deployment.reached('reverse_in_sync')
      deployment.run.revert()

      expect(await deployment.run.finished, deployment.story).toBe('reverted')
      expect(await keysOf(session, name)).toEqual(['orders NO ACTION'])
    },
  )

  test('forgets the keys it has kept when the deployment is refused', async ({ mysql }) => {
    const session = await mysql.session()
    await createShop(session)
    await session.run(sql`CREATE TABLE other (id INT PRIMARY KEY)`)

    await expect(
      Deployment.stage(mysql.target, [CHANGE, 'ALTER TABLE other ADD CHECK (nothing > 0)'], {
        id: 'refused_with_keys',
      }),
    ).rejects.toMatchObject({ code: 'ALTER_INVALID' })

    expect(
      await session.rows(
        sql`SELECT 1 FROM _crossfade.foreign_key WHERE deployment_id = 'refused_with_keys'`,
      ),
    ).toEqual([])
  })
})

async function createShop(session: Session): Promise<void> {
  await session.run(sql`CREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL)`)
  await session.run(sql`CREATE TABLE products (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE items (
    id INT AUTO_INCREMENT PRIMARY KEY, order_id INT NOT NULL, product_id INT NOT NULL, note VARCHAR(40) NULL,
    CONSTRAINT of_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    FOREIGN KEY (product_id) REFERENCES products (id))`)
  const numbers = Array.from({ length: 20 }, (_, n) => sql`(${n + 1})`)
  await session.run(sql`INSERT INTO products VALUES ${sql.join(numbers)}`)
  await session.run(sql`INSERT INTO orders SELECT id, 0 FROM products`)
  await session.run(sql`INSERT INTO items (order_id, product_id)
    SELECT orders.id, products.id FROM orders JOIN products WHERE products.id <= 5`)
}

/** `parent rule` of each foreign key of a table. */
async function keysOf(session: Session, table: string): Promise<readonly string[]> {
  const rows = await session.rows(sql<{ parent: string; rule: string }>`
    SELECT REFERENCED_TABLE_NAME AS parent, DELETE_RULE AS rule
    FROM information_schema.REFERENTIAL_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = ${table} ORDER BY parent`)
  return rows.map(({ parent, rule }) => `${parent} ${rule}`)
}

type User = ReturnType<typeof startUser>

async function written(users: readonly User[]): Promise<void> {
  const before = users.map(({ count }) => count())
  await expect
    .poll(() => users.every(({ count }, at) => count() > (before[at] ?? 0) + 10), {
      timeout: 20_000,
    })
    .toBe(true)
}

/** Orders and products that come with their items and go again, in every order of statements that is allowed. */
function startUser(session: Session, id: number) {
  const errors: unknown[] = []
  let running = true
  let count = 0
  const done = (async () => {
    await session.run(sql`SET foreign_key_checks = 1`)
    while (running) {
      const own = id * 1000 + (count % 50) + 100
      try {
        await session.transaction(async () => {
          await session.run(sql`INSERT INTO orders VALUES (${own}, 0)`)
          await session.run(sql`INSERT INTO products VALUES (${own})`)
          await session.run(
            sql`INSERT INTO items (order_id, product_id) VALUES (${own}, 1), (1, ${own})`,
          )
        })
        await session.run(sql`UPDATE items SET note = 'seen' WHERE product_id = ${own}`)
        // The child first and its parent right after it: what a table that lags behind would not allow.
        await session.run(sql`DELETE FROM items WHERE product_id = ${own}`)
        await session.run(sql`DELETE FROM products WHERE id = ${own}`)
        await session.run(sql`DELETE FROM orders WHERE id = ${own}`)
        count += 1
        await systemClock.sleep(Math.random() * 10)
      } catch (error) {
        // The one thing that may happen: the transaction is rolled back whole, and tried again.
        if (errnoOf(error) === 1213) continue
        errors.push(errnoOf(error) ?? error)
        running = false
      }
    }
  })()
  return {
    count: () => count,
    stop: async () => {
      running = false
      await done
      return errors
    },
  }
}
