import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { PLAN_HELP } from '../../src/cli/plan.ts'
import type { toJson } from '../../src/cli/plan-text.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

async function* nothing(): AsyncGenerator<string> {}

async function run(args: readonly string[]) {
  const out: string[] = []
  const err: string[] = []
  const status = await main(['plan', ...args], {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    lines: nothing(),
    onInterrupt: () => undefined,
    env: process.env,
  })
  return { status, out: out.join('\n'), err: err.join('\n') }
}

/** Plans `wanted` against the schema of `mysql`, which is its own scratch server too. */
async function plan(mysql: MysqlTest, wanted: string, ...options: readonly string[]) {
  const path = await mkdtemp(join(tmpdir(), 'crossfade-test-'))
  try {
    await writeFile(join(path, 'schema.sql'), wanted)
    return await run([path, '--against', mysql.url, '--scratch', mysql.url, ...options])
  } finally {
    await rm(path, { recursive: true })
  }
}

async function planJson(mysql: MysqlTest, wanted: string, ...options: readonly string[]) {
  const { out, status } = await plan(mysql, wanted, '--json', ...options)
  // Sound: it is what the command prints.
  return { status, ...(JSON.parse(out) as ReturnType<typeof toJson>) }
}

const TEXT = 'COLLATE utf8mb4_general_ci'

describe('planCommand', () => {
  test('says of each change how it runs, what it costs and what goes first', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE grown (id INT PRIMARY KEY, v INT)`)
    await session.run(sql`CREATE TABLE noted (id INT PRIMARY KEY)`)
    await session.run(sql`CREATE TABLE gone (id INT PRIMARY KEY)`)
    await session.run(sql`CREATE TABLE loose (v INT NOT NULL)`)
    await session.run(sql`INSERT INTO grown VALUES (1, 1), (2, 2)`)

    const { status, operations, deployable, equal } = await planJson(
      mysql,
      `CREATE TABLE grown (id INT PRIMARY KEY, v BIGINT); CREATE TABLE noted (id INT PRIMARY KEY, n INT);
       CREATE TABLE made (id INT PRIMARY KEY); CREATE TABLE loose (v BIGINT NOT NULL)`,
    )

    expect({ status, deployable, equal }).toEqual({ status: 1, deployable: false, equal: false })
    expect(
      operations.map(({ table, how, instant, order, forecast }) => [
        table,
        how,
        instant?.possible ?? null,
        order.first,
        forecast?.refusals.map(({ code }) => code).join(),
      ]),
    ).toEqual([
      ['made', 'create', null, 'schema', ''],
      ['grown', 'shadow', 'no', 'schema', ''],
      ['loose', 'refused', 'no', 'schema', 'NO_UNIQUE_KEY'],
      ['noted', 'shadow', 'yes', 'schema', ''],
      ['gone', 'drop', null, 'code', ''],
    ])
    const grown = operations.find(({ table }) => table === 'grown')
    expect(grown?.why).toContain('Changes the type of `v` from INT')
    expect(grown?.forecast).toMatchObject({
      duration: { basis: 'sample', from: expect.stringMatching(/^2 rows were read in \d+ ms$/) },
      disk: { newTable: expect.any(Number), log: expect.any(Number) },
    })
    expect(operations.at(-1)).toMatchObject({
      dropsData: true,
      losses: ['the table with all its rows'],
    })
  })

  test('plans for people, and lets a change that is instant be planned so', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE noted (id INT PRIMARY KEY)`)
    const wanted = 'CREATE TABLE noted (id INT PRIMARY KEY, n INT)'

    const copied = await plan(mysql, wanted)
    const noted = await plan(mysql, wanted, '--instant')

    expect(copied.status).toBe(0)
    expect(copied.out).toMatch(/^noted +alter +shadow copy +~0 +16 KiB +~\S+ s +schema first$/m)
    expect(copied.out).toContain('--instant plans that')
    expect(noted.status).toBe(0)
    expect(noted.out).toMatch(/^noted +alter +instant +~0 /m)
    expect(noted.out).toContain('does that without copying')
    expect(noted.out).not.toContain('Disk')
  })

  test('refuses to plan an instant change that has to copy', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT)`)

    const planned = await plan(mysql, 'CREATE TABLE t (id INT PRIMARY KEY, v BIGINT)', '--instant')

    expect(planned.status).toBe(1)
    expect(planned.out).toContain('NOT_INSTANT')
  })

  test('has nothing to say of equal schemas', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)

    const wanted = 'CREATE TABLE t (id INT PRIMARY KEY)'
    expect(await plan(mysql, wanted)).toEqual({
      status: 0,
      out: '',
      err: 'There is nothing to change.',
    })
    expect(await planJson(mysql, wanted)).toEqual({
      status: 0,
      equal: true,
      deployable: true,
      digest: null,
      operations: [],
    })
  })

  test('FORECAST-1: finds rows in the way, and never shows what they hold', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(
      sql`CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(99) ${sql.raw(TEXT)})`,
    )
    await session.run(
      sql`INSERT INTO users VALUES (1, 'secret'), (2, 'SECRET'), (3, 'other'), (4, NULL), (5, NULL)`,
    )

    const wanted = `CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(99) ${TEXT}, UNIQUE KEY by_email (email))`
    const { status, out } = await plan(mysql, wanted)

    expect(status).toBe(1)
    expect(out).toContain(
      'Found rows that are equal in the new unique key `by_email`: 1 key; checked all rows. It would stop the deployment.',
    )
    expect(out).not.toMatch(/secret/i)
  })

  test('explains itself, and refuses what it cannot use', async ({ mysql }) => {
    expect(await run(['--help'])).toEqual({ status: 0, out: PLAN_HELP, err: '' })
    for (const args of [
      [],
      ['schema'],
      ['schema', '--against', 'folder'],
      ['schema', '--against', mysql.url, '--within', '0'],
      ['schema', '--against', mysql.url, '--what'],
    ]) {
      const { status, err } = await run(args)
      expect({ status, err }, args.join(' ')).toEqual({
        status: 2,
        err: expect.stringContaining('INPUT_INVALID'),
      })
    }
  })
})
