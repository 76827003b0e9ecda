import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { test as base, describe, expect, inject } from 'vitest'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import { type GitHub, startGitHub } from '../support/github/github.ts'
import type { Files } from '../support/github/person.ts'
import { type ActionOptions, type ActionResult, runAction } from '../support/run-action.ts'

type World = {
  /** A repository whose default branch holds these files, and a pull request that changes others. */
  readonly propose: (files: Files, change: Files) => Promise<number>
  readonly run: (pull: number, options?: ActionOptions) => Promise<ActionResult>
  /** Makes a database of these statements; gives its URL. */
  readonly database: (...statements: readonly string[]) => Promise<string>
}

const test = base.extend('world', async ({ task }, { onCleanup }): Promise<World> => {
  const stack = new AsyncDisposableStack()
  onCleanup(() => stack.disposeAsync())
  let github: GitHub | null = null
  let admin: Session | null = null
  let databases = 0
  return {
    propose: async (files, change) => {
      github = stack.use(await startGitHub({ files }))
      const writer = github.as('writer')
      await writer.commit('change', change)
      return (await writer.openPullRequest('change')).number
    },
    run: async (pull, options = {}) => {
      if (!github) throw new TypeError('nothing is proposed yet')
      const inputs = { 'scratch-url': inject('serverUrl'), ...options.inputs }
      return await runAction(github, pull, { ...options, inputs })
    },
    database: async (...statements) => {
      admin ??= stack.use(await connect(parseTarget(inject('serverUrl'))))
      const session = admin
      databases += 1
      const name = `action_${task.id.replaceAll('-', '').slice(0, 30)}_${databases}`
      await session.run(sql`CREATE DATABASE ${sql.id(name)}`)
      stack.defer(async () => {
        await session.run(sql`DROP DATABASE ${sql.id(name)}`)
      })
      await session.run(sql`USE ${sql.id(name)}`)
      for (const statement of statements) await session.run(sql.raw(statement))
      return `${inject('serverUrl')}${name}`
    },
  }
})

const config = (source: string) => ({
  '.github/crossfade.yml': `version: 1\ndatabases:\n  shop:\n    ${source}\n`,
})

/** A folder of the fixtures as it would lie in a repository. */
function fixture(layout: string, folder: string): Record<string, string> {
  const root = join('test/schema/migrations', layout)
  return Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        return [path.replace(root, folder), readFileSync(path, 'utf8')]
      }),
  )
}

describe('the Action with migrations', () => {
  test('says what a new migration changes, and nothing of the older ones', async ({ world }) => {
    const pull = await world.propose(
      { ...config('migrations: prisma/migrations'), ...fixture('prisma', 'prisma/migrations') },
      {
        'prisma/migrations/20240301080000_bio/migration.sql':
          'ALTER TABLE `users` ADD COLUMN `bio` TEXT NULL;\nUPDATE `users` SET `bio` = NULL;\n',
      },
    )

    const { exitCode, stdout, outputs } = await world.run(pull)

    expect(stdout).not.toContain('::error')
    expect(exitCode).toBe(0)
    expect(outputs.changed).toBe('true')
    expect(outputs.ddl).toMatch(/^ALTER TABLE `users`\s+ADD COLUMN `bio` text.*;$/)
    expect(stdout).toContain(
      'note: prisma/migrations/20240301080000_bio/migration.sql:2:1: a statement about rows was not run.',
    )
  })

  test('refuses a hostile migration at its line', async ({ world }) => {
    const pull = await world.propose(
      { ...config('migrations: db/migrate'), ...fixture('flyway', 'db/migrate') },
      { 'db/migrate/V11__x.sql': "\nSELECT 1 INTO OUTFILE '/etc/cron.d/x';\n" },
    )

    const { exitCode, stdout } = await world.run(pull)

    expect(exitCode).toBe(1)
    expect(stdout).toMatch(
      /^::error file=db\/migrate\/V11__x\.sql,line=2,col=15::SQL_NOT_ALLOWED: /m,
    )
  })

  test('refuses a second migration of one version', async ({ world }) => {
    const pull = await world.propose(
      { ...config('migrations: db/migrate'), ...fixture('flyway', 'db/migrate') },
      { 'db/migrate/V10.0__y.sql': 'ALTER TABLE users ADD y INT;' },
    )

    const { exitCode, stdout } = await world.run(pull)

    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^::error::MIGRATIONS_UNCLEAR: .*have the same number/m)
  })

  test('reads a dump that is one file', async ({ world }) => {
    const dump = fixture('rails', 'db')['db/structure.sql'] ?? ''
    const pull = await world.propose(
      { ...config('migrations: db/structure.sql'), 'db/structure.sql': dump, 'db/seeds.sql': 'x' },
      { 'db/structure.sql': dump.replace('varchar(100)', 'varchar(120)') },
    )

    const { exitCode, outputs } = await world.run(pull)

    expect(exitCode).toBe(0)
    expect(outputs.ddl).toMatch(/MODIFY COLUMN `name` varchar\(120\)/)
  })
})

describe('the Action with a development database', () => {
  const USERS = 'CREATE TABLE users (id INT PRIMARY KEY)'

  test('says what the development database has that the one it was made from has not', async ({
    world,
  }) => {
    const pull = await world.propose(config('source: database'), { 'src/app.ts': 'x' })
    const wanted = await world.database(USERS, 'ALTER TABLE users ADD name VARCHAR(20)')
    const from = await world.database(USERS)

    const { exitCode, outputs, stdout } = await world.run(pull, {
      // There is no server at this address: nothing of it is needed.
      inputs: {
        'scratch-url': 'mysql://root@127.0.0.1:1/',
        'database-url': wanted,
        'base-url': `shop: ${from}`,
      },
    })

    expect(stdout).not.toContain('::error')
    expect(exitCode).toBe(0)
    expect(outputs.ddl).toMatch(/^ALTER TABLE `users`\s+ADD COLUMN `name` varchar\(20\)/)
  })

  test('asks for the database that it was made from, rather than guess', async ({ world }) => {
    const pull = await world.propose(config('source: database'), { 'src/app.ts': 'x' })
    const wanted = await world.database(USERS)

    const { exitCode, stdout } = await world.run(pull, { inputs: { 'database-url': wanted } })

    expect(exitCode).toBe(1)
    expect(stdout).toContain(
      '::error::INPUT_INVALID: The schema of shop comes from a database, and the input base-url does not say where it is.',
    )
  })

  test('refuses a development database without tables', async ({ world }) => {
    const pull = await world.propose(config('source: database'), { 'src/app.ts': 'x' })
    const [wanted, from] = [await world.database(), await world.database(USERS)]

    const { exitCode, stdout } = await world.run(pull, {
      inputs: { 'database-url': wanted, 'base-url': from },
    })

    expect(exitCode).toBe(1)
    expect(stdout).toContain('::error::SCHEMA_EMPTY: The development database of shop')
  })

  test('keeps the passwords of both databases out of the log', async ({ world }) => {
    const pull = await world.propose(config('source: database'), { 'src/app.ts': 'x' })
    const from = (await world.database(USERS)).replace('root@', 'nobody:hunter2@')

    const { exitCode, stdout } = await world.run(pull, {
      inputs: { 'database-url': from, 'base-url': from },
    })

    expect(exitCode).toBe(1)
    expect(stdout).toContain('::error::ACCESS_DENIED: ')
    const shown = stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
    expect(shown.join('\n')).not.toContain('hunter2')
  })
})
