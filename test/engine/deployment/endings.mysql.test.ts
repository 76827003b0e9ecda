import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { listQuarantine, visitQuarantine } from '../../../src/engine/quarantine.ts'
import type { WantedRequest } from '../../../src/engine/request.ts'
import { isProductTable } from '../../../src/mysql/identifier.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE t ADD COLUMN w INT NOT NULL DEFAULT 0'
const WINDOW = { cutover: 'auto', revertWindowMs: 600_000 } as const
const WEEK_MS = 7 * 86_400_000

describe('CRASH-1: an end that was begun', () => {
  test('stays a cancel when the process dies while it tidies up', async ({ mysql }) => {
    const { session, engine } = await aProcess(mysql, {
      dies: { when: 'before', at: { matches: 'SET outcome =' } },
    })
    await engine.seen(({ event }) => event === 'ready_to_cutover')
    engine.tell('cancel')
    expect(await engine.ended()).toBe('SIGKILL')

    const resumed = await Deployment.resume(mysql.target, engine.id)

    expect(await resumed.run.finished, resumed.story).toBe('cancelled')
    expect(await productTables(session)).toEqual([])
  })

  test('stays a failure with its reason when the process dies while it tidies up', async ({
    mysql,
  }) => {
    const { session, engine } = await aProcess(mysql, {
      dies: { when: 'before', at: { matches: 'SET outcome =' } },
    })
    await engine.seen(({ event }) => event === 'ready_to_cutover')
    await session.run(sql`ALTER TABLE t ADD COLUMN other INT`)
    expect(await engine.ended()).toBe('SIGKILL')

    const resumed = await Deployment.resume(mysql.target, engine.id)

    expect(await resumed.run.finished).toBe('failed')
    expect(resumed.failure).toMatchObject({
      code: 'TABLE_CHANGED',
      message: expect.not.stringContaining('gone'),
    })
  })

  test.for([['before'], ['after']] as const)(
    'stays complete when the process dies %s the old table got its last name, and is recorded once',
    async ([when], { mysql }) => {
      const { session, engine } = await aProcess(mysql, {
        cutover: 'auto',
        quarantineMs: WEEK_MS,
        dies: { when, at: { matches: '^RENAME TABLE .*__xf_drop_' } },
      })
      expect(await engine.ended()).toBe('SIGKILL')
      // In another minute the table would get another name.
      await session.run(sql`UPDATE _crossfade.quarantine
        SET table_name = REPLACE(table_name, '__xf_drop_2', '__xf_drop_1')
        WHERE schema_name = ${mysql.schema} AND ${sql.lit(when === 'before')}`)

      const resumed = await Deployment.resume(mysql.target, engine.id)

      expect(await resumed.run.finished, resumed.story).toBe('complete')
      expect(await session.rows(sql`SELECT id FROM t WHERE w = 0`)).toHaveLength(1)
      expect(await listQuarantine(session, mysql.schema)).toHaveLength(1)
      expect(
        await session.rows(
          sql`SELECT table_name FROM _crossfade.quarantine WHERE schema_name = ${mysql.schema}`,
        ),
      ).toHaveLength(1)
    },
  )
})

