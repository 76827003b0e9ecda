import { sql } from 'kysely'
import { expect } from 'vitest'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import { startThrowaway } from '../../src/mysql/throwaway.ts'
import { Deployment } from '../support/deployment.ts'
import type { MysqlTest } from '../support/mysql.ts'

/** A server whose tables can be put into a file that cannot grow, with an empty table `t` and the engine's own ones. */
export async function aServerWithLittleRoom({ flavour }: MysqlTest) {
  await using stack = new AsyncDisposableStack()
  const server = stack.use(
    await startThrowaway(flavour, {
      env: process.env,
      args: ['--innodb-data-file-path=ibdata1:12M'],
    }),
  )
  const root = stack.use(await connect(parseTarget(server.url())))
  await root.run(sql`CREATE DATABASE shop`)
  const target = parseTarget(server.url('shop'))
  const session = stack.use(await connect(target))
  await createTable(session, 't')
  const first = await Deployment.stage(target, ['CREATE TABLE first (id INT PRIMARY KEY)'], {
    cutover: 'auto',
  })
  await first.run.finished
  const kept = stack.move()
  return { root, session, target, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** Where tables are put that are made from now on. */
export async function putTablesInto(
  root: Session,
  place: 'files' | 'what cannot grow',
): Promise<void> {
  await root.run(
    sql`SET GLOBAL innodb_file_per_table = ${sql.raw(place === 'files' ? 'ON' : 'OFF')}`,
  )
}

/** An empty table for {@link addRows}. */
export async function createTable(session: Session, name: string): Promise<void> {
  await session.run(sql`CREATE TABLE ${sql.id(name)} (
    id INT AUTO_INCREMENT PRIMARY KEY, body VARCHAR(4000))`)
}

/** Adds rows of 4,000 bytes. */
export async function addRows(session: Session, table: string, rows: number): Promise<void> {
  await session.run(sql`INSERT INTO ${sql.id(table)} (body)
    WITH RECURSIVE digit (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM digit WHERE d < 9)
    SELECT REPEAT('x', 4000) FROM digit a, digit b, digit c, digit e LIMIT ${sql.lit(rows)}`)
}

/** Writes to a table until there is no room for more. */
export async function fill(session: Session, table: string): Promise<void> {
  for (let rows = 500; rows > 0; ) {
    try {
      await addRows(session, table, rows)
    } catch (error) {
      expect(error).toMatchObject({ errno: 1114 })
      rows = Math.floor(rows / 10)
    }
  }
}
