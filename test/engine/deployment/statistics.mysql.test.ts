import { sql } from 'kysely'
import { expect } from 'vitest'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

test('a table is not taken for an empty one right after its cutover', async ({ mysql }) => {
  const session = await mysql.session()
  await session.run(
    sql`CREATE TABLE orders (id BIGINT PRIMARY KEY, note VARCHAR(20)) STATS_PERSISTENT=1 STATS_AUTO_RECALC=0`,
  )
  const rows = Array.from({ length: 500 }, (_, index) => sql`(${index + 1}, 'new')`)
  await session.run(sql`INSERT INTO orders VALUES ${sql.join(rows)}`)

  const deployment = await Deployment.stage(
    mysql.target,
    ['ALTER TABLE orders ADD COLUMN paid INT NOT NULL DEFAULT 0'],
    { cutover: 'auto' },
  )
  await deployment.reached('complete')

  const statistics = await session.row(sql<{ rowCount: string }>`
    SELECT n_rows AS rowCount FROM mysql.innodb_table_stats
    WHERE database_name = ${mysql.schema} AND table_name = 'orders'`)
  expect(statistics?.rowCount).toBe('500')
})
