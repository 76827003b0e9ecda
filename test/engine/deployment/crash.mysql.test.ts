import { inspect } from 'node:util'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { discardDeployment } from '../../../src/engine/leftover.ts'
import { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { HeldStream } from '../../support/held-stream.ts'
import { FLAVOUR, type MysqlTest, NOTHING, test } from '../../support/mysql.ts'
import { startWorkload } from '../../support/workload.ts'

const CHANGE =
  'ALTER TABLE orders MODIFY total DECIMAL(14,4) NOT NULL DEFAULT 0, ADD COLUMN status INT NOT NULL DEFAULT 0'

/** The statements after which a deployment stands somewhere else than before. */
const STATEMENTS = {
  'the first record': 'INSERT INTO `_crossfade`.`deployment`',
  'the shadow table': '^CREATE TABLE .*__xf_new_',
  'its change': '^ALTER TABLE .*__xf_new_',
  'the record of the preparation': "SET stage = 'forward'",
  'the first chunk': 'INSERT INTO `_crossfade`.`chunk`',
  'a sentry': '^CREATE TABLE IF NOT EXISTS .*__xf_old_',
  'the locks of the cutover': '^LOCK TABLES .*, ',
  'the end of a sentry': '^DROP TABLE IF EXISTS .*__xf_old_',
  'the swap': '^RENAME TABLE .* cutover ',
  'the record of the swap': "SET stage = 'reverse'",
  'the swap back': '^RENAME TABLE .* revert ',
  'the record of the revert': 'SET outcome =',
  'the outcome': 'SET outcome =',
} as const

const REVERTS: ReadonlySet<string> = new Set(['the swap back', 'the record of the revert'])

type Name = keyof typeof STATEMENTS

/** Where only the swap on MariaDB has a statement. */
const SENTRY_DEATHS = [
  ['after', 'a sentry'],
  ['before', 'the end of a sentry'],
  ['after', 'the end of a sentry'],
] as const

const DEATHS: readonly (readonly ['before' | 'after', Name])[] = [
  ...(FLAVOUR === 'mariadb' ? SENTRY_DEATHS : []),
  ['after', 'the first record'],
  ['after', 'the shadow table'],
  ['after', 'its change'],
  ['after', 'the record of the preparation'],
  ['after', 'the first chunk'],
  ['after', 'the locks of the cutover'],
  ['before', 'the swap'],
  ['after', 'the swap'],
  ['after', 'the record of the swap'],
  ['before', 'the swap back'],
  ['after', 'the swap back'],
  ['after', 'the record of the revert'],
  ['before', 'the outcome'],
  ['after', 'the outcome'],
]

describe('CRASH-1: an engine process that is killed with -9', () => {
  test.for([[0.02], [0.5], [0.97]] as const)(
    'during the copy, at %s of the rows, goes on from its checkpoint',
    async ([share], { mysql }) => {
      const { session, workload } = await shop(mysql, 8_000)
      const engine = EngineProcess.stage(mysql.target, [CHANGE], {
        chunkRows: 200,
        throttleRatio: 50,
      })
      onTestFinished(() => engine.kill())
      await engine.seen((event) => event.event === 'progress' && event.rowsCopied >= share * 8_000)
      await engine.kill()
      await workload.written(200)

      const copiedBefore = await copiedRows(session)
      const resumed = await Deployment.resume(mysql.target, engine.id)
      await resumed.reached('started')
      // Two workers: at most their last chunks lie beyond a gap and are copied again.
      expect(resumed.run.status().rowsCopied).toBeGreaterThanOrEqual(copiedBefore - 2 * 200)
      await resumed.reached('ready_to_cutover')
      resumed.run.cutover()
      await resumed.reached('complete')
      const report = await workload.stop()

      expect(report.errors).toEqual([])
      expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    },
  )

  test.for(DEATHS)('%s %s, goes on where it was', async ([when, what], { mysql }) => {
    const { session, workload } = await shop(mysql, 300)
    const reverts = REVERTS.has(what)
    const ends = what === 'the outcome' ? 'complete' : 'reverted'
    const engine = EngineProcess.stage(mysql.target, [CHANGE], {
      cutover: 'auto',
      chunkRows: 100,
      revertWindowMs: ends === 'complete' ? null : 600_000,
      reverts,
      dies: { when, at: { matches: STATEMENTS[what] } },
    })
    onTestFinished(() => engine.kill())
    expect(await engine.ended()).toBe('SIGKILL')
    await workload.written(50)

    const resumed = await Deployment.resume(mysql.target, engine.id)
    if (ends === 'reverted' && !(reverts && when === 'after')) {
      await resumed.reached('reverse_in_sync')
      await workload.written(50)
      resumed.run.revert()
    }
    expect(await resumed.run.finished, resumed.story).toBe(ends)
    // Whoever listened to the first process may not have heard of it.
    expect(resumed.events.filter(({ event }) => event === 'cutover')).toHaveLength(1)
    const report = await workload.stop()

    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    // One table is kept: the old one, or after a revert the new one.
    expect(await productTables(session)).toHaveLength(1)
    const left = await session.rows(
      sql`SELECT number FROM _crossfade.chunk WHERE deployment_id = ${engine.id}`,
    )
    expect(left).toEqual([])
  })

  test('leaves its table to nobody else while it lives', async ({ mysql }) => {
    const { session } = await shop(mysql, 10)
    const first = await Deployment.stage(mysql.target, [CHANGE])
    await first.reached('ready_to_cutover')

    await expect(Deployment.stage(mysql.target, [CHANGE])).rejects.toMatchObject({
      code: 'NAME_CLASH',
    })

    first.run.cancel()
    await first.run.finished
    expect(await productTables(session)).toEqual([])
  })
})

describe('CRASH-2: connections that are killed', () => {
  test('again and again, in every phase, cost no row and no write of the application', async ({
    mysql,
  }) => {
    const { session, workload, others } = await shop(mysql, 20_000)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], {
      chunkRows: 500,
      throttleRatio: 30,
      revertWindowMs: 600_000,
    })
    const killing = killEngine(session, { others, rounds: 5, everyMs: 300 })
    await deployment.reached('ready_to_cutover')
    expect(await killing).toBeGreaterThanOrEqual(5)
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    expect(await killEngine(session, { others, rounds: 2, everyMs: 300 })).toBeGreaterThanOrEqual(2)
    await expect
      .poll(() => deployment.run.status().phase, { timeout: 20_000 })
      .toBe('revert_window')
    await workload.written(200)
    deployment.run.revert()
    await deployment.reached('reverted')
    const report = await workload.stop()

    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  })
})