describe('REVERT-1: a way back that is closed', () => {
  test('stays closed when the process dies and the row goes away that closed it', async ({
    mysql,
  }) => {
    const { session, engine } = await aProcess(mysql, WINDOW, 'ALTER TABLE t MODIFY v INT')
    await engine.seen(({ event }) => event === 'reverse_in_sync')
    const told = engine.seen(({ event }) => event === 'revert_impossible')
    await session.run(sql`INSERT INTO t VALUES (2, 1000)`)
    await told
    await engine.kill()
    await session.run(sql`DELETE FROM t WHERE id = 2`)

    const resumed = await Deployment.resume(mysql.target, engine.id)
    expect(resumed.run.status().revertImpossible).toMatchObject({
      since: expect.any(Date),
      reason: expect.stringContaining('column v of t'),
    })
    await resumed.reached('revert_impossible')

    expect(resumed.story).not.toContain('reverse_in_sync')
    expect(() => resumed.run.revert()).toThrow(
      expect.objectContaining({ code: 'REVERT_IMPOSSIBLE' }),
    )
    resumed.run.skipRevert()
    expect(await resumed.run.finished).toBe('complete')
  })

  test('by a row that comes with the revert itself leaves the window open', async ({ mysql }) => {
    const { session, engine } = await aProcess(mysql, WINDOW, 'ALTER TABLE t MODIFY v INT')
    await engine.seen(({ event }) => event === 'reverse_in_sync')
    await engine.kill()
    const resumed = EngineProcess.resume(mysql.target, engine.id, {
      reverts: true,
      waits: [{ when: 'before', at: { matches: '^LOCK TABLES ' } }],
    })
    onTestFinished(() => resumed.kill())
    const told = resumed.seen(({ event }) => event === 'revert_impossible')
    const complete = resumed.seen(({ event }) => event === 'complete')
    await new Promise<void>((resolve) => {
      resumed.listen(({ type }) => type === 'waiting' && resolve())
    })

    await session.run(sql`INSERT INTO t VALUES (2, 1000)`)
    resumed.tell(0)
    await told
    resumed.tell('skipRevert')

    await complete
    expect(await session.rows(sql`SELECT id FROM t`)).toHaveLength(2)
  })
})

describe('CRASH-2: what others run meanwhile', () => {
  test('does not end a deployment, whatever characters it has', async ({ mysql }) => {
    const session = await aTable(mysql)
    const other = await mysql.session()
    const running = other.rows(sql`SELECT SLEEP(600), '😀'`).catch(() => null)
    const isSeen = async () => {
      const threads = await session.rows(sql<{ Id: string; Info: string }>`SHOW FULL PROCESSLIST`)
      return threads.some(({ Id, Info }) => Number(Id) === other.threadId && Info !== null)
    }
    await expect.poll(isSeen).toBe(true)

    try {
      const deployment = await Deployment.stage(mysql.target, [CHANGE], { cutover: 'auto' })

      expect(await deployment.run.finished, deployment.story).toBe('complete')
    } finally {
      await session.run(sql`KILL ${sql.lit(other.threadId)}`)
    }
    await running
  })
})

