import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { LINT_HELP, lintCommand } from '../../src/cli/lint.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

async function* nothing(): AsyncGenerator<string> {}

/** Runs the command in this process. */
async function lint(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out: string[] = []
  const err: string[] = []
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    lines: nothing(),
    onInterrupt: () => undefined,
    env: { ...process.env, ...env },
  }
  const status = await lintCommand(args, io)
  return { status, out, err: err.join('\n') }
}

/** A repository whose only schema folder holds one file. */
async function repository(stack: AsyncDisposableStack, text: string, config?: string) {
  const root = await mkdtemp(join(tmpdir(), 'crossfade-test-'))
  stack.defer(() => rm(root, { recursive: true }))
  const folder = join(root, 'schema', 'shop')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'shop.sql'), text)
  const configFile = join(root, 'crossfade.yml')
  if (config !== undefined) await writeFile(configFile, config)
  return { folder, file: join(folder, 'shop.sql'), configFile }
}

const scratch = ({ url }: MysqlTest) => ['--scratch', url]

const SHOP = `CREATE TABLE users (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(200) NOT NULL UNIQUE
) CHARSET=utf8mb4;

-- crossfade:ignore float: weights are measured
CREATE TABLE orders (
  id INT AUTO_INCREMENT,
  weight FLOAT,
  price DOUBLE,
  user_id BIGINT UNSIGNED NOT NULL, PRIMARY KEY (id),
  INDEX by_user (user_id), INDEX by_user_price (user_id, price)
) CHARSET=utf8mb4;
`

