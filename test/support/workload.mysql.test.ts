import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { readServer } from '../../src/mysql/server.ts'
import { type MysqlTest, NOTHING, test } from './mysql.ts'
import type { WorkloadTable } from './workload/ledger.ts'
import { startWorkload } from './workload.ts'

const ITEMS: WorkloadTable = {
  name: 'items',
  key: (n) => ({ id: n }),
  values: (random) => ({
    amount: (Math.floor(random() * 10_000) / 100).toFixed(2),
    note: random() < 0.2 ? null : `é${Math.floor(random() * 1e6)}`,
  }),
  initialRows: 200,
}

const TAGS: WorkloadTable = {
  name: 'tags',
  key: (n) => ({ tenant: n % 3, code: `T-${n}` }),
  values: (random) => ({ weight: Math.floor(random() * 1000) }),
}

describe('startWorkload', () => {
  test('writes in every way, and the tables hold exactly what was acknowledged', async ({
    mysql,
  }) => {
    const { session, workload } = await start(mysql)

    await workload.written(1500)
    const report = await workload.stop()

    expect(await report.compare(session, 'items')).toEqual(NOTHING)
    expect(await report.compare(session, 'tags')).toEqual(NOTHING)
    expect(report.errors).toEqual([])
    const { insert, update, delete: deleted, move, rollbacks } = report
    expect(Math.min(insert, update, deleted, move, rollbacks)).toBeGreaterThan(10)
    expect(report.writes).toBe(insert + update + deleted + move)
    expect(report.latency.longestMs).toBeGreaterThanOrEqual(report.latency.p99Ms)
  })

  test('finds a row that was deleted, invented or changed behind its back', async ({ mysql }) => {
    const { session, workload } = await start(mysql)
    await workload.written(300)
    const report = await workload.stop()
    const ids = await session.rows(
      sql<{ id: number }>`SELECT id FROM items ORDER BY id DESC LIMIT 2`,
    )
    const [lost, changed] = ids.map(({ id }) => id)

    await session.run(sql`DELETE FROM items WHERE id = ${lost}`)
    await session.run(sql`INSERT INTO items (id, amount) VALUES (999999, 0)`)
    await session.run(sql`UPDATE items SET note = 'changed' WHERE id = ${changed}`)

    expect(await report.compare(session, 'items')).toMatchObject({
      missing: [`id=${lost}`],
      phantom: ['id=999999'],
      different: [expect.stringContaining(`id=${changed}: note is changed instead of `)],
    })
  })

  test('compares another table, and a column that has more decimals there', async ({ mysql }) => {
    const { session, workload } = await start(mysql)
    await workload.written(300)
    const report = await workload.stop()
    await session.run(sql`CREATE TABLE wider LIKE items`)
    await session.run(sql`ALTER TABLE wider MODIFY amount DECIMAL(20,6), DROP COLUMN note`)
    await session.run(sql`INSERT INTO wider (id, amount) SELECT id, amount FROM items`)

    const differences = await report.compare(session, 'wider', {
      ledger: 'items',
      columns: ['amount'],
    })

    expect(differences).toEqual(NOTHING)
  })

  test('holds still while its rows are compared, then goes on', async ({ mysql }) => {
    const { session, workload } = await start(mysql)
    await workload.written(200)

    const held = await workload.whileHeld(async (report) => {
      const before = workload.writes
      const differences = await report.compare(session, 'items')
      return { differences, written: workload.writes - before }
    })

    expect(held).toEqual({ differences: NOTHING, written: 0 })
    await workload.written(50)
  })

  test('keeps a write whose acknowledgement was lost as either-or', async ({ mysql }) => {
    const { session, workload } = await start(mysql, { reconnect: true })
    await workload.written(100)

    for (let round = 0; round < 5; round += 1) {
      await killWriters(session, mysql.schema)
      await workload.written(100)
    }
    const report = await workload.stop()

    expect(report.errors.length).toBeGreaterThan(0)
    expect(report.errors.filter(({ connectionLost }) => !connectionLost)).toEqual([])
    expect(await report.compare(session, 'items')).toEqual(NOTHING)
    expect(await report.compare(session, 'tags')).toEqual(NOTHING)
  })
})

async function start(mysql: MysqlTest, options: { readonly reconnect?: boolean } = {}) {
  const session = await mysql.session()
  await session.run(
    sql`CREATE TABLE items (id BIGINT PRIMARY KEY, amount DECIMAL(10,2) NOT NULL, note VARCHAR(40))`,
  )
  await session.run(
    sql`CREATE TABLE tags (tenant INT, code VARCHAR(20), weight INT NOT NULL, PRIMARY KEY (tenant, code))`,
  )
  const rows = Array.from({ length: 200 }, (_, index) => sql`(${index + 1}, 1.5, 'initial')`)
  await session.run(sql`INSERT INTO items VALUES ${sql.join(rows)}`)
  const workload = await startWorkload({ target: mysql.target, tables: [ITEMS, TAGS], ...options })
  onTestFinished(async () => void (await workload.stop()))
  return { session, workload }
}

async function killWriters(session: Awaited<ReturnType<MysqlTest['session']>>, schema: string) {
  const { flavour } = await readServer(session)
  const threads = await session.rows(
    sql<{ id: string }>`SELECT ID AS id FROM information_schema.PROCESSLIST
      WHERE DB = ${schema} AND ID <> CONNECTION_ID()`,
  )
  for (const { id } of threads) {
    await session.run(
      flavour === 'mysql'
        ? sql`KILL ${sql.lit(Number(id))}`
        : sql`KILL HARD ${sql.lit(Number(id))}`,
    )
  }
}
