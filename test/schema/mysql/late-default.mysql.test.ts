import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { errnoOf } from '../../../src/mysql/errno.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { ddlOf } from '../../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../../src/schema/diff/diff.ts'
import { stepsOf } from '../../../src/schema/diff/steps.ts'
import { schemaToSql } from '../../../src/schema/parse.ts'
import { test } from '../../support/mysql.ts'

const WANTED = `CREATE TABLE t (
  id INT PRIMARY KEY,
  kind ENUM('a NOT NULL b', 'DEFAULT (uuid())') NOT NULL DEFAULT (concat('a NOT NULL', ' b')),
  token CHAR(36) NOT NULL DEFAULT (UUID()) COMMENT 'is NOT NULL DEFAULT (uuid())',
  dice DOUBLE DEFAULT (RAND() * 6),
  UNIQUE KEY by_token (token)
)`

describe('stepsOf with defaults that differ from row to row', () => {
  test('gives what one statement cannot do beside a binlog', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(WANTED))
    const wanted = await readSchema(session, mysql.schema)
    await session.run(sql`DROP TABLE t`)
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const from = await readSchema(session, mysql.schema)
    const changes = diffSchemas(from, wanted)

    const whole = changes.map((change) => session.run(sql.raw(ddlOf(change).statement)))
    const refused = await Promise.allSettled(whole)
    const steps = stepsOf(changes, { from, to: wanted })
    for (const step of steps) await session.run(sql.raw(ddlOf(step).statement))

    expect(refused).toMatchObject([{ status: 'rejected' }])
    expect(steps).toHaveLength(2)
    expect(schemaToSql(await readSchema(session, mysql.schema))).toEqual(schemaToSql(wanted))
  })

  test('invents no value for rows that are there', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(
      sql`CREATE TABLE t (id INT PRIMARY KEY, token CHAR(36) NOT NULL DEFAULT (UUID()))`,
    )
    const wanted = await readSchema(session, mysql.schema)
    await session.run(sql`ALTER TABLE t DROP COLUMN token`)
    await session.run(sql`INSERT INTO t VALUES (1)`)
    const from = await readSchema(session, mysql.schema)
    const [add, set] = stepsOf(diffSchemas(from, wanted), { from, to: wanted }).map(
      (step) => ddlOf(step).statement,
    )

    await session.run(sql.raw(add ?? ''))
    const error = await session.run(sql.raw(set ?? '')).catch((cause: unknown) => cause)

    expect(errnoOf(error)).toBe(1138)
    expect(await session.rows(sql`SELECT token FROM t`)).toEqual([{ token: null }])
  })
})
