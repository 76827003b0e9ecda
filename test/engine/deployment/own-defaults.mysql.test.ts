import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const ADDED = `ADD COLUMN token CHAR(36) NOT NULL DEFAULT (UUID()) AFTER id,
  ADD COLUMN \`chance, maybe\` DOUBLE DEFAULT (RAND()), ADD UNIQUE KEY u (token)`

describe('a new column whose default differs from row to row', () => {
  test('gives each row that is there a value of its own', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, a INT)`)
    await session.run(sql`INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)`)

    const deployment = await Deployment.stage(mysql.target, [`ALTER TABLE t ${ADDED}`])
    await deployment.reached('ready_to_cutover')
    await session.run(sql`UPDATE t SET a = 9 WHERE id = 2`)
    await session.run(sql`INSERT INTO t VALUES (4, 4)`)
    deployment.run.cutover()

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    await session.run(sql`INSERT INTO t (id) VALUES (5)`)
    expect(await values(session)).toEqual({
      ids: '1,2,3,4,5',
      tokens: '5',
      chances: '5',
      lengths: '36',
    })
  })

  test('stands at its place, beside two full-text keys', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, a TEXT)`)
    await session.run(sql`INSERT INTO t VALUES (1, 'x')`)
    const change = `${ADDED}, ADD FULLTEXT KEY f (a), ADD FULLTEXT KEY g (a)`

    const deployment = await Deployment.stage(mysql.target, [`ALTER TABLE t ${change}`])
    await deployment.reached('ready_to_cutover')
    deployment.run.cutover()

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(await values(session)).toEqual({ ids: '1', tokens: '1', chances: '1', lengths: '36' })
    const [column] = await session.rows(sql<{ Field: string }>`SHOW COLUMNS FROM t LIKE 'token'`)
    expect(column).toMatchObject({ Null: 'NO', Default: expect.stringMatching(/^uuid\(\)$/i) })
  })
})

async function values(session: Session) {
  return await session.row(sql`
    SELECT GROUP_CONCAT(id ORDER BY id) AS ids, COUNT(DISTINCT token) AS tokens,
      COUNT(DISTINCT ${sql.id('chance, maybe')}) AS chances, MIN(CHAR_LENGTH(token)) AS lengths
    FROM t`)
}
