import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { canonicalise, readSchema } from '../../../src/schema/canonical.ts'
import { ddlOf } from '../../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../../src/schema/diff/diff.ts'
import { checkSchemaFile } from '../../../src/schema/file/allow-list.ts'
import { renamesIn } from '../../../src/schema/file/rename-hint.ts'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const FORMER = `CREATE TABLE orders (
  id INT PRIMARY KEY,
  total INT NOT NULL,
  note VARCHAR(20),
  doubled INT AS (total * 2) STORED,
  KEY by_total (total, id),
  CONSTRAINT positive CHECK (total > 0)
)`

const WANTED = `CREATE TABLE orders (
  id INT PRIMARY KEY,
  -- crossfade:renamed-from total
  amount BIGINT NOT NULL,
  remark VARCHAR(20), -- crossfade:renamed-from note
  doubled INT AS (amount * 2) STORED,
  KEY by_total (amount, id),
  CONSTRAINT positive CHECK (amount > 0)
)`

describe('a column renamed by a hint', () => {
  test('keeps its values, those written meanwhile, and those of after a revert', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql.raw(FORMER))
    await session.run(sql`INSERT INTO orders (id, total, note) VALUES (1, 10, 'a'), (2, 20, NULL)`)
    const sources = checkSchemaFile(WANTED, 'orders.sql')
    const live = await readSchema(session, mysql.schema)
    const collation = await session.row(sql<{ name: string }>`SELECT @@collation_database AS name`)
    const wanted = await canonicalise(session, sources, { collation: collation?.name ?? '' })
    const changes = diffSchemas(live, wanted, renamesIn({ schema: wanted, sources }))
    const statements = changes.map((change) => ddlOf(change).statement)

    const deployment = await Deployment.stage(mysql.target, statements, { revertWindowMs: 600_000 })
    await deployment.reached('ready_to_cutover')
    await session.run(sql`INSERT INTO orders (id, total, note) VALUES (3, 30, 'c')`)
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    const after = await session.rows(
      sql`SELECT id, amount, remark, doubled FROM orders ORDER BY id`,
    )
    expect(diffSchemas(await readSchema(session, mysql.schema), wanted)).toEqual([])
    await session.run(sql`INSERT INTO orders (id, amount, remark) VALUES (4, 40, 'd')`)
    await session.run(sql`UPDATE orders SET amount = 11 WHERE id = 1`)
    deployment.run.revert()
    await deployment.reached('reverted')

    expect(after).toEqual([
      { id: 1, amount: '10', remark: 'a', doubled: 20 },
      { id: 2, amount: '20', remark: null, doubled: 40 },
      { id: 3, amount: '30', remark: 'c', doubled: 60 },
    ])
    expect(
      await session.rows(sql`SELECT id, total, note, doubled FROM orders ORDER BY id`),
    ).toEqual([
      { id: 1, total: 11, note: 'a', doubled: 22 },
      { id: 2, total: 20, note: null, doubled: 40 },
      { id: 3, total: 30, note: 'c', doubled: 60 },
      { id: 4, total: 40, note: 'd', doubled: 80 },
    ])
    expect(diffSchemas(await readSchema(session, mysql.schema), live)).toEqual([])
  })
})
