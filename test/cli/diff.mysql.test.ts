import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { DIFF_HELP, diffCommand } from '../../src/cli/diff.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

async function* nothing(): AsyncGenerator<string> {}

/** Runs the command in this process; the folders hold one file each. */
async function diff(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out: string[] = []
  const err: string[] = []
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    lines: nothing(),
    onInterrupt: () => undefined,
    env: { ...process.env, ...env },
  }
  const status = await diffCommand(args, io)
  return { status, out: out.join('\n'), err: err.join('\n') }
}

async function folder(stack: AsyncDisposableStack, text: string): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'crossfade-test-'))
  stack.defer(() => rm(path, { recursive: true }))
  await writeFile(join(path, 'schema.sql'), text)
  return path
}

const scratch = ({ url }: MysqlTest) => ['--scratch', url]

describe('diffCommand', () => {
  test('runs a folder of migrations, and says what of them it did not run', async ({ mysql }) => {
    const folders = 'test/schema/migrations'

    const flyway = await diff([`${folders}/expected`, `${folders}/flyway`, ...scratch(mysql)])
    const older = await diff([`${folders}/prisma`, `${folders}/numbered`, ...scratch(mysql)])

    expect(flyway).toEqual({
      status: 0,
      out: '',
      err: [
        `note: ${folders}/flyway/later/V10__name.sql:3:1: a statement about triggers, routines, events or sequences, which are not deployed, was not run.`,
        `note: ${folders}/flyway/R__seed.sql:1:1: a statement about rows was not run.`,
        'The schemas are equal.',
      ].join('\n'),
    })
    expect(older).toMatchObject({ status: 0, out: '' })
  })

  test('prints the SQL that turns a live schema into a folder; run, the two are equal', async ({
    mysql,
  }) => {
    await using stack = new AsyncDisposableStack()
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE users (id INT PRIMARY KEY, old INT)`)
    await session.run(sql`CREATE TABLE gone (id INT PRIMARY KEY)`)
    const wanted = await folder(
      stack,
      'CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20)); CREATE TABLE pets (id INT PRIMARY KEY, u INT, FOREIGN KEY (u) REFERENCES users (id));',
    )

    const different = await diff([mysql.url, wanted, ...scratch(mysql)])

    expect(different.status).toBe(1)
    expect(different.out).toContain(
      '-- drops data\nALTER TABLE `users`\n  DROP COLUMN `old`,\n  ADD COLUMN `name` varchar(20) DEFAULT NULL;',
    )
    for (const statement of different.out.split(/;\n|;$/).filter(Boolean)) {
      await session.run(sql.raw(statement))
    }
    expect(await diff([mysql.url, wanted, ...scratch(mysql)])).toEqual({
      status: 0,
      out: '',
      err: 'The schemas are equal.',
    })
  })

  test('renames a column whose line in the file says what it was called', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20), KEY k (name))`)
    await session.run(sql`INSERT INTO users VALUES (1, 'Ada')`)
    const wanted = await folder(
      stack,
      'CREATE TABLE users (\n id INT PRIMARY KEY,\n full_name VARCHAR(20), -- crossfade:renamed-from name\n KEY k (full_name)\n)',
    )

    const { out } = await diff([mysql.url, wanted, ...scratch(mysql)])
    await session.run(sql.raw(out.replace(/;$/, '')))

    expect(out).toBe(
      'ALTER TABLE `users` CHANGE COLUMN `name` `full_name` varchar(20) DEFAULT NULL;',
    )
    expect(await session.rows(sql`SELECT full_name FROM users`)).toEqual([{ full_name: 'Ada' }])
    expect(await diff([mysql.url, wanted, ...scratch(mysql)])).toMatchObject({ status: 0 })
  })

  test('shows the changed definitions, or draws them, and says when there is nothing', async ({
    mysql,
  }) => {
    await using stack = new AsyncDisposableStack()
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE users (id INT PRIMARY KEY, old INT)`)
    const wanted = await folder(
      stack,
      'CREATE TABLE users (id INT PRIMARY KEY); CREATE TABLE pets (id INT PRIMARY KEY, u INT, FOREIGN KEY (u) REFERENCES users (id));',
    )
    const run = (...args: string[]) => diff([mysql.url, ...args, ...scratch(mysql)])

    const lines = await run(wanted, '--format', 'diff')
    const drawn = await run(wanted, '--format', 'mermaid')

    expect(lines.out).toContain('--- a/users\n+++ b/users\n@@ -1,5 +1,4 @@\n')
    expect(lines.out).toMatch(/\n- {2}`old` int(\(11\))? DEFAULT NULL,\n/)
    expect(lines.out).toContain('--- /dev/null\n+++ b/pets\n@@ -0,0 ')
    expect(drawn.status).toBe(1)
    expect(drawn.out).toMatch(/^erDiagram\n {2}"pets \(new\)" \{\n {4}int\S* id PK\n/)
    expect(drawn.out).toMatch(/\n {4}int\S* old "dropped"\n/)
    expect(drawn.out).toContain('\n  "users (changed)" |o--o{ "pets (new)" : "u"')
    expect(await run(mysql.url, '--format', 'mermaid')).toEqual({
      status: 0,
      out: '',
      err: 'The schemas are equal.',
    })
    await expect(run(wanted, '--format', 'dot')).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  test('gives a folder the collation of the schema that it is compared with', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const session = await mysql.session()
    await session.run(sql`ALTER DATABASE ${sql.id(mysql.schema)} COLLATE latin1_bin`)
    await session.run(sql`CREATE TABLE t (a VARCHAR(9))`)
    const wanted = await folder(stack, 'CREATE TABLE t (a VARCHAR(9))')

    expect((await diff([wanted, mysql.url, ...scratch(mysql)])).status).toBe(0)
  })

  test('prints one JSON object', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const from = await folder(stack, 'CREATE TABLE a (id DATE)')
    const to = await folder(stack, 'CREATE TABLE a (id TIME)')

    const { status, out } = await diff([from, to, '--json', ...scratch(mysql)])

    expect(status).toBe(1)
    expect(JSON.parse(out)).toEqual({
      equal: false,
      changes: [
        {
          kind: 'alter',
          table: 'a',
          statement: 'ALTER TABLE `a` MODIFY COLUMN `id` time DEFAULT NULL',
          dropsData: false,
          diff: expect.stringContaining('\n-  `id` date DEFAULT NULL\n+  `id` time DEFAULT NULL\n'),
        },
      ],
      unmanaged: [],
    })
    expect(JSON.parse((await diff([from, from, '--json', ...scratch(mysql)])).out)).toEqual({
      equal: true,
      changes: [],
      unmanaged: [],
    })
  })

  test('compares views, and names what is left as it is', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, a INT)`)
    await session.run(sql`CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1`)
    await session.run(sql`CREATE VIEW same AS SELECT id FROM t`)
    await session.run(sql`CREATE VIEW far AS SELECT table_name FROM information_schema.tables`)
    const wanted = await folder(
      stack,
      'CREATE VIEW second AS SELECT id FROM first; CREATE VIEW first AS SELECT id FROM t;\nCREATE TABLE t (id INT PRIMARY KEY, a INT); CREATE VIEW same AS SELECT t.id FROM t',
    )

    const different = await diff([mysql.url, wanted, ...scratch(mysql)])
    for (const statement of different.out.split(/;\n|;$/).filter(Boolean)) {
      await session.run(sql.raw(statement))
    }

    expect(different.out).toBe(
      'CREATE SQL SECURITY INVOKER VIEW `first` AS\nselect\n  `t`.`id` AS `id`\nfrom `t`;\n' +
        'CREATE SQL SECURITY INVOKER VIEW `second` AS\nselect\n  `first`.`id` AS `id`\nfrom `first`;',
    )
    const left = 'Left as it is, because Crossfade does not deploy it: trigger g of t, view far.'
    expect(different.err).toBe(left)
    expect(await diff([mysql.url, wanted, ...scratch(mysql)])).toEqual({
      status: 0,
      out: '',
      err: `${left}\nThe schemas are equal.`,
    })
  })

  test('starts a throwaway server of the family of the other side', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const wanted = await folder(stack, 'CREATE TABLE t (id INT PRIMARY KEY)')

    expect((await diff([mysql.url, wanted])).status).toBe(0)
  })

  test('explains itself', async () => {
    expect(await diff(['--help'])).toEqual({ status: 0, out: DIFF_HELP, err: '' })
  })

  test('refuses what it cannot use, and never shows a URL', async ({ mysql }) => {
    await using stack = new AsyncDisposableStack()
    const good = await folder(stack, 'CREATE TABLE t (a INT)')
    const bad = await folder(stack, 'DROP DATABASE t')
    const unreachable = 'mysql://app:hunter2@127.0.0.1:1/shop'
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[], 'INPUT_INVALID'],
      [[good], 'INPUT_INVALID'],
      [[good, good, good], 'INPUT_INVALID'],
      [[good, good, '--what'], 'INPUT_INVALID'],
      [[good, join(good, 'nowhere')], 'SCHEMA_EMPTY'],
      [[good, bad, ...scratch(mysql)], 'SQL_NOT_ALLOWED'],
      [[good, unreachable], 'DATABASE_UNREACHABLE'],
      [[unreachable, good], 'DATABASE_UNREACHABLE'],
      [[good, good, '--scratch', unreachable], 'DATABASE_UNREACHABLE'],
      [[good, 'postgres://app:hunter2@h/shop'], 'BAD_URL'],
      [[good, mysql.url.replace(mysql.schema, '')], 'BAD_URL'],
    ]
    for (const [args, code] of cases) {
      const error = await diff(args, { PATH: '', CROSSFADE_MYSQLD: '/nowhere' }).catch(
        (caught: unknown) => caught,
      )
      expect(error, args.join(' ')).toMatchObject({ code })
      expect(JSON.stringify([String(error), Object(error).next])).not.toContain('hunter2')
    }
  })
})
