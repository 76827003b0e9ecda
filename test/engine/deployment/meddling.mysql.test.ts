import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { connect } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE t ADD COLUMN w INT NOT NULL DEFAULT 0'
const WINDOW = { cutover: 'auto', revertWindowMs: 600_000 } as const

describe('REVERT-1: an old table that somebody drops', () => {
  test('ends the way back, and the change stays live and complete', async ({ mysql }) => {
    const session = await aTable(mysql)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], WINDOW)
    await deployment.reached('reverse_in_sync')
    await dropOld(session)

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(deployment.story).toMatch(/reverse_in_sync → revert_impossible → complete$/)
    expect(deployment.events.find(({ event }) => event === 'revert_impossible')).toMatchObject({
      reason: expect.stringContaining('Somebody else ran DROP'),
      cause: { code: 'TABLE_CHANGED' },
    })
    expect(await session.rows(sql`SELECT w FROM t`)).toHaveLength(1)
  })

  test('is not taken for a revert by whoever resumes the deployment', async ({ mysql }) => {
    const session = await aTable(mysql)
    const engine = EngineProcess.stage(mysql.target, [CHANGE], WINDOW)
    onTestFinished(() => engine.kill())
    await engine.seen(({ event }) => event === 'reverse_in_sync')
    await engine.kill()
    await dropOld(session)

    const resumed = await Deployment.resume(mysql.target, engine.id)

    expect(await resumed.run.finished, resumed.story).toBe('complete')
    expect(resumed.story).toContain('revert_impossible → complete')
    const again = await Deployment.resume(mysql.target, engine.id)
    expect(again.run.status().revertImpossible).not.toBeNull()
  })
})

describe('CRASH-2: a server that does not serve for a while', () => {
  test('because somebody interrupts a statement, is asked again', async ({ mysql }) => {
    const session = await aTable(mysql)
    const holder = await mysql.session()
    const deployment = await Deployment.stage(mysql.target, [CHANGE])
    await deployment.reached('ready_to_cutover')

    await holder.transaction(async () => {
      await holder.run(sql`UPDATE t SET v = 3 WHERE id = 1`)
      deployment.run.cutover()
      await expect
        .poll(() => interruptLock(session, mysql.schema), { interval: 5, timeout: 10_000 })
        .toBe(true)
      await deployment.reached('connection_lost')
    })

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(await session.rows(sql`SELECT v, w FROM t`)).toEqual([{ v: 3, w: 0 }])
  })

  test('because it has no room for the account, is asked again', async ({ mysql }) => {
    const session = await aTable(mysql)
    const user = `u${mysql.schema.slice(-24)}`
    const account = sql`${sql.id(user)}@'%'`
    await session.run(sql`CREATE USER ${account} IDENTIFIED BY 'p'`)
    onTestFinished(async () => {
      await using admin = await connect({ ...mysql.target, schema: null })
      await admin.run(sql`DROP USER ${account}`)
    })
    await session.run(sql`GRANT ALL ON *.* TO ${account}`)
    const target = { ...mysql.target, user, password: 'p' }
    const deployment = await Deployment.stage(target, [CHANGE])
    await deployment.reached('ready_to_cutover')
    await session.run(sql`ALTER USER ${account} WITH MAX_CONNECTIONS_PER_HOUR 1`)
    await killAll(session, user)
    await deployment.reached('connection_lost')
    const losses = () => deployment.events.filter(({ event }) => event === 'connection_lost')
    await expect.poll(() => losses().length, { timeout: 10_000 }).toBeGreaterThan(2)
    await session.run(sql`ALTER USER ${account} WITH MAX_CONNECTIONS_PER_HOUR 0`)
    deployment.run.cutover()

    expect(await deployment.run.finished, deployment.story).toBe('complete')
  })
})

async function aTable(mysql: MysqlTest): Promise<Session> {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v TINYINT)`)
  await session.run(sql`INSERT INTO t VALUES (1, 1)`)
  return session
}

async function dropOld(session: Session): Promise<void> {
  const [old = ''] = await productTables(session)
  expect(old).toContain('__xf_old_')
  await session.run(sql`DROP TABLE ${sql.id(old)}`)
}

type Thread = { Id: string; User: string; db: string | null; Info: string | null }

/** Interrupts a LOCK TABLES in the schema; false when there is none. */
async function interruptLock(session: Session, schema: string): Promise<boolean> {
  const threads = await session.rows(sql<Thread>`SHOW FULL PROCESSLIST`)
  const waiting = threads.find(({ db, Info }) => db === schema && Info?.startsWith('LOCK TABLES'))
  if (!waiting) return false
  await session.run(sql`KILL QUERY ${sql.lit(Number(waiting.Id))}`)
  return true
}

async function killAll(session: Session, user: string): Promise<void> {
  const threads = await session.rows(sql<Thread>`SHOW FULL PROCESSLIST`)
  for (const { Id, User } of threads) {
    if (User === user) await session.run(sql`KILL ${sql.lit(Number(Id))}`).catch(() => null)
  }
}
