import { inspect } from 'node:util'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { connect } from '../../../src/mysql/connect.ts'
import { Session } from '../../../src/mysql/session.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { HeldStream } from '../../support/held-stream.ts'
import { test } from '../../support/mysql.ts'
import { unfinished } from './leftovers.ts'

const T = 'id INT PRIMARY KEY, v INT'
const ADD = 'ALTER TABLE t ADD COLUMN w INT'
/** So that a thousand rows are not copied before somebody comes. */
const SLOWLY = { chunkRows: 1, throttleRatio: 95 } as const

describe('a deployment stops when somebody else changes its table', () => {
  test.for([
    ['ALTER TABLE t ADD COLUMN x INT'],
    ['TRUNCATE TABLE t'],
    ['CREATE INDEX by_v ON t (v)'],
    ['RENAME TABLE t TO elsewhere'],
    ['DROP TABLE t'],
  ] as const)('at the gate: %s', async ([statement], { mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${T})`))
    await session.run(sql`INSERT INTO t VALUES (1, 1)`)
    const deployment = await Deployment.stage(mysql.target, [ADD])
    await deployment.reached('ready_to_cutover')

    await session.run(sql.raw(statement))

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({ code: 'TABLE_CHANGED' })
    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test.for([
    ['in the quotes of other servers', 'ANSI_QUOTES', 'TRUNCATE TABLE "t"'],
    ['in a comment that is run', '', '/*!50000 TRUNCATE TABLE t */'],
    ['with its name in a comment that is run', '', 'TRUNCATE TABLE /*!50000 t */'],
  ] as const)('at the gate: %s', async ([, sqlMode, statement], { mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${T})`))
    await session.run(sql`INSERT INTO t VALUES (1, 1)`)
    const deployment = await Deployment.stage(mysql.target, [ADD])
    await deployment.reached('ready_to_cutover')

    await session.run(sql`SET SESSION sql_mode = ${sqlMode}`)
    await session.run(sql.raw(statement))

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({ code: 'TABLE_CHANGED' })
  })

  test.for([
    ['a view of it', 'CREATE VIEW w AS SELECT * FROM t', 'UPDATE w SET v = 2'],
    [
      'a trigger of another table',
      'CREATE TRIGGER g AFTER INSERT ON other FOR EACH ROW UPDATE t SET v = 2',
      'INSERT INTO other VALUES (1)',
    ],
    [
      'a function',
      'CREATE FUNCTION f() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN UPDATE t SET v = 2; RETURN 1; END',
      'SELECT f()',
    ],
  ] as const)(
    'STREAM-1: at the gate, by a statement in statement format that reaches it through %s',
    async ([, way, statement], { mysql }) => {
      const session = await mysql.session()
      await session.run(sql.raw(`CREATE TABLE t (${T})`))
      await session.run(sql`CREATE TABLE other (id INT PRIMARY KEY)`)
      await session.run(sql`INSERT INTO t VALUES (1, 1)`)
      if (!way.startsWith('CREATE VIEW')) await session.run(sql.raw(way))
      const deployment = await Deployment.stage(mysql.target, [ADD])
      await deployment.reached('ready_to_cutover')
      // A view may be made meanwhile.
      if (way.startsWith('CREATE VIEW')) await session.run(sql.raw(way))
      await session.run(sql`SET SESSION binlog_format = STATEMENT`)
      await session.run(sql`SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ`)

      await session.run(sql.raw(statement))

      expect(await deployment.run.finished).toBe('failed')
      expect(deployment.failure).toMatchObject({ code: 'STREAM_STOPPED' })
      expect(await session.rows(sql`SELECT v FROM t`)).toEqual([{ v: 2 }])
    },
  )

  test.for([
    [['CREATE TABLE receipts (id INT PRIMARY KEY)', ADD]],
    [['CREATE TABLE receipts (id INT PRIMARY KEY)']],
  ] as const)(
    'by making the table that %j would make, and it is not taken for ours',
    async ([statements], { mysql }) => {
      const session = await mysql.session()
      await session.run(sql.raw(`CREATE TABLE t (${T})`))
      const deployment = await Deployment.stage(mysql.target, statements)
      await deployment.reached('ready_to_cutover')

      await session.run(sql`CREATE TABLE receipts (theirs INT PRIMARY KEY)`)

      expect(await deployment.run.finished).toBe('failed')
      expect(deployment.story).toMatch(/^started → ready_to_cutover → failed TABLE_CHANGED/)
      expect(await productTables(session)).toEqual([])
      expect(await session.rows(sql`SELECT theirs FROM receipts`)).toEqual([])
    },
  )

  test('during the copy', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${T})`))
    await fill(session, 1_000)
    const deployment = await Deployment.stage(mysql.target, [ADD], SLOWLY)
    await deployment.copying()

    await session.run(sql`ALTER TABLE t ADD COLUMN x INT`)

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({ code: 'TABLE_CHANGED' })
    expect(await productTables(session)).toEqual([])
  })

  test.for([
    ['ALTER TABLE t DROP COLUMN v'],
    ['RENAME TABLE t TO elsewhere'],
    ['DROP TABLE t'],
  ] as const)(
    'during the copy, which comes upon it before the stream does: %s',
    async ([statement], { mysql }) => {
      const session = await mysql.session()
      await session.run(sql.raw(`CREATE TABLE t (${T})`))
      await fill(session, 1_000)
      await using way = await HeldStream.open(mysql.target)
      const deployment = await Deployment.stage(way.target, [ADD], SLOWLY)
      await deployment.copying()

      way.hold(30_000)
      await session.run(sql.raw(statement))

      expect(await deployment.run.finished).toBe('failed')
      expect(deployment.failure).toMatchObject({ code: 'TABLE_CHANGED' })
      expect(await productTables(session)).toEqual([])
      expect(await unfinished(session, mysql.schema)).toBe(0)
    },
  )

  test('while its shadow is made', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${T})`))
    const { run } = Session.prototype
    const spy = vi.spyOn(Session.prototype, 'run').mockImplementation(async function (
      this: Session,
      statement: RawBuilder<unknown>,
    ) {
      const rows = await run.call(this, statement)
      // Once the shadow is made as the table was, and before the two are paired.
      if (inspect(statement.toOperationNode(), { depth: null }).includes('LOCK TABLES')) {
        spy.mockRestore()
        await session.run(sql`ALTER TABLE t DROP PRIMARY KEY`)
      }
      return rows
    })
    onTestFinished(() => spy.mockRestore())

    const staged = Deployment.stage(mysql.target, [ADD])

    await expect(staged).rejects.toMatchObject({
      code: 'TABLE_CHANGED',
      cause: { code: 'NO_UNIQUE_KEY' },
    })
    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test('while no process works on it', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${T})`))
    const engine = EngineProcess.stage(mysql.target, [ADD])
    onTestFinished(() => engine.kill())
    await engine.seen(({ event }) => event === 'ready_to_cutover')
    await engine.kill()
    await session.run(sql`ALTER TABLE t DROP PRIMARY KEY`)

    const resumed = await Deployment.resume(mysql.target, engine.id)

    expect(await resumed.run.finished, resumed.story).toBe('failed')
    expect(resumed.failure).toMatchObject({ code: 'TABLE_CHANGED' })
    expect(await productTables(session)).toEqual([])
  })

  test('by dropping the whole schema', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${T})`))
    const deployment = await Deployment.stage(mysql.target, [ADD])
    await deployment.reached('ready_to_cutover')

    await session.run(sql`DROP DATABASE ${sql.id(mysql.schema)}`)

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({ code: 'TABLE_CHANGED' })
  })

  test('not when a table of another schema has the same name', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${T})`))
    const other = `${mysql.schema}_b`
    await session.run(sql`CREATE DATABASE ${sql.id(other)}`)
    onTestFinished(async () => {
      await using root = await connect({ ...mysql.target, schema: null })
      await root.run(sql`DROP DATABASE ${sql.id(other)}`)
    })
    const deployment = await Deployment.stage(mysql.target, [ADD])
    await deployment.reached('ready_to_cutover')

    await using elsewhere = await connect({ ...mysql.target, schema: other })
    await elsewhere.run(sql.raw(`CREATE TABLE t (${T})`))
    await elsewhere.run(sql`INSERT INTO t VALUES (1, 1)`)
    await elsewhere.run(sql`TRUNCATE TABLE t`)
    deployment.run.cutover()
    await deployment.reached('complete')

    expect(await session.rows(sql`SELECT * FROM t`)).toEqual([])
  })
})

describe('STREAM-1: a deployment stops when the stream brings damaged bytes', () => {
  test('drops its tables and leaves the live one as it is', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${T})`))
    await session.run(sql`INSERT INTO t VALUES (1, 1)`)
    await using way = await HeldStream.open(mysql.target)
    const deployment = await Deployment.stage(way.target, [ADD])
    await deployment.reached('ready_to_cutover')

    way.damage()

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({ code: 'STREAM_STOPPED' })
    expect(await productTables(session)).toEqual([])
    expect(await session.rows(sql`SELECT id, v FROM t`)).toEqual([{ id: 1, v: 1 }])
  })
})

async function fill(session: Session, rows: number): Promise<void> {
  const values = Array.from({ length: rows }, (_, id) => sql`(${id}, 0)`)
  await session.run(sql`INSERT INTO t VALUES ${sql.join(values)}`)
}
