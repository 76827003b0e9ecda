import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

test('APPLY-1: XA transactions, prepared before, committed and rolled back later, cost no row', async ({
  mysql,
}) => {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT, gone INT)`)
  await session.run(sql`INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4)`)
  const application = await mysql.session()
  const prepare = (name: string, ...statements: string[]) =>
    prepareXa(application, `${mysql.schema}.${name}`, statements)

  const before = await prepare(
    'a',
    'UPDATE t SET v = 10 WHERE id = 1',
    'INSERT INTO t VALUES (5, 5, 5)',
  )
  const deployment = await Deployment.stage(
    mysql.target,
    ['ALTER TABLE t MODIFY v BIGINT, DROP COLUMN gone'],
    { revertWindowMs: 600_000 },
  )
  // Its rows are in the binlog already, and nobody may see them yet.
  await deployment.reached('progress')
  expect(deployment.story).toBe('started')
  await before('COMMIT')
  await deployment.reached('ready_to_cutover')
  const undone = await prepare(
    'b',
    'UPDATE t SET v = 20 WHERE id = 2',
    'DELETE FROM t WHERE id = 3',
  )
  await undone('ROLLBACK')
  const held = await prepare('c', 'UPDATE t SET id = 40 WHERE id = 4', 'DELETE FROM t WHERE id = 1')
  deployment.run.cutover()
  await deployment.reached('cutover_retry')
  await held('COMMIT')
  await deployment.reached('reverse_in_sync')
  const after = await prepare(
    'd',
    'UPDATE t SET v = 30 WHERE id = 3',
    'INSERT INTO t VALUES (6, 6)',
  )
  await after('COMMIT')
  const later = await prepare('e', 'DELETE FROM t WHERE id = 2')
  deployment.run.revert()
  await later('ROLLBACK')

  expect(await deployment.run.finished, deployment.story).toBe('reverted')
  expect(await session.rows(sql`SELECT id, v, gone FROM t ORDER BY id`)).toEqual([
    { id: 2, v: 2, gone: 2 },
    { id: 3, v: 30, gone: 3 },
    { id: 5, v: 5, gone: 5 },
    { id: 6, v: 6, gone: null },
    { id: 40, v: 4, gone: 4 },
  ])
})

/** Prepares an XA transaction with these statements, and returns what ends it. */
async function prepareXa(
  session: Session,
  name: string,
  statements: readonly string[],
): Promise<(how: 'COMMIT' | 'ROLLBACK') => Promise<void>> {
  const xid = sql.lit(name.slice(-60))
  await session.run(sql`XA START ${xid}`)
  for (const statement of statements) await session.run(sql.raw(statement))
  await session.run(sql`XA END ${xid}`)
  await session.run(sql`XA PREPARE ${xid}`)
  return async (how) => {
    await session.run(sql`XA ${sql.raw(how)} ${xid}`)
  }
}
