import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { connect, parseTarget, type Target } from '../../../src/mysql/connect.ts'
import { readPosition } from '../../../src/mysql/position.ts'
import type { Flavour } from '../../../src/mysql/server.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { NOTHING, test } from '../../support/mysql.ts'
import { type ReplicaPair, startReplicaPair } from '../../support/replica.ts'
import { startWorkload } from '../../support/workload.ts'

const SCHEMA = 'shop'
const ROWS = 4_000
const CHUNK = 200
const CHANGES = [
  'ALTER TABLE orders MODIFY total DECIMAL(14,4) NOT NULL DEFAULT 0, DROP COLUMN legacy',
  'ALTER TABLE items MODIFY total DECIMAL(14,4) NOT NULL DEFAULT 0, ADD COLUMN status INT NOT NULL DEFAULT 0',
]

type Moment = 'copying' | 'in_sync' | 'revert_window'

/** Ids that only some servers give: with a tag (MySQL since 8.3), or of another domain (MariaDB). */
const OTHER_IDS: Readonly<Record<Flavour, readonly [string, string]>> = {
  mysql: ["SET gtid_next = 'AUTOMATIC:shop'", "SET gtid_next = 'AUTOMATIC'"],
  mariadb: ['SET SESSION gtid_domain_id = 7', 'SET SESSION gtid_domain_id = 0'],
}

describe('FAILOVER-1: a deployment goes on at the replica that took over', () => {
  test.for<[Moment]>([['copying'], ['in_sync'], ['revert_window']])(
    'when the primary dies while it is %s, without starting over',
    { timeout: 120_000 },
    async ([moment], { mysql }) => {
      await using pair = await startReplicaPair(mysql.flavour)
      const [primary, replica] = [pair.primary, pair.replica].map((server) =>
        parseTarget(server.url(SCHEMA)),
      ) as [Target, Target]
      await createTables(pair)
      await writeWithOtherIds(primary, mysql.flavour)
      // What it writes last is lost with the primary: the replica decides what is true.
      await using lost = await startWorkload({
        target: primary,
        tables: [ordersTable(ROWS)],
        writesPerSecond: 200,
      })
      const engine = EngineProcess.stage(primary, CHANGES, {
        chunkRows: CHUNK,
        throttleRatio: moment === 'copying' ? 80 : 0,
        cutover: moment === 'revert_window' ? 'auto' : 'hold',
        revertWindowMs: 600_000,
      })
      onTestFinished(() => engine.kill())
      await reached(engine, moment)
      if (moment === 'copying') await pair.caughtUp()
      await lost.written(50)

      await pair.primary.kill()
      await engine.kill()
      await pair.promote()
      await using session = await connect(replica)
      // Changes that no engine has seen happen.
      await session.run(sql`UPDATE orders SET total = total + 1 WHERE id % 7 = 0`)
      await session.run(sql`DELETE FROM orders WHERE id % 11 = 0`)
      const before = await rowsOf(session)
      const copied = await copiedRows(session)
      const workload = await startWorkload({
        target: replica,
        tables: [ordersTable(0, 'items')],
        writesPerSecond: 200,
      })
      onTestFinished(async () => void (await workload.stop()))
      const resumed = await Deployment.resume(replica, engine.id)
      await resumed.reached('started')
      if (moment !== 'revert_window') {
        expect(copied).toBeGreaterThan(CHUNK)
        // The last chunks of both workers can lie beyond a gap.
        expect(resumed.run.status().rowsCopied).toBeGreaterThanOrEqual(copied - 2 * CHUNK)
        await resumed.reached('ready_to_cutover')
        resumed.run.cutover()
      }
      await resumed.reached('reverse_in_sync')
      await workload.written(100)
      expect(await rowsOf(session)).toEqual(before)
      resumed.run.revert()

      expect(await resumed.run.finished, resumed.story).toBe('reverted')
      const report = await workload.stop()
      expect(report.errors).toEqual([])
      expect(await report.compare(session, 'items')).toEqual(NOTHING)
      expect(await rowsOf(session)).toEqual(before)
    },
  )
})

async function createTables({ primary }: ReplicaPair): Promise<void> {
  await using session = await connect(parseTarget(primary.url()))
  await session.run(sql`CREATE DATABASE ${sql.id(SCHEMA)}`)
  await session.run(sql`USE ${sql.id(SCHEMA)}`)
  await createOrders(session, ordersTable(ROWS))
  await createOrders(session, ordersTable(0, 'items'))
}

/** So that the position which the engine notes has such ids in it. */
async function writeWithOtherIds(target: Target, flavour: Flavour): Promise<void> {
  await using session = await connect(target)
  const [other, usual] = OTHER_IDS[flavour]
  await session.run(sql.raw(other))
  await session.run(sql`UPDATE orders SET note = 'other' WHERE id = 1`)
  await session.run(sql.raw(usual))
  expect(await readPosition(session)).toMatchObject({
    kind: 'gtid',
    set: expect.stringMatching(flavour === 'mysql' ? /:shop:1/ : /7-1-/),
  })
}

async function reached(engine: EngineProcess, moment: Moment): Promise<void> {
  await engine.seen((event) => {
    if (moment === 'revert_window') return event.event === 'reverse_in_sync'
    if (moment === 'in_sync') return event.event === 'ready_to_cutover'
    return event.event === 'progress' && event.rowsCopied >= ROWS / 2
  })
}

/** The rows of `orders`, in a form that both schemas share. */
async function rowsOf(session: Session): Promise<readonly unknown[]> {
  return await session.rows(
    sql`SELECT id, CAST(total AS DECIMAL(14,4)) AS total, note FROM orders ORDER BY id`,
  )
}

async function copiedRows(session: Session): Promise<number> {
  const row = await session.row(
    sql<{ total: string | null }>`SELECT SUM(row_count) AS total FROM _crossfade.chunk`,
  )
  return Number(row?.total ?? 0)
}
