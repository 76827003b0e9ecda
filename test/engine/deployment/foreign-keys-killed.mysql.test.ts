import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { createEngine } from '../../../src/engine/engine.ts'
import { connect } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE items ADD COLUMN size INT'
const LONG = 'f'.repeat(63)

describe('FOREIGN-1: a table with foreign keys', () => {
  test('is swapped and swapped back with parents in two schemas and names of 64 characters', async ({
    mysql,
  }) => {
    const session = await createItems(mysql)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')
    expect(await parentsOf(session, 'items')).toEqual(['orders', 'products', 'products'])
    deployment.run.revert()

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(await namesOf(session, 'items')).toEqual([`${LONG}1`, `${LONG}2`, 'items_ibfk_1'])
    const [kept = ''] = await productTables(session)
    expect(await namesOf(session, kept)).toEqual([])
  })

  test.for([
    ['complete', 'after', 'REPLACE INTO `_crossfade`\\.`foreign_key`'],
    ['complete', 'after', '^ALTER TABLE .*__xf_new_.* ADD CONSTRAINT'],
    ['complete', 'after', '^RENAME TABLE .* cutover'],
    ['complete', 'after', 'SET ending'],
    ['reverted', 'after', '^ALTER TABLE .*__xf_old_.* ADD CONSTRAINT'],
    ['reverted', 'after', '^RENAME TABLE .* revert'],
  ] as const)(
    'has them where it is live and nowhere else when it is %s, though the process died %s %s',
    async ([ends, when, matches], { mysql }) => {
      const session = await createItems(mysql)
      const engine = EngineProcess.stage(mysql.target, [CHANGE], {
        cutover: 'auto',
        quarantineMs: 60_000,
        dies: { when, at: { matches } },
        ...(ends === 'reverted' ? { revertWindowMs: 600_000, reverts: true } : {}),
      })
      onTestFinished(() => engine.kill())
      expect(await engine.ended()).toBe('SIGKILL')

      const resumed: Deployment = await Deployment.resume(mysql.target, engine.id, {
        listener: ({ event }) => event === 'reverse_in_sync' && resumed.run.revert(),
      })

      expect(await resumed.run.finished, resumed.story).toBe(ends)
      expect(await parentsOf(session, 'items')).toEqual(['orders', 'products', 'products'])
      const [kept = ''] = await productTables(session)
      expect(await namesOf(session, kept)).toEqual([])
      expect(
        await session.rows(
          sql`SELECT 1 FROM _crossfade.foreign_key WHERE deployment_id = ${engine.id}`,
        ),
      ).toEqual([])
    },
  )

  test('is left with no other that has any, when it is cancelled after the process died at the swap', async ({
    mysql,
  }) => {
    const session = await createItems(mysql)
    const engine = EngineProcess.stage(mysql.target, [CHANGE], {
      cutover: 'auto',
      dies: { when: 'after', at: { matches: '^ALTER TABLE .*__xf_new_.* ADD CONSTRAINT' } },
    })
    onTestFinished(() => engine.kill())
    expect(await engine.ended()).toBe('SIGKILL')
    const [shadow = ''] = await productTables(session)
    expect(await namesOf(session, shadow)).not.toEqual([])

    const resumed = await Deployment.resume(mysql.target, engine.id)
    resumed.run.cancel()

    expect(await resumed.run.finished, resumed.story).toBe('cancelled')
    expect(await productTables(session)).toEqual([])
    expect(await parentsOf(session, 'items')).toEqual(['orders', 'products', 'products'])
  })

  test('is waited for no longer than somebody wants, when its parent is held', async ({
    mysql,
  }) => {
    const session = await createItems(mysql)
    const engine = EngineProcess.stage(mysql.target, [CHANGE], {
      cutover: 'auto',
      dies: { when: 'after', at: { matches: '^RENAME TABLE .* cutover' } },
    })
    onTestFinished(() => engine.kill())
    expect(await engine.ended()).toBe('SIGKILL')
    const holder = await mysql.session()
    const stop = new AbortController()

    await holder.transaction(async () => {
      await holder.run(sql`INSERT INTO products VALUES (2)`)
      const { finished } = await createEngine(mysql.target).resume(engine.id, {
        onEvent: () => undefined,
        signal: stop.signal,
      })
      await expect.poll(() => isWaiting(session, mysql.schema), { timeout: 20_000 }).toBe(true)
      stop.abort(new Error('stopped'))
      await expect(finished).rejects.toThrow('stopped')
      await holder.rows(sql`SELECT 1`)
    })
  })
})

/** Whether somebody waits to take a foreign key away. */
async function isWaiting(session: Session, schema: string): Promise<boolean> {
  const threads =
    await session.rows(sql<{ db: string; Info: string | null }>`SHOW FULL PROCESSLIST`)
  return threads.some(({ db, Info }) => db === schema && Info?.includes('DROP FOREIGN KEY'))
}

/** Items of orders in another schema, and twice of products. */
async function createItems(mysql: MysqlTest): Promise<Session> {
  const session = await mysql.session()
  const other = `${mysql.schema}_p`
  onTestFinished(async () => {
    await using admin = await connect({ ...mysql.target, schema: null })
    await admin.run(sql`DROP DATABASE ${sql.id(other)}`)
  })
  await session.run(sql`CREATE DATABASE ${sql.id(other)}`)
  await session.run(sql`CREATE TABLE ${sql.id(other, 'orders')} (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE products (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE items (id INT PRIMARY KEY, o INT, p INT, q INT,
    CONSTRAINT ${sql.id(`${LONG}1`)} FOREIGN KEY (o) REFERENCES ${sql.id(other, 'orders')} (id),
    CONSTRAINT ${sql.id(`${LONG}2`)} FOREIGN KEY (p) REFERENCES products (id),
    FOREIGN KEY (q) REFERENCES products (id))`)
  await session.run(sql`INSERT INTO products VALUES (1)`)
  await session.run(sql`INSERT INTO ${sql.id(other, 'orders')} VALUES (1)`)
  await session.run(sql`INSERT INTO items VALUES (1, 1, 1, 1)`)
  return session
}

async function keysOf(session: Session, table: string) {
  return await session.rows(sql<{ name: string; parent: string }>`
    SELECT CONSTRAINT_NAME AS name, REFERENCED_TABLE_NAME AS parent
    FROM information_schema.REFERENTIAL_CONSTRAINTS
    WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = ${table}`)
}

async function namesOf(session: Session, table: string): Promise<readonly string[]> {
  return (await keysOf(session, table)).map(({ name }) => name).toSorted()
}

async function parentsOf(session: Session, table: string): Promise<readonly string[]> {
  return (await keysOf(session, table)).map(({ parent }) => parent).toSorted()
}
