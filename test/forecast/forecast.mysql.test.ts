import { randomBytes } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { useSentence } from '../../src/deploy/forecast.ts'
import { tryInstant } from '../../src/forecast/instant.ts'
import { connect } from '../../src/mysql/connect.ts'
import { canonicalise, readSchema } from '../../src/schema/canonical.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { FLAVOUR, type MysqlTest, test } from '../support/mysql.ts'
import { forecastOf, runAll } from './a-forecast.ts'

const T = 'CREATE TABLE t (id INT PRIMARY KEY, v INT)'
const WIDER = 'CREATE TABLE t (id INT PRIMARY KEY, v BIGINT)'

describe('forecastChanges', () => {
  test('concludes the time from a sample, also where statistics know nothing', async ({
    mysql,
  }) => {
    await runAll(await mysql.session(), [
      `${T} STATS_PERSISTENT = 1, STATS_AUTO_RECALC = 0`,
      'INSERT INTO t (id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n',
    ])

    const [planned] = await forecastOf(mysql, WIDER)

    expect(planned?.forecast?.duration).toMatchObject({
      basis: 'sample',
      from: expect.stringMatching(/^900 rows were read in \d+ ms$/),
    })
    const { least = 0, seconds = 0, most = 0 } = planned?.forecast?.duration ?? {}
    expect(least).toBeGreaterThan(0)
    expect(least <= seconds && seconds <= most).toBe(true)
  })

  test('concludes the time from earlier deployments where there are some', async ({ mysql }) => {
    await runAll(await mysql.session(), [T])

    const [planned] = await forecastOf(mysql, WIDER, {
      past: [{ rows: 1, bytes: 16_384, seconds: 100 }],
    })

    expect(planned?.forecast?.duration).toEqual({
      basis: 'deploys',
      from: '1 earlier deployment on this server',
      seconds: 104,
      least: 52,
      most: 215,
    })
  })

  test('expects no copy of what is created, dropped, refused or instant', async ({ mysql }) => {
    await runAll(await mysql.session(), [
      T,
      'CREATE TABLE gone (id INT PRIMARY KEY)',
      'CREATE TABLE loose (v INT)',
    ])
    const wanted = `CREATE TABLE made (id INT PRIMARY KEY); CREATE TABLE loose (v BIGINT); CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT)`

    const shadow = await forecastOf(mysql, wanted)
    const instant = await forecastOf(mysql, wanted, { method: 'instant' })

    const costs = (planned: typeof shadow) =>
      planned.map(({ forecast }) => [forecast?.duration !== null, forecast?.disk !== null])
    expect(costs(shadow)).toEqual([
      [false, false],
      [false, false],
      [true, true],
      [false, false],
    ])
    expect(costs(instant).flat()).not.toContain(true)
  })

  test('does not fail where the account may see little', async ({ mysql }) => {
    await runAll(await mysql.session(), [T, 'INSERT INTO t VALUES (1, 1)'])
    const target = await reader(mysql)

    const [planned] = await forecastOf(mysql, WIDER, { target })

    expect(planned?.forecast).toMatchObject({ refusals: [], checks: [] })
    expect(planned?.size?.rows).toBe(1)
    expect(planned?.forecast?.duration).not.toBeNull()
    const use = planned?.forecast?.use ?? null
    expect(use).toMatchObject({ reads: null, writes: null })
    expect(use && useSentence(use)).toMatch(
      /^(Whether it was recently read or written is not known: .+\.|Recently used: last written \d+ seconds? ago\.)$/,
    )
  })

  test('knows how much a table is used, where the server counts it', async ({ mysql }) => {
    const session = await mysql.session()
    if (FLAVOUR === 'mariadb') {
      await session.run(sql`SET GLOBAL userstat = 1`)
      onTestFinished(() => asAdmin(mysql, sql`SET GLOBAL userstat = 0`))
    }
    const writer = await mysql.session()
    await runAll(writer, [T, 'INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)'])
    await writer.rows(sql`SELECT * FROM t`)

    const [planned] = await forecastOf(mysql, WIDER)

    expect(planned?.forecast?.use).toMatchObject({ writes: 3, withinSeconds: expect.any(Number) })
    expect(planned?.forecast?.use?.reads).toBeGreaterThanOrEqual(3)
  })

  test('tells beforehand that the server rejects a change', async ({ mysql }) => {
    await runAll(await mysql.session(), ['CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))'])
    const change = await changeOf(mysql, 'CREATE TABLE t (id INT PRIMARY KEY, w VARCHAR(9))')

    const tried = await tryInstant(
      { ...change, clauses: [...change.clauses, ...change.clauses] },
      {
        server: await mysql.session(),
        schema: mysql.schema,
        scratch: await mysql.session(),
      },
    )

    expect(tried.refusal?.code).toBe('ALTER_INVALID')
    expect(tried.instant?.possible).toBe('no')
  })

  test('does not refuse for a table that another deployment makes first', async ({ mysql }) => {
    const wanted = 'CREATE TABLE t (id INT PRIMARY KEY, v BIGINT NOT NULL)'

    const [planned] = await forecastOf(mysql, wanted, { first: T })

    expect(planned?.forecast).toMatchObject({ refusals: [], duration: null })
    expect(planned?.checks).toEqual([
      'Not checked: rows with NULL in `v`, which becomes NOT NULL (the table is not there yet).',
    ])
  })

  test('finds out nothing of views, and asks nothing when nothing changes', async ({ mysql }) => {
    await runAll(await mysql.session(), [T])

    expect(await forecastOf(mysql, T)).toEqual([])
    expect(await forecastOf(mysql, `${T}; CREATE VIEW w AS SELECT id FROM t`)).toEqual([
      { checks: [] },
    ])
  })
})

/** An account that may read the schema, and nothing else. */
async function reader(mysql: MysqlTest) {
  const session = await mysql.session()
  const user = `reader_${randomBytes(6).toString('hex')}`
  const name = sql.raw(`'${user}'@'%'`)
  await session.run(sql`CREATE USER ${name} IDENTIFIED BY 'p'`)
  onTestFinished(() => asAdmin(mysql, sql`DROP USER ${name}`))
  await session.run(sql`GRANT SELECT ON ${sql.id(mysql.schema)}.* TO ${name}`)
  return { ...mysql.target, user, password: 'p' }
}

async function asAdmin({ target }: MysqlTest, statement: RawBuilder<unknown>): Promise<void> {
  await using session = await connect({ ...target, schema: null })
  await session.run(statement)
}

async function changeOf(mysql: MysqlTest, wanted: string) {
  const session = await mysql.session()
  const to = await canonicalise(session, checkSchemaFile(wanted, 'wanted.sql'))
  const [change] = diffSchemas(await readSchema(session, mysql.schema), to)
  if (change?.kind !== 'alter') throw new TypeError('no table changes')
  return change
}
