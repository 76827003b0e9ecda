import { sql } from 'kysely'
import { describe, expect, vi } from 'vitest'
import { applyKeys } from '../../src/engine/apply.ts'
import { LOCK_OR_FAIL } from '../../src/engine/copy-chunk.ts'
import { pairTables } from '../../src/engine/pair.ts'
import { readShape } from '../../src/engine/table-shape.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

describe('applyKeys', () => {
  test('never waits for a row that the application inserts while its key was found to be gone', async ({
    mysql,
  }) => {
    const { session, pair } = await pairOfOrders(mysql)
    const application = await mysql.session()
    await session.run(sql`DELETE FROM orders WHERE id IN (3, 5)`)
    await session.run(sql`SET SESSION innodb_lock_wait_timeout = 1`)

    await application.transaction(async () => {
      // The first read of a batch is the one that finds which keys are gone.
      const find = session.rows.bind(session)
      vi.spyOn(session, 'rows').mockImplementationOnce(async (statement) => {
        const found = await find(statement)
        await application.run(sql`INSERT INTO orders VALUES (3, 'again')`)
        return found
      })
      const keys = [[3n], [4n], [5n]]
      await session.transaction(() => applyKeys(session, pair, LOCK_OR_FAIL[mysql.flavour], keys))
    })

    const left = await session.rows(sql`SELECT id FROM orders_new ORDER BY id`)
    expect(left).toEqual([{ id: '1' }, { id: '2' }, { id: '4' }, { id: '6' }])
  })

  test('keeps the row of a key whose spelling changed', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE tags (name VARCHAR(20) PRIMARY KEY, uses INT NOT NULL)
      DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci`)
    await session.run(sql`CREATE TABLE tags_new LIKE tags`)
    await session.run(sql`ALTER TABLE tags_new ADD COLUMN kept INT NOT NULL DEFAULT 7`)
    await session.run(sql`INSERT INTO tags VALUES ('Red', 2)`)
    await session.run(sql`INSERT INTO tags_new VALUES ('red', 1, 8), ('blue', 1, 8)`)
    const pair = await pairOf(mysql, 'tags')

    const keys = ['red', 'Red', 'blue'].map((name) => [Buffer.from(name)])
    await session.transaction(() => applyKeys(session, pair, LOCK_OR_FAIL[mysql.flavour], keys))

    const rows = await session.rows(sql`SELECT * FROM tags_new`)
    expect(rows).toEqual([{ name: 'Red', uses: 2, kept: 8 }])
  })
})

/** `orders` with the ids 1 to 6, and a target that holds the same. */
async function pairOfOrders(mysql: MysqlTest) {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE orders (id BIGINT PRIMARY KEY, status VARCHAR(16) NOT NULL)`)
  await session.run(sql`CREATE TABLE orders_new LIKE orders`)
  const rows = Array.from({ length: 6 }, (_, index) => sql`(${index + 1}, 'new')`)
  await session.run(sql`INSERT INTO orders VALUES ${sql.join(rows)}`)
  await session.run(sql`INSERT INTO orders_new SELECT * FROM orders`)
  return { session, pair: await pairOf(mysql, 'orders') }
}

async function pairOf(mysql: MysqlTest, table: string) {
  const session = await mysql.session()
  const source = await readShape(session, mysql.schema, table)
  const target = await readShape(session, mysql.schema, `${table}_new`)
  if (!source || !target) throw new TypeError('the tables were just made')
  return pairTables(source, target, { renames: new Map(), towardsOld: true })
}
