import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { claimDeployment } from '../../src/engine/engine-session.ts'
import { readShape } from '../../src/engine/table/table-shape.ts'
import { test } from '../support/mysql.ts'

/** What the other session makes of the table, over and over. */
const WHOLE = new Set(['id,v / PRIMARY', 'id,v,x / PRIMARY,by_x'])

describe('readShape', () => {
  test('SHAPE-1: is of one moment, however often somebody else changes the table', async ({
    mysql,
  }) => {
    const [session, other] = [await mysql.session(), await mysql.session()]
    await other.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT)`)
    await other.run(sql`INSERT INTO t VALUES (1, 1)`)
    // On MariaDB a session that holds any lock is told less.
    await claimDeployment(session, mysql.schema.slice(0, 24))
    let changes = 0
    let isReading = true
    const changing = (async () => {
      while (isReading) {
        await other.run(sql`ALTER TABLE t ADD COLUMN x INT, ADD UNIQUE KEY by_x (x)`)
        await other.run(sql`ALTER TABLE t DROP COLUMN x`)
        changes += 1
      }
    })()

    const seen = new Set<string>()
    for (let reading = 0; reading < 100 || changes < 5; reading += 1) {
      const shape = await readShape(session, mysql.schema, 't')
      const columns = shape?.columns.map(({ name }) => name).join()
      const keys = shape?.uniqueKeys.map(({ name }) => name).join()
      seen.add(`${columns} / ${keys}`)
    }
    isReading = false
    await changing

    expect([...seen].filter((what) => !WHOLE.has(what))).toEqual([])
  })

  test('lets the application write while it is read, and somebody change the table afterwards', async ({
    mysql,
  }) => {
    const [session, other] = [await mysql.session(), await mysql.session()]
    await other.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT)`)

    await other.transaction(async () => {
      await other.run(sql`INSERT INTO t VALUES (1, 1)`)
      const shape = await readShape(session, mysql.schema, 't')
      expect(shape?.columns).toHaveLength(2)
    })
    await other.run(sql`ALTER TABLE t ADD COLUMN x INT`)

    expect((await readShape(session, mysql.schema, 't'))?.columns).toHaveLength(3)
  })

  test('knows no view and no table that is not there', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    await session.run(sql`CREATE VIEW w AS SELECT * FROM t`)

    expect(await readShape(session, mysql.schema, 'w')).toBeNull()
    expect(await readShape(session, mysql.schema, 'elsewhere')).toBeNull()
    expect(await readShape(session, `${mysql.schema}_none`, 't')).toBeNull()
  })
})