describe('lintCommand', () => {
  test('points into the migration that created the table', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const root = await mkdtemp(join(tmpdir(), 'crossfade-test-'))
    stack.defer(() => rm(root, { recursive: true }))
    const file = join(root, '1_init.up.sql')
    await writeFile(file, 'CREATE TABLE a (id BIGINT PRIMARY KEY);\nCREATE TABLE b (x INT);\n')
    await writeFile(join(root, '1_init.down.sql'), 'DROP TABLE b;\nDROP TABLE a;\n')

    const { out } = await lint([root, '--json', ...scratch(mysql)])

    const { findings } = JSON.parse(out[0] ?? '')
    expect(findings).toContainEqual(
      expect.objectContaining({
        rule: 'no-unique-key',
        table: 'b',
        place: { file, line: 2, column: 1 },
      }),
    )
  })

  test('tells people what it finds in a folder, with file and line', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const { folder, file } = await repository(stack, SHOP)

    const { status, out, err } = await lint([folder, ...scratch(mysql)])

    expect(status).toBe(0)
    expect(out.map((text) => text.split('\n')[0])).toEqual([
      `${file}:8:3: warning auto-inc-headroom`,
      `${file}:12:3: warning redundant-index`,
    ])
    expect(out[1]).toBe(`${file}:12:3: warning redundant-index
  The index \`by_user\` of \`orders\` is the beginning of the index \`by_user_price\`, which can do its work; every write pays for both.
  → Drop the shorter index; hide it first (\`invisible-first\`) if it is in use.`)
    expect(err).toBe('Errors: 0 · warnings: 2 · infos: 0 · accepted: 2')
  })

  test('looks at the change against a live schema, and ends with 1 for an error', async ({
    mysql,
  }) => {
    await using stack = new AsyncDisposableStack()
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE users (
      id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(250), old INT)`)
    await session.run(sql`CREATE TABLE gone (id INT PRIMARY KEY)`)
    const { folder, configFile } = await repository(
      stack,
      SHOP,
      'version: 1\ndatabases: { shop: { schema: schema/shop, lint: { drop-table: error, deploy-order: off } }, other: { schema: o } }',
    )

    const { status, out } = await lint([
      folder,
      '--against',
      mysql.url,
      '--config',
      configFile,
      '--json',
      ...scratch(mysql),
    ])

    expect(status).toBe(1)
    const { findings, accepted, counts } = JSON.parse(out.join('\n'))
    type Row = {
      level: string
      rule: string
      table: string
      column: string | null
      place: { line: number } | null
    }
    const line = ({ level, rule, table, column, place }: Row) =>
      `${level} ${rule} ${table}.${column} ${place?.line}`
    const told: readonly string[] = findings
      .filter(({ table }: Row) => table !== 'orders')
      .map(line)
    expect(told[0]).toBe('error drop-table gone.null undefined')
    expect(told.toSorted()).toEqual([
      'error drop-table gone.null undefined',
      'info copy-cost users.null 1',
      'warning drop-column users.old 1',
      'warning lossy-change users.email 3',
      'warning not-null-may-fail users.email 3',
      'warning unique-may-fail users.email 3',
    ])
    expect(
      accepted.map(({ rule, reason }: { rule: string; reason: string }) => [rule, reason]),
    ).toEqual([
      ['float', 'weights are measured'],
      ['float', 'weights are measured'],
    ])
    expect(counts.error).toBe(1)
  })

  test('finds foreign keys that the server took with its checks off', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const { folder } = await repository(
      stack,
      'CREATE TABLE a (id INT PRIMARY KEY, b INT, CONSTRAINT f FOREIGN KEY (b) REFERENCES b (id));',
    )

    const { status, out } = await lint([folder, ...scratch(mysql)])

    expect(status).toBe(1)
    expect(out[0]).toContain('error foreign-keys-nonexistent-table')
  })

  test('writes workflow commands that no name can break out of', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const { folder, file } = await repository(
      stack,
      'CREATE TABLE t (id BIGINT PRIMARY KEY,\n `a\n::error file=x,line=1::% ``x` FLOAT) CHARSET=utf8mb4',
    )

    const { status, out } = await lint([folder, '--format', 'github', ...scratch(mysql)])

    expect(status).toBe(0)
    expect(out).toEqual([
      `::notice file=${file},line=2,col=2,title=float::\`t\`.\`a<U+000A>::error file=x,line=1::%25 \`\`x\` is a FLOAT, which holds numbers only approximately.%0AUse \`DECIMAL(12, 2)\` for money and everything that is counted exactly.`,
    ])
  })

  test('looks at a live schema, which has no file', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (a FLOAT) CHARSET=utf8mb4`)

    const { out } = await lint([mysql.url])

    expect(out.map((text) => text.split('\n')[0])).toEqual(['warning no-unique-key', 'info float'])
  })

  test('explains itself', async () => {
    expect(await lint(['--help'])).toEqual({ status: 0, out: [LINT_HELP], err: '' })
  })

  test('refuses what it cannot use, and never shows a URL', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const { folder, configFile } = await repository(
      stack,
      'CREATE TABLE t (a INT)',
      'version: 1\ndatabases: { a: { schema: a }, b: { schema: b } }',
    )
    const unreachable = 'mysql://app:hunter2@127.0.0.1:1/shop'
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[], 'INPUT_INVALID'],
      [[folder, folder], 'INPUT_INVALID'],
      [[folder, '--what'], 'INPUT_INVALID'],
      [[folder, '--format', 'xml'], 'INPUT_INVALID'],
      [[join(folder, 'nowhere'), ...scratch(mysql)], 'SCHEMA_EMPTY'],
      [[folder, '--config', join(folder, 'nowhere.yml')], 'CONFIG_INVALID'],
      [[folder, '--config', configFile], 'CONFIG_INVALID'],
      [[folder, '--against', unreachable], 'DATABASE_UNREACHABLE'],
      [[folder, '--scratch', unreachable], 'DATABASE_UNREACHABLE'],
    ]
    for (const [args, code] of cases) {
      const error = await lint(args).catch((caught: unknown) => caught)
      expect(error, args.join(' ')).toMatchObject({ code })
      expect(JSON.stringify([String(error), Object(error).next])).not.toContain('hunter2')
    }
  })
})
