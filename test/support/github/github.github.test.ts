import { getOctokit } from '@actions/github'
import { createProbot } from 'probot'
import { test as base, describe, expect } from 'vitest'
import { type GitHub, startGitHub } from './github.ts'

const ORDERS = 'CREATE TABLE orders (id INT PRIMARY KEY)'
const ITEMS = 'CREATE TABLE items (id INT PRIMARY KEY)'

const test = base.extend('github', async ({ task: _ }, { onCleanup }): Promise<GitHub> => {
  const github = await startGitHub({ files: { 'schema/orders.sql': ORDERS } })
  onCleanup(() => github[Symbol.asyncDispose]())
  return github
})

/** Opens a pull request that adds `items`. */
async function addItems(github: GitHub) {
  const writer = github.as('writer')
  await writer.commit('items', { 'schema/items.sql': ITEMS })
  return writer.openPullRequest('items')
}

describe('the front door', () => {
  test('refuses a token that nobody issued', async ({ github }) => {
    const { rest } = getOctokit('ghp_forged', { baseUrl: github.url })

    await expect(rest.users.getAuthenticated()).rejects.toMatchObject({ status: 401 })
  })

  test('answers under /api/v3 too', async ({ github }) => {
    const { token } = github.as('reader')
    const { rest } = getOctokit(token, { baseUrl: `${github.url}/api/v3` })

    expect((await rest.users.getAuthenticated()).data.login).toBe('reader')
  })

  test('takes a request without a body', async ({ github }) => {
    const { number } = await addItems(github)
    const { owner, repo } = github.repository

    const response = await fetch(`${github.url}/repos/${owner}/${repo}/pulls/${number}/merge`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${github.as('writer').token}` },
    })

    expect(response.status).toBe(200)
  })
})

describe('the App', () => {
  test('authenticates by its key and writes as its bot, with Probot’s own client', async ({
    github,
  }) => {
    const { id: appId, privateKey, webhookSecret: secret, installationId } = github.app
    const { number } = await addItems(github)
    const { owner, repo } = github.repository
    const probot = createProbot({
      env: {},
      overrides: { appId, privateKey, secret, baseUrl: github.url },
    })

    const octokit = await probot.auth(installationId)
    await octokit.rest.issues.createComment({ owner, repo, issue_number: number, body: 'Hello' })

    expect(await github.comments(number)).toMatchObject([{ body: 'Hello', by: 'crossfade[bot]' }])
  })

  test('reports checks with its own id and text', async ({ github }) => {
    const { headSha } = await addItems(github)
    const { owner, repo } = github.repository
    const { rest } = getOctokit(await installationToken(github), { baseUrl: github.url })
    const check = { owner, repo, name: 'schema', head_sha: headSha, external_id: 'request-1' }

    const { data: run } = await rest.checks.create({ ...check, status: 'in_progress' })
    await rest.checks.update({
      ...{ owner, repo, check_run_id: run.id },
      status: 'completed',
      conclusion: 'success',
      output: { title: 'In sync', summary: '2 tables' },
    })

    expect(await github.checks(headSha)).toEqual([
      {
        name: 'schema',
        status: 'completed',
        conclusion: 'success',
        title: 'In sync',
        summary: '2 tables',
        externalId: 'request-1',
      },
    ])
  })
})

describe('permission', () => {
  test.for([
    ['admin', 'admin', 'admin'],
    ['writer', 'write', 'write'],
    ['reader', 'read', 'read'],
    ['stranger', 'none', 'none'],
  ])('of %s is %s', async ([username = '', permission, role_name], { github }) => {
    const { owner, repo } = github.repository
    const { rest } = getOctokit(await installationToken(github), { baseUrl: github.url })

    const { data } = await rest.repos.getCollaboratorPermissionLevel({ owner, repo, username })

    expect(data).toMatchObject({ permission, role_name, user: { login: username, type: 'User' } })
  })

  test('of nobody is not found', async ({ github }) => {
    const { owner, repo } = github.repository
    const { rest } = github.as('admin').octokit
    const username = 'nobody'

    await expect(
      rest.repos.getCollaboratorPermissionLevel({ owner, repo, username }),
    ).rejects.toMatchObject({ status: 404 })
  })

  test('to merge is not given to a reader', async ({ github }) => {
    const { number } = await addItems(github)

    await expect(github.as('reader').merge(number)).rejects.toMatchObject({ status: 403 })

    expect(await github.pullRequest(number)).toMatchObject({ state: 'open', merged: false })
  })
})

describe('reactions', () => {
  test('are made once, listed and taken back', async ({ github }) => {
    const { number } = await addItems(github)
    const { owner, repo } = github.repository
    const comment_id = await github.as('writer').comment(number, '/stage')
    const { rest } = getOctokit(await installationToken(github), { baseUrl: github.url })

    const eyes = { owner, repo, comment_id, content: 'eyes' as const }
    const first = await rest.reactions.createForIssueComment(eyes)
    const again = await rest.reactions.createForIssueComment(eyes)
    await rest.reactions.createForIssueComment({ ...eyes, content: 'rocket' })
    const reaction_id = first.data.id
    await rest.reactions.deleteForIssueComment({ owner, repo, comment_id, reaction_id })

    expect([first.status, again.status]).toEqual([201, 200])
    expect(await github.reactions(comment_id)).toEqual([
      { content: 'rocket', by: 'crossfade[bot]' },
    ])
  })
})

describe('statuses', () => {
  test('combine the latest of each context', async ({ github }) => {
    const { headSha: sha } = await addItems(github)
    const { owner, repo } = github.repository
    const { rest } = github.as('writer').octokit
    const report = (context: string, state: 'pending' | 'success') =>
      rest.repos.createCommitStatus({ owner, repo, sha, context, state })

    await report('lint', 'pending')
    await report('build', 'success')
    const before = await rest.repos.getCombinedStatusForRef({ owner, repo, ref: sha })
    await report('lint', 'success')
    const after = await rest.repos.getCombinedStatusForRef({ owner, repo, ref: 'items' })

    expect(before.data).toMatchObject({ state: 'pending', total_count: 2 })
    expect(after.data).toMatchObject({ state: 'success', total_count: 2, sha })
  })
})

describe('deployments', () => {
  test('have an environment and a history', async ({ github }) => {
    const { headSha: ref } = await addItems(github)
    const { owner, repo } = github.repository
    const { rest } = getOctokit(await installationToken(github), { baseUrl: github.url })
    const environment = 'schema-shop-production'

    const created = await rest.repos.createDeployment({ owner, repo, ref, environment })
    if (created.status !== 201) throw new TypeError('the deployment was not created')
    const deployment_id = created.data.id
    for (const state of ['in_progress', 'success'] as const) {
      await rest.repos.createDeploymentStatus({ owner, repo, deployment_id, state })
    }
    const listed = await rest.repos.listDeployments({ owner, repo, environment })
    const statuses = await rest.repos.listDeploymentStatuses({ owner, repo, deployment_id })

    expect(listed.data).toMatchObject([{ sha: ref, environment }])
    expect(statuses.data.map(({ state }) => state)).toEqual(['success', 'in_progress'])
  })
})

/** A token of the App's installation. */
async function installationToken(github: GitHub): Promise<string> {
  const { rest } = getOctokit(await github.appToken(), { baseUrl: github.url })
  const { installationId: installation_id } = github.app
  return (await rest.apps.createInstallationAccessToken({ installation_id })).data.token
}
