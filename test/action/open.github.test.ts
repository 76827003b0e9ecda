import { test as base, describe, expect, inject } from 'vitest'
import { type GitHub, startGitHub } from '../support/github/github.ts'
import type { Files } from '../support/github/person.ts'
import { type ActionOptions, type ActionResult, runAction } from '../support/run-action.ts'

const CONFIG = 'version: 1\ndatabases:\n  shop:\n    schema: schema/shop\n'
const USERS = 'CREATE TABLE users (\n  id BIGINT NOT NULL PRIMARY KEY,\n  name VARCHAR(50)\n);\n'
const ORDERS = 'CREATE TABLE orders (id BIGINT NOT NULL PRIMARY KEY, total INT NOT NULL);\n'

const REPOSITORY = {
  '.github/crossfade.yml': CONFIG,
  'schema/shop/users.sql': USERS,
  'schema/shop/orders.sql': ORDERS,
  'src/app.ts': 'export {}\n',
}

type Repository = {
  readonly github: GitHub
  /** Opens a pull request from a branch `change` that changes these files. */
  readonly propose: (files: Files) => Promise<number>
  /** Runs the bundle for a pull request on the scratch server of this project. */
  readonly run: (pull: number, options?: ActionOptions) => Promise<ActionResult>
}

const test = base.extend('repository', async ({ task: _ }, { onCleanup }): Promise<Repository> => {
  const github = await startGitHub({ files: REPOSITORY })
  onCleanup(() => github[Symbol.asyncDispose]())
  return {
    github,
    propose: async (files) => {
      const writer = github.as('writer')
      await writer.commit('change', files)
      return (await writer.openPullRequest('change')).number
    },
    run: (pull, options = {}) =>
      runAction(github, pull, {
        ...options,
        inputs: { 'scratch-url': inject('serverUrl'), ...options.inputs },
      }),
  }
})

const RENAMED = USERS.replace('VARCHAR(50)', 'VARCHAR(80)')