describe('CRASH-2: connections that are lost', () => {
  test.for([['cutover'], ['revert']] as const)(
    'right after the swap of the %s leave nothing undone',
    async ([swap], { mysql }) => {
      const { session, workload, others } = await shop(mysql, 300)
      const lost = loseAfter({ session, others }, `crossfade:lost_${swap} ${swap}`)
      const deployment = await Deployment.stage(mysql.target, [CHANGE], {
        id: `lost_${swap}`,
        cutover: 'auto',
        revertWindowMs: 600_000,
      })
      await deployment.reached('reverse_in_sync')
      await workload.written(50)
      deployment.run.revert()
      await deployment.reached('reverted')
      const report = await workload.stop()

      expect(lost()).toBe(1)
      expect(deployment.story).toContain('connection_lost')
      expect(deployment.story.replace(/connection_lost → /g, '')).toBe(
        'started → ready_to_cutover → cutover → reverse_in_sync → reverted',
      )
      expect(report.errors).toEqual([])
      expect(await report.compare(session, 'orders')).toEqual(NOTHING)
    },
  )
})

describe('CRASH-2: a server that takes no new connection', () => {
  test('when a revert begins is waited for, and the way back stays open', async ({ mysql }) => {
    const { session, workload } = await shop(mysql, 300)
    await using way = await HeldStream.open(mysql.target)
    const deployment = await Deployment.stage(way.target, [CHANGE], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')

    await way.refuseDuring(async () => {
      deployment.run.revert()
      await deployment.reached('connection_lost')
    })

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    const report = await workload.stop()
    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  })
})

/** Kills all connections of the engine once the RENAME with this comment has run; returns how often that was. */
function loseAfter(
  { session, others }: { readonly session: Session; readonly others: ReadonlySet<number> },
  comment: string,
): () => number {
  const { run } = Session.prototype
  let lost = 0
  const spy = vi.spyOn(Session.prototype, 'run').mockImplementation(async function (
    this: Session,
    statement: RawBuilder<unknown>,
  ) {
    const rows = await run.call(this, statement)
    if (inspect(statement.toOperationNode(), { depth: null }).includes(comment)) {
      lost += 1
      await killEngine(session, { others, rounds: 1, everyMs: 0 })
    }
    return rows
  })
  onTestFinished(() => spy.mockRestore())
  return () => lost
}

async function shop(mysql: MysqlTest, rows: number) {
  const session = await mysql.session()
  const orders = ordersTable(rows)
  await createOrders(session, orders)
  const workload = await startWorkload({
    target: mysql.target,
    tables: [orders],
    writers: 3,
    writesPerSecond: 300,
  })
  onTestFinished(async () => void (await workload.stop()))
  return { session, workload, others: new Set(await connectionIds(session)) }
}

async function copiedRows(session: Session): Promise<number> {
  const row = await session.row(
    sql<{ total: string | null }>`SELECT SUM(row_count) AS total FROM _crossfade.chunk`,
  )
  return Number(row?.total ?? 0)
}

/**
 * Kills every connection of the engine to this test's schema, as an impatient operator would.
 *
 * @returns how many there were.
 */
async function killEngine(
  session: Session,
  {
    others,
    rounds,
    everyMs,
  }: {
    /** Connections that were there before the engine's. */
    readonly others: ReadonlySet<number>
    readonly rounds: number
    readonly everyMs: number
  },
): Promise<number> {
  let killed = 0
  for (let round = 0; round < rounds; round += 1) {
    for (const id of await connectionIds(session)) {
      if (others.has(id)) continue
      const kill = session.run(sql`KILL ${sql.lit(id)}`)
      // One that has ended by itself meanwhile does not count.
      await kill.then(
        () => {
          killed += 1
        },
        () => null,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  return killed
}

/** The connections to this test's schema. */
async function connectionIds(session: Session): Promise<readonly number[]> {
  const rows = await session.rows(
    sql<{ id: string }>`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = DATABASE()`,
  )
  return rows.map(({ id }) => Number(id))
}

describe('a second process for the same deployment', () => {
  test('is refused, and the first goes on', async ({ mysql }) => {
    const { session, workload } = await shop(mysql, 500)
    const first = await Deployment.stage(mysql.target, [CHANGE], { id: 'only_one' })
    await first.reached('ready_to_cutover')

    const second = await Deployment.resume(mysql.target, 'only_one')
    expect(await second.run.finished).toBe('failed')
    expect(second.failure).toMatchObject({
      code: 'DEPLOYMENT_BUSY',
      message: expect.stringMatching(/the server's connection \d+, which sent .* [0-5] s ago/),
      next: expect.stringMatching(/run KILL \d+\./),
    })
    await expect(discardDeployment(mysql.target, 'only_one')).rejects.toMatchObject({
      code: 'DEPLOYMENT_BUSY',
    })

    first.run.cutover()
    await first.reached('complete')
    const report = await workload.stop()
    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  })
})

describe('a deployment that ended while nobody listened', () => {
  test('tells again how it ended', async ({ mysql }) => {
    const { workload } = await shop(mysql, 100)
    await workload.stop()
    const request = { cutover: 'auto', revertWindowMs: 600_000 } as const
    const done = await Deployment.stage(mysql.target, [CHANGE], { ...request, id: 'told_again' })
    await done.reached('reverse_in_sync')
    done.run.skipRevert()
    await done.run.finished

    const again = await Deployment.resume(mysql.target, 'told_again')

    expect(await again.run.finished).toBe('complete')
    expect(again.story).toBe('cutover → complete')
    expect(() => again.run.revert()).toThrow(expect.objectContaining({ code: 'DEPLOY_STATE' }))
  })

  test('tells again why it failed', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    await session.run(sql`UPDATE orders SET note = NULL WHERE id = 1`)
    const failing = await Deployment.stage(
      mysql.target,
      ['ALTER TABLE orders MODIFY note VARCHAR(100) NOT NULL'],
      { id: 'failed_again' },
    )
    expect(await failing.run.finished).toBe('failed')

    const again = await Deployment.resume(mysql.target, 'failed_again')

    expect(await again.run.finished).toBe('failed')
    expect(again.failure).toMatchObject({
      code: 'VALUE_DOES_NOT_FIT',
      message: failing.failure?.message,
    })
  })
})
