import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { lint } from '../../src/lint/lint.ts'
import { PAGE_LIMIT, pageBytes } from '../../src/lint/row-size.ts'
import type { Session } from '../../src/mysql/session.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { test } from '../support/mysql.ts'

/** What is said of the schema as the server describes it. */
async function errorsOf(session: Session, schema: string) {
  const wanted = await readSchema(session, schema)
  const { findings } = lint({ wanted, from: null, sources: [], levels: {} })
  return findings.filter(({ level }) => level === 'error').map(({ message }) => message)
}

const QUERIES = [
  'SELECT o.*, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer_id',
  'SELECT * FROM orders JOIN customers USING (id)',
  'SELECT customer_id, SUM(total) AS s FROM orders GROUP BY customer_id HAVING SUM(total) > 1 ORDER BY s',
  'SELECT d.n FROM (SELECT COUNT(*) AS n FROM orders o WHERE o.total > 1) d, customers o WHERE o.id = d.n',
  'WITH t AS (SELECT id AS k FROM orders) SELECT t.k FROM t JOIN customers ON customers.id = t.k',
  'SELECT (SELECT MAX(x.total) FROM orders x WHERE x.customer_id = c.id) AS m FROM customers c',
  'SELECT id FROM orders UNION SELECT id FROM customers',
  'SELECT v0.name FROM v0 WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = v0.id)',
  'SELECT EXTRACT(YEAR FROM o.at) AS y, IF(o.total > 1, o.total, 0) AS t FROM orders AS o',
  'SELECT ROW_NUMBER() OVER (PARTITION BY o.customer_id ORDER BY o.id) AS r FROM orders o',
]

describe('views of a real server', () => {
  test('are not complained of while all they read is there, and are when it goes', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(
      sql`CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20)) DEFAULT CHARSET=utf8mb4`,
    )
    await session.run(
      sql`CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, total INT, at DATE)`,
    )
    for (const [at, query] of QUERIES.entries()) {
      await session.run(sql`CREATE VIEW ${sql.id(`v${at}`)} AS ${sql.raw(query)}`)
    }

    const before = await errorsOf(session, mysql.schema)
    await session.run(sql`ALTER TABLE orders DROP COLUMN total`)
    const withoutColumn = await errorsOf(session, mysql.schema)
    await session.run(sql`DROP TABLE customers`)
    const withoutTable = await errorsOf(session, mysql.schema)

    expect(before).toEqual([])
    const of = (names: readonly string[], what: string) =>
      names.map((name) => `The view \`${name}\` reads ${what}`).toSorted()
    const column = 'the column `orders`.`total`, and there is no such column.'
    const table = '`customers`, and there is no table or view of that name.'
    expect(withoutColumn.toSorted()).toEqual(of(['v0', 'v1', 'v2', 'v3', 'v5', 'v8'], column))
    expect(withoutTable.filter((message) => message.includes('`customers`')).toSorted()).toEqual(
      of(['v0', 'v1', 'v3', 'v4', 'v5', 'v6'], table),
    )
  })
})

const TABLES: readonly (readonly [columns: string, longest: string])[] = [
  ['`a` varchar(15)', "REPEAT('😀', 15)"],
  ['`a` char(60)', "REPEAT('😀', 60)"],
  ['`a` varchar(70)', "REPEAT('😀', 10)"],
  ['`a` text', "REPEAT('x', 40)"],
  ['`a` decimal(30,10)', '99999999999999999999'],
  ['`a` varbinary(100)', "REPEAT('x', 100)"],
]

describe('pageBytes', () => {
  test.for(TABLES)(
    'of a row that is as long as can be is what decides: %s',
    async (pair, { mysql }) => {
      const [column, longest] = pair
      const session = await mysql.session()
      const items = (count: number) =>
        Array.from({ length: count }, (_, at) => column.replace('`a`', `c${at}`)).join(', ')
      const build = async (count: number) => {
        await session.run(
          sql`CREATE TABLE t (id INT PRIMARY KEY, ${sql.raw(items(count))}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
        )
        const table = (await readSchema(session, mysql.schema)).tables.get('t')
        if (!table) throw new Error('the table is not there')
        return table
      }
      const one = pageBytes(await build(10))
      await session.run(sql`DROP TABLE t`)
      const two = pageBytes(await build(20))
      await session.run(sql`DROP TABLE t`)
      const perColumn = (two - one) / 10
      const most = Math.floor((PAGE_LIMIT - (one - 10 * perColumn)) / perColumn)

      // As many as fit by our count, less a few for what is rounded; and clearly more than fit.
      const fits = async (count: number) => {
        try {
          await build(count)
          const values = Array.from({ length: count }, () => longest).join(', ')
          await session.run(sql`INSERT INTO t VALUES (1, ${sql.raw(values)})`)
          return true
        } catch {
          return false
        } finally {
          await session.run(sql`DROP TABLE IF EXISTS t`)
        }
      }

      expect(await fits(Math.floor(most * 0.95))).toBe(true)
      expect(await fits(Math.ceil(most * 1.05))).toBe(false)
    },
  )
})