describe('the Action without a bot', () => {
  test('says in outputs, summary and one comment what the pull request changes', async ({
    repository: { github, propose, run },
  }) => {
    const pull = await propose({ 'schema/shop/users.sql': RENAMED })

    const result = await run(pull)

    expect(result).toMatchObject({ exitCode: 0, stderr: '' })
    expect(result.outputs).toEqual({
      changed: 'true',
      'deploy-request': '',
      'deploy-request-url': '',
      state: '',
      digest: '',
      ddl: 'ALTER TABLE `users` MODIFY COLUMN `name` varchar(80) DEFAULT NULL;',
    })
    const [comment, ...others] = await github.comments(pull)
    expect(others).toEqual([])
    expect(comment?.by).toBe('github-actions[bot]')
    expect(comment?.body).toContain('-  `name` varchar(50) DEFAULT NULL')
    expect(comment?.body).toContain('+  `name` varchar(80) DEFAULT NULL')
    expect(comment?.body).toContain(result.summary.trim())
  })

  test('shows at its line what lint says of the change, and nothing that was there before', async ({
    repository: { github, propose, run },
  }) => {
    const pull = await propose({
      'schema/shop/users.sql': USERS.replace('VARCHAR(50)', 'VARCHAR(20)'),
    })

    const { exitCode, stdout, summary } = await run(pull)

    expect(exitCode).toBe(0)
    expect(stdout).toContain(
      '::warning title=lossy-change,file=schema/shop/users.sql,line=3,col=3::The new type of `users`.`name` cannot hold more than 20 characters.%0A',
    )
    expect(summary).toContain('⚠️ `lossy-change` · `schema/shop/users.sql:3:3`')
    const [comment] = await github.comments(pull)
    expect(comment?.body).toContain('⚠️ `lossy-change`')
    expect(stdout).not.toContain('schema/shop/orders.sql')
  })

  test('fails for a finding that is an error, unless the config says otherwise', async ({
    repository: { github, propose, run },
  }) => {
    const broken =
      'CREATE TABLE pets (id BIGINT PRIMARY KEY, o BIGINT, CONSTRAINT f FOREIGN KEY (o) REFERENCES owners (id));\n'
    const pull = await propose({ 'schema/shop/pets.sql': broken })

    const failed = await run(pull)
    await github.as('writer').commit('change', {
      '.github/crossfade.yml': `${CONFIG}    lint: { foreign-keys-nonexistent-table: warning }\n`,
    })
    const passed = await run(pull)

    expect(failed.exitCode).toBe(1)
    expect(failed.stdout).toContain('::error title=foreign-keys-nonexistent-table,file=')
    expect(failed.outputs.changed).toBe('true')
    expect(passed.exitCode).toBe(0)
    expect(passed.stdout).toContain('::warning title=foreign-keys-nonexistent-table,file=')
  })

  test('writes nothing more when it runs again', async ({
    repository: { github, propose, run },
  }) => {
    const pull = await propose({ 'schema/shop/users.sql': RENAMED })
    await run(pull)
    const before = await commentTimes(github, pull)

    const again = await run(pull)

    expect(again.stdout).toContain('shop: comment unchanged.')
    expect(await commentTimes(github, pull)).toEqual(before)
  })

  test('brings its comment up to date when the pull request moves on', async ({
    repository: { github, propose, run },
  }) => {
    const pull = await propose({ 'schema/shop/users.sql': RENAMED })
    await run(pull)
    const [first] = await github.comments(pull)
    await github.as('writer').commit('change', { 'schema/shop/users.sql': USERS })

    const result = await run(pull)

    expect(result.outputs.changed).toBe('false')
    const [comment, ...others] = await github.comments(pull)
    expect(others).toEqual([])
    expect(comment?.id).toBe(first?.id)
    expect(comment?.body).toContain('No schema change')
  })

  test('leaves the comment of somebody who copied its mark alone', async ({
    repository: { github, propose, run },
  }) => {
    const pull = await propose({ 'schema/shop/users.sql': RENAMED })
    const copy = '<!-- crossfade:shop -->\nAll is well.'
    await github.as('writer').comment(pull, copy)

    await run(pull)

    const comments = await github.comments(pull)
    expect(comments.map(({ by }) => by)).toEqual(['writer', 'github-actions[bot]'])
    expect(comments[0]?.body).toBe(copy)
  })

  test('compares with where the pull request branched off, not with what the base became', async ({
    repository: { github, propose, run },
  }) => {
    const pull = await propose({ 'schema/shop/users.sql': RENAMED })
    await github
      .as('admin')
      .commit('main', { 'schema/shop/colours.sql': 'CREATE TABLE colours (id INT PRIMARY KEY);' })

    const { outputs } = await run(pull)

    expect(outputs.ddl).toBe('ALTER TABLE `users` MODIFY COLUMN `name` varchar(80) DEFAULT NULL;')
  })

  test('finds the same without a checkout', async ({ repository: { propose, run } }) => {
    const pull = await propose({ 'schema/shop/users.sql': RENAMED, 'schema/shop/orders.sql': null })

    const { outputs } = await run(pull, { checkout: false })

    expect(outputs.ddl).toBe(
      'ALTER TABLE `users` MODIFY COLUMN `name` varchar(80) DEFAULT NULL;\nDROP TABLE `orders`;',
    )
  })

  test('says that nothing changes, and comments on nothing, for a change of code', async ({
    repository: { github, propose, run },
  }) => {
    const pull = await propose({ 'src/app.ts': 'export const answer = 42\n' })

    // There is no server at this address, and none is needed.
    const result = await run(pull, { inputs: { 'scratch-url': 'mysql://root@127.0.0.1:1/' } })

    expect(result).toMatchObject({ exitCode: 0, outputs: { changed: 'false', ddl: '' } })
    expect(result.summary).toContain('No schema change')
    expect(await github.comments(pull)).toEqual([])
  })

  test('refuses a hostile schema file at its line, and comments on nothing', async ({
    repository: { github, propose, run },
  }) => {
    const pull = await propose({
      'schema/shop/evil.sql': 'CREATE TABLE fine (id INT PRIMARY KEY);\nDROP TABLE users;\n',
    })

    const result = await run(pull)

    expect(result.exitCode).toBe(1)
    expect(result.stdout).toMatch(
      /^::error file=schema\/shop\/evil\.sql,line=2,col=1::SQL_NOT_ALLOWED: schema\/shop\/evil\.sql:2:1: /m,
    )
    expect(result.outputs).toEqual({})
    expect(await github.comments(pull)).toEqual([])
  })

  test('refuses what the server does not take, at its line', async ({
    repository: { propose, run },
  }) => {
    const pull = await propose({
      'schema/shop/users.sql':
        'CREATE TABLE users (\n  id BIGINT PRIMARY KEY,\n  name NOSUCHTYPE\n);\n',
    })

    const result = await run(pull)

    expect(result.exitCode).toBe(1)
    expect(result.stdout).toMatch(
      /^::error file=schema\/shop\/users\.sql,line=3,col=8::SQL_SYNTAX: /m,
    )
  })

  test('lets a pull request mend a base that cannot be read', async ({
    repository: { github, propose, run },
  }) => {
    await github.as('admin').commit('main', { 'schema/shop/broken.sql': 'CREATE TABLE (' })
    const pull = await propose({ 'schema/shop/broken.sql': null })

    const result = await run(pull)

    expect(result.exitCode).toBe(0)
    expect(result.stdout).toContain('of the base cannot be read')
    expect(result.outputs.ddl).toContain('CREATE TABLE `users`')
  })

  test('refuses a pull request that takes the whole schema away', async ({
    repository: { propose, run },
  }) => {
    const pull = await propose({
      'schema/shop/users.sql': null,
      'schema/shop/orders.sql': '-- gone',
    })

    const result = await run(pull)

    expect(result.exitCode).toBe(1)
    expect(result.stdout).toContain('::error::SCHEMA_EMPTY: No .sql file in schema/shop')
  })

  test('refuses a repository without a config file, and says how to write one', async ({
    repository: { propose, run },
  }) => {
    const pull = await propose({ '.github/crossfade.yml': null })

    const result = await run(pull)

    expect(result.exitCode).toBe(1)
    expect(result.stdout).toContain('::error::CONFIG_INVALID: ')
    expect(result.stdout).toContain('databases:')
  })

  test('starts a server of its own where the workflow provides none', async ({
    repository: { propose, run },
  }) => {
    const pull = await propose({ 'schema/shop/users.sql': RENAMED })

    const { exitCode, outputs } = await run(pull, {
      inputs: { 'scratch-url': '', scratch: 'mariadb' },
    })

    expect(exitCode).toBe(0)
    expect(outputs.ddl).toBe('ALTER TABLE `users` MODIFY COLUMN `name` varchar(80) DEFAULT NULL;')
  })

  test('keeps the password of the scratch server out of the log', async ({
    repository: { propose, run },
  }) => {
    const pull = await propose({ 'schema/shop/users.sql': RENAMED })
    const url = inject('serverUrl').replace('root@', 'nobody:hunter2@')

    const result = await run(pull, { inputs: { 'scratch-url': url } })

    expect(result.exitCode).toBe(1)
    expect(result.stdout).toContain('::error::ACCESS_DENIED: ')
    const shown = result.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
    expect(shown.join('\n')).not.toContain('hunter2')
  })
})

async function commentTimes(github: GitHub, pull: number) {
  const { owner, repo } = github.repository
  const { rest } = github.as('admin').octokit
  const { data } = await rest.issues.listComments({ owner, repo, issue_number: pull })
  return data.map(({ id, updated_at }) => ({ id, updated_at }))
}
