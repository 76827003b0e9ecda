import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { Deployment } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const table = (name: string, parent: string) =>
  `CREATE TABLE ${name} (id INT NOT NULL PRIMARY KEY, up INT, KEY f_${name} (up),
    CONSTRAINT f_${name} FOREIGN KEY (up) REFERENCES ${parent} (id))`

const CASES: readonly (readonly [name: string, statements: readonly string[]])[] = [
  ['to each other in a circle', [table('a', 'b'), table('b', 'c'), table('c', 'a')]],
  ['to new ones and to live ones', [table('a', 'b'), table('b', 'p')]],
  ['to themselves', [table('a', 'a')]],
  ['beside a table that changes', [table('a', 'b'), table('b', 'a'), 'ALTER TABLE t ADD b INT']],
  ['and all of it', [table('a', 'b'), table('b', 'p'), 'ALTER TABLE t ADD b INT', 'DROP TABLE gone']],
]

describe('a deployment of new tables with foreign keys', () => {
  test.for(CASES)('makes them: %s', async ([, statements], { mysql }) => {
    const session = await live(mysql)

    const deployment = await Deployment.stage(mysql.target, statements, { cutover: 'auto' })

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    const { tables } = await readSchema(session, mysql.schema)
    const keys = [...tables.values()].flatMap(({ foreignKeys }) => foreignKeys)
    const made = statements.filter((statement) => statement.startsWith('CREATE'))
    expect(keys.map(({ name }) => name)).toEqual(made.map((_, at) => `f_${'abc'.charAt(at)}`))
    await session.run(sql`SET SESSION foreign_key_checks = 1`)
    await expect(session.run(sql`INSERT INTO a VALUES (1, 7)`)).rejects.toThrow(/foreign key/i)
  })

  test.for(CASES)('takes them back: %s', async ([, statements], { mysql }) => {
    const session = await live(mysql)
    const before = await readSchema(session, mysql.schema)

    const deployment = await Deployment.stage(mysql.target, statements, {
      cutover: 'auto',
      revertWindowMs: 60_000,
    })
    await deployment.reached('reverse_in_sync')
    deployment.run.revert()

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(await readSchema(session, mysql.schema)).toEqual(before)
  })
})

async function live(mysql: MysqlTest): Promise<Session> {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE p (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE gone (id INT PRIMARY KEY)`)
  return session
}