describe('QUARANTINE-1: quarantine', () => {
  test.for([
    ['complete', null],
    ['reverted', 600_000],
  ] as const)(
    'keeps what is left of a deployment that is %s until its time is over',
    async ([ends, revertWindowMs], { mysql }) => {
      const session = await aTable(mysql)
      const deployment = await Deployment.stage(mysql.target, [CHANGE], {
        cutover: 'auto',
        revertWindowMs,
        quarantineMs: WEEK_MS,
      })
      if (ends === 'reverted') {
        await deployment.reached('reverse_in_sync')
        deployment.run.revert()
      }
      expect(await deployment.run.finished, deployment.story).toBe(ends)

      const [kept = ''] = await productTables(session)
      expect(kept).toMatch(/^t__xf_drop_\d{12}_[0-9a-z]{6}$/)
      expect(isProductTable(kept)).toBe(true)
      expect(await visit(session, mysql, 0)).toMatchObject({
        dropped: [],
        waiting: [{ table: kept }],
      })
      expect(await visit(session, mysql, WEEK_MS + 120_000, true)).toMatchObject({
        dropped: [{ table: kept }],
      })
      expect(await productTables(session)).toEqual([kept])

      expect(await visit(session, mysql, WEEK_MS + 120_000)).toMatchObject({
        dropped: [{ table: kept, bytes: expect.any(Number) }],
        waiting: [],
      })
      expect(await productTables(session)).toEqual([])
      expect(await listQuarantine(session, mysql.schema)).toEqual([])
    },
  )

  test('is left early for a table that is named, and for no other', async ({ mysql }) => {
    const session = await aTable(mysql)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], {
      cutover: 'auto',
      quarantineMs: WEEK_MS,
    })
    await deployment.run.finished
    const [kept = ''] = await productTables(session)
    const now = (dropNow: string) =>
      visitQuarantine(session, mysql.schema, { clock: systemClock, dropNow, dryRun: false })

    await expect(now('t')).rejects.toMatchObject({ code: 'TABLE_MISSING' })
    expect(await now(kept)).toMatchObject({ dropped: [{ table: kept }] })
    expect(await session.rows(sql`SELECT id FROM t`)).toHaveLength(1)
  })

  test('holds no table that only the name or only the record says', async ({ mysql }) => {
    const session = await aTable(mysql)
    await Deployment.stage(mysql.target, [CHANGE], { cutover: 'auto', quarantineMs: 1 }).then(
      ({ run }) => run.finished,
    )
    await session.run(sql`CREATE TABLE other__xf_drop_200001010000_abcdef (id INT PRIMARY KEY)`)
    await session.run(sql`INSERT INTO _crossfade.quarantine
      SELECT schema_name, 't', deployment_id, keep_until FROM _crossfade.quarantine
      WHERE schema_name = ${mysql.schema}`)

    const { dropped } = await visit(session, mysql, WEEK_MS)

    expect(dropped).toHaveLength(1)
    expect(await productTables(session)).toEqual(['other__xf_drop_200001010000_abcdef'])
    expect(await session.rows(sql`SELECT id FROM t`)).toHaveLength(1)
  })

  test('holds no table of a deployment that is not finished', async ({ mysql }) => {
    const session = await aTable(mysql)
    await Deployment.stage(mysql.target, [CHANGE], { cutover: 'auto', quarantineMs: 1 }).then(
      ({ run }) => run.finished,
    )
    const kept = await productTables(session)
    await session.run(
      sql`UPDATE _crossfade.deployment SET outcome = NULL WHERE schema_name = ${mysql.schema}`,
    )

    expect(await visit(session, mysql, WEEK_MS)).toEqual({ dropped: [], busy: [], waiting: [] })
    expect(await productTables(session)).toEqual(kept)
  })

  test('is tried again for a table that somebody reads', async ({ mysql }) => {
    const session = await aTable(mysql)
    await Deployment.stage(mysql.target, [CHANGE], { cutover: 'auto', quarantineMs: 1 }).then(
      ({ run }) => run.finished,
    )
    const [kept = ''] = await productTables(session)
    const reader = await mysql.session()

    await reader.transaction(async () => {
      await reader.rows(sql`SELECT id FROM ${sql.id(kept)}`)
      expect(await visit(session, mysql, WEEK_MS)).toMatchObject({
        dropped: [],
        busy: [{ table: kept }],
      })
    })

    expect(await visit(session, mysql, WEEK_MS)).toMatchObject({ dropped: [{ table: kept }] })
  })
})

/** Lets the janitor come `laterMs` from now. */
async function visit(session: Session, { schema }: MysqlTest, laterMs: number, dryRun = false) {
  const now = () => new Date(systemClock.now().getTime() + laterMs)
  return await visitQuarantine(session, schema, {
    clock: { ...systemClock, now },
    dropNow: null,
    dryRun,
  })
}

async function aTable(mysql: MysqlTest): Promise<Session> {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v TINYINT)`)
  await session.run(sql`INSERT INTO t VALUES (1, 1)`)
  return session
}

async function aProcess(
  mysql: MysqlTest,
  options: Partial<WantedRequest> & Parameters<typeof EngineProcess.stage>[2],
  change = CHANGE,
) {
  const session = await aTable(mysql)
  const engine = EngineProcess.stage(mysql.target, [change], options)
  onTestFinished(() => engine.kill())
  return { session, engine }
}
