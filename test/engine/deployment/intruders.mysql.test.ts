import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { connect } from '../../../src/mysql/connect.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { HeldStream } from '../../support/held-stream.ts'
import { test } from '../../support/mysql.ts'
import { unfinished } from './leftovers.ts'

const T = 'id INT PRIMARY KEY, v INT'
const ADD = 'ALTER TABLE t ADD COLUMN w INT'

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
    await session.run(sql`INSERT INTO t VALUES (1, 1), (2, 2)`)
    const deployment = await Deployment.stage(mysql.target, [ADD], { chunkRows: 1 })
    deployment.run.pause()

    await session.run(sql`ALTER TABLE t ADD COLUMN x INT`)

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({ code: 'TABLE_CHANGED' })
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
