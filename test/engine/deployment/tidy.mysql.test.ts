import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { discardDeployment } from '../../../src/engine/leftover.ts'
import type { EngineEvent } from '../../../src/engine/port.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE t ADD COLUMN w INT NOT NULL DEFAULT 0'
const TWO = ['ALTER TABLE a ADD COLUMN x INT', 'ALTER TABLE b ADD COLUMN x INT']

describe('a deployment id', () => {
  test('names one deployment, also when that is over', async ({ mysql }) => {
    await aTable(mysql, 't')
    const id = idOf(mysql)
    const stage = () => Deployment.stage(mysql.target, [CHANGE], { id })
    const first = await stage()

    await expect(stage()).rejects.toMatchObject({ code: 'NAME_CLASH' })
    first.run.cancel()
    await first.run.finished
    await expect(stage()).rejects.toMatchObject({ code: 'NAME_CLASH' })
  })

  test('is not resumed while the process that has it makes its tables', async ({ mysql }) => {
    await aTable(mysql, 't')
    const engine = EngineProcess.stage(mysql.target, [CHANGE], {
      waits: [{ when: 'after', at: { matches: '^CREATE TABLE .*__xf_new_' } }],
    })
    onTestFinished(() => engine.kill())
    await new Promise<void>((resolve) => {
      engine.listen(({ type }) => type === 'waiting' && resolve())
    })

    await expect(Deployment.resume(mysql.target, engine.id)).rejects.toMatchObject({
      code: 'DEPLOYMENT_BUSY',
    })
    const ready = engine.seen(({ event }) => event === 'ready_to_cutover')
    engine.tell(0)
    await ready
  })
})

describe('CHECKPOINT-1: a clock that is not right', () => {
  test('does not make a process take the barriers of an earlier one for its own', async ({
    mysql,
  }) => {
    await aTable(mysql, 't')
    const at = new Date()
    const clock = { ...systemClock, now: () => at }
    const stop = new AbortController()
    const id = idOf(mysql)
    const first = await Deployment.stage(mysql.target, [CHANGE], { id, clock, signal: stop.signal })
    await first.reached('ready_to_cutover')
    stop.abort(new Error('stopped'))
    await expect(first.run.finished).rejects.toThrow('stopped')

    const events: EngineEvent[] = []
    const older = { ...systemClock, now: () => new Date(at.getTime() - 1) }
    const run = await createEngine(mysql.target, older).resume(id, {
      onEvent: (event) => {
        events.push(event)
        if (event.event === 'ready_to_cutover') run.cutover()
      },
    })

    expect(await run.finished, JSON.stringify(events.at(-1))).toBe('complete')
  })

  test('saves its position although the clock goes back', async ({ mysql }) => {
    const session = await aTable(mysql, 't')
    let aheadMs = 3_600_000
    const now = () => new Date(systemClock.now().getTime() + aheadMs)
    const id = idOf(mysql)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], {
      id,
      clock: { ...systemClock, now },
    })
    await deployment.reached('ready_to_cutover')
    const position = async () =>
      await session.row(sql`SELECT position FROM _crossfade.deployment WHERE id = ${id}`)

    aheadMs = 0
    await session.run(sql`INSERT INTO t VALUES (2, 2)`)
    // The first may still be from before.
    for (const _ of [1, 2]) {
      const before = await position()
      await expect.poll(position, { timeout: 10_000 }).not.toEqual(before)
    }
    deployment.run.cancel()
    await deployment.run.finished
  })
})

describe('REFUSE-1: what a deployment has written down', () => {
  test('is forgotten when an instant one is refused', async ({ mysql }) => {
    const session = await aTable(mysql, 't')
    const id = idOf(mysql)

    await expect(
      Deployment.stage(mysql.target, ['ALTER TABLE t ADD KEY (v)'], { id, method: 'instant' }),
    ).rejects.toMatchObject({ code: 'NOT_INSTANT' })

    expect(await leftOf(session, id)).toEqual([])
  })

  test.for(['instant', 'shadow'] as const)(
    'and made is gone when it is given up while the server is asked (%s)',
    async (method, { mysql }) => {
      const session = await aTable(mysql, 'a')
      await aTable(mysql, 'b')
      const engine = EngineProcess.stage(mysql.target, TWO, {
        method,
        dies: { when: 'before', at: { matches: '^ALTER TABLE .* ALGORITHM=INSTANT' } },
      })
      onTestFinished(() => engine.kill())
      expect(await engine.ended()).toBe('SIGKILL')

      await discardDeployment(mysql.target, engine.id)

      expect(await productTables(session)).toEqual([])
      expect(await leftOf(session, engine.id)).toEqual([])
    },
  )
})

describe('INSTANT-1: an instant deployment that died between two tables', () => {
  test('does not call itself cancelled', async ({ mysql }) => {
    const { session, id } = await halfMade(mysql)
    const resumed = await Deployment.resume(mysql.target, id)
    await resumed.reached('ready_to_cutover')

    resumed.run.cancel()

    expect(await resumed.run.finished).toBe('failed')
    expect(resumed.failure?.message).toContain('Changed already: a.')
    expect(await leftOf(session, id)).toEqual([])
  })

  test('is not given up as if nothing had happened', async ({ mysql }) => {
    const { id } = await halfMade(mysql)

    await expect(discardDeployment(mysql.target, id)).rejects.toMatchObject({
      code: 'DEPLOY_STATE',
      message: expect.stringContaining('has changed already: a.'),
    })
  })
})

async function aTable(mysql: MysqlTest, name: string): Promise<Session> {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY, v TINYINT)`)
  await session.run(sql`INSERT INTO ${sql.id(name)} VALUES (1, 1)`)
  return session
}

function idOf({ schema }: MysqlTest): string {
  return schema.slice(-24).replaceAll('-', '_')
}

async function halfMade(mysql: MysqlTest) {
  const session = await aTable(mysql, 'a')
  await aTable(mysql, 'b')
  const engine = EngineProcess.stage(mysql.target, TWO, {
    method: 'instant',
    dies: { when: 'before', at: { matches: '^ALTER TABLE `[^`]*`\\.`b` ALGORITHM' } },
  })
  onTestFinished(() => engine.kill())
  await engine.seen(({ event }) => event === 'ready_to_cutover')
  engine.tell('cutover')
  expect(await engine.ended()).toBe('SIGKILL')
  return { session, id: engine.id }
}

/** The tables of the engine that still know the deployment. */
async function leftOf(session: Session, id: string): Promise<readonly string[]> {
  const left = []
  for (const table of ['chunk', 'barrier', 'foreign_key', 'instant']) {
    const rows = await session.rows(
      sql`SELECT 1 FROM ${sql.id('_crossfade', table)} WHERE deployment_id = ${id}`,
    )
    if (rows.length > 0) left.push(table)
  }
  return left
}
