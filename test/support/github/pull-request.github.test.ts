import { test as base, describe, expect } from 'vitest'
import { type GitHub, startGitHub } from './github.ts'

const ORDERS = 'CREATE TABLE orders (id INT PRIMARY KEY)'
const ITEMS = 'CREATE TABLE items (id INT PRIMARY KEY)'
const WIDE = 'CREATE TABLE orders (id BIGINT PRIMARY KEY)'

const test = base.extend('github', async ({ task: _ }, { onCleanup }): Promise<GitHub> => {
  const github = await startGitHub({ files: { 'schema/orders.sql': ORDERS } })
  onCleanup(() => github[Symbol.asyncDispose]())
  return github
})

describe('a pull request', () => {
  test('lists the files it changes, page by page', async ({ github }) => {
    const { owner, repo } = github.repository
    const { octokit } = github.as('reader')
    const writer = github.as('writer')
    await writer.commit('wide', { 'schema/orders.sql': WIDE, 'schema/items.sql': ITEMS })
    const { number } = await writer.openPullRequest('wide')
    await writer.commit('main', { 'docs/a.md': 'of somebody else' })

    const files = await octokit.paginate(octokit.rest.pulls.listFiles, {
      ...{ owner, repo, pull_number: number },
      per_page: 1,
    })

    expect(files).toMatchObject([
      { filename: 'schema/items.sql', status: 'added', additions: 1, deletions: 0 },
      { filename: 'schema/orders.sql', status: 'modified', additions: 1, deletions: 1 },
    ])
    expect(await github.pullRequest(number)).toMatchObject({ changed_files: 2, commits: 1 })
  })

  test('moves with its branch', async ({ github }) => {
    const writer = github.as('writer')
    await writer.commit('items', { 'schema/items.sql': ITEMS })
    const { number, headSha } = await writer.openPullRequest('items')

    const pushed = await writer.commit('items', { 'schema/orders.sql': WIDE })

    const pull = await github.pullRequest(number)
    expect(pull.head.sha).toBe(pushed)
    expect(pushed).not.toBe(headSha)
    expect(pull).toMatchObject({ changed_files: 2, commits: 2, mergeable: true })
  })

  test('has a commit that merges it into the present base', async ({ github }) => {
    const writer = github.as('writer')
    await writer.commit('items', { 'schema/items.sql': ITEMS })
    const { number } = await writer.openPullRequest('items')
    await writer.commit('main', { 'schema/orders.sql': WIDE })

    const files = await github.files((await github.startWorkflowRun(number)).sha)

    expect(files).toMatchObject({ 'schema/items.sql': ITEMS, 'schema/orders.sql': WIDE })
  })

  test('cannot be merged when its base changed the same file', async ({ github }) => {
    const writer = github.as('writer')
    await writer.commit('wide', { 'schema/orders.sql': WIDE })
    const { number } = await writer.openPullRequest('wide')
    await writer.commit('main', { 'schema/orders.sql': `${ORDERS} COMMENT 'theirs'` })

    await expect(writer.merge(number)).rejects.toMatchObject({ status: 405 })

    expect(await github.pullRequest(number)).toMatchObject({ mergeable: false, merged: false })
  })
})

describe('a merge', () => {
  test.for(['merge', 'squash'] as const)(
    'by %s keeps what the base got since and what the head got last',
    async (method, { github }) => {
      const writer = github.as('writer')
      await writer.commit('items', { 'schema/items.sql': 'first try' })
      const { number } = await writer.openPullRequest('items')
      await writer.commit('main', { 'schema/orders.sql': WIDE })
      await writer.commit('items', { 'schema/items.sql': ITEMS, 'README.md': null })

      const sha = await writer.merge(number, method)

      expect(await github.files('main')).toEqual({
        'schema/items.sql': ITEMS,
        'schema/orders.sql': WIDE,
      })
      expect(await github.pullRequest(number)).toMatchObject({
        state: 'closed',
        merged: true,
        merge_commit_sha: sha,
        merged_by: { login: 'writer' },
      })
    },
  )

  test('waits for the required check', async () => {
    await using github = await startGitHub({ requiredChecks: ['schema'] })
    const { owner, repo } = github.repository
    const admin = github.as('admin')
    const head_sha = await admin.commit('items', { 'schema/items.sql': ITEMS })
    const { number } = await admin.openPullRequest('items')
    const check = { owner, repo, name: 'schema', head_sha, status: 'completed' as const }

    await admin.octokit.rest.checks.create({ ...check, conclusion: 'failure' })
    await expect(admin.merge(number)).rejects.toMatchObject({ status: 405 })
    await admin.octokit.rest.checks.create({ ...check, conclusion: 'success' })
    const sha = await admin.merge(number)

    expect(sha).toMatch(/^[0-9a-f]{40}$/)
  })
})
