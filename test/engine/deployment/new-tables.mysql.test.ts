import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { ERRNO, errnoOf } from '../../../src/mysql/errno.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { type MysqlTest, NOTHING, test } from '../../support/mysql.ts'
import { startWorkload } from '../../support/workload.ts'

const table = (name: string, parent: string) =>
  `CREATE TABLE ${name} (id INT NOT NULL PRIMARY KEY, up INT, KEY f_${name} (up),
    CONSTRAINT f_${name} FOREIGN KEY (up) REFERENCES ${parent} (id))`

const CASES: readonly (readonly [name: string, statements: readonly string[]])[] = [
  ['to each other in a circle', [table('a', 'b'), table('b', 'c'), table('c', 'a')]],
  ['to new ones and to live ones', [table('a', 'b'), table('b', 'p')]],
  ['to themselves', [table('a', 'a')]],
  ['beside a table that changes', [table('a', 'b'), table('b', 'a'), 'ALTER TABLE t ADD b INT']],
  [
    'and all of it',
    [table('a', 'b'), table('b', 'p'), 'ALTER TABLE t ADD b INT', 'DROP TABLE gone'],
  ],
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

test('CUTOVER-1: new tables with foreign keys that are taken back keep every row that was written to them', async ({
  mysql,
}) => {
  const session = await live(mysql)
  const orders = ordersTable(50)
  await createOrders(session, orders)
  const statements = [table('b', 'p'), table('a', 'b'), 'ALTER TABLE orders ADD c INT']
  const workload = await startWorkload({
    target: mysql.target,
    tables: [orders],
    writers: 3,
    writesPerSecond: 200,
  })
  onTestFinished(async () => void (await workload.stop()))
  const deployment = await Deployment.stage(mysql.target, statements, {
    cutover: 'auto',
    revertWindowMs: 60_000,
  })
  await deployment.reached('reverse_in_sync')

  const writing = [0, 1, 2].map((writer) => writeUntilGone(mysql, writer))
  await expect.poll(() => countRows(session, 'a')).toBeGreaterThan(20)
  deployment.run.revert()
  expect(await deployment.run.finished, deployment.story).toBe('reverted')
  const written = await Promise.all(writing)
  const report = await workload.stop()

  expect(report.errors).toEqual([])
  expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  const kept = await productTables(session)
  const [a, b] = ['a', 'b'].map((name) => kept.find((one) => one.startsWith(`${name}__xf_`)) ?? '')
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  expect(await countRows(session, a ?? '')).toBe(sum(written.map(({ children }) => children)))
  expect(await countRows(session, b ?? '')).toBe(sum(written.map(({ parents }) => parents)))
})

type Written = { readonly parents: number; readonly children: number }

/** Inserts into `b` and then into its child `a`, until one of them is gone. */
async function writeUntilGone(mysql: MysqlTest, writer: number): Promise<Written> {
  const session = await mysql.session()
  await session.run(sql`SET SESSION foreign_key_checks = 1`)
  let [parents, children] = [0, 0]
  try {
    for (let id = writer; ; id += 3) {
      await session.run(sql`INSERT INTO b (id) VALUES (${id})`)
      parents += 1
      await session.run(sql`INSERT INTO a (id, up) VALUES (${id}, ${id})`)
      children += 1
    }
  } catch (error) {
    expect(errnoOf(error)).toBe(ERRNO.NO_SUCH_TABLE)
  }
  return { parents, children }
}

async function countRows(session: Session, name: string): Promise<number> {
  const row = await session.row(sql<{ n: number }>`SELECT COUNT(*) AS n FROM ${sql.id(name)}`)
  return Number(row?.n)
}

async function live(mysql: MysqlTest): Promise<Session> {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE p (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE gone (id INT PRIMARY KEY)`)
  return session
}
