import { getOctokit } from '@actions/github'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { test as base, describe, expect } from 'vitest'
import { type GitHub, startGitHub } from './github.ts'

const test = base.extend('github', async ({ task: _ }, { onCleanup }): Promise<GitHub> => {
  const github = await startGitHub()
  onCleanup(() => github[Symbol.asyncDispose]())
  return github
})

describe('the token service', () => {
  test('gives a job a token that says which pull request it works for', async ({ github }) => {
    const { number, headSha } = await openItems(github)
    const run = await github.startWorkflowRun(number)
    const { issuer } = github.tokenService

    const { value } = await ask(run.idToken.url, run.idToken.token)

    const { jwks_uri } = await fetchJson(`${issuer}/.well-known/openid-configuration`)
    const { payload, protectedHeader } = await jwtVerify(
      value ?? '',
      createRemoteJWKSet(new URL(jwks_uri ?? '')),
      { issuer, audience: 'https://bot.example.com', algorithms: ['RS256'] },
    )
    expect(protectedHeader.alg).toBe('RS256')
    expect(payload).toMatchObject({
      sub: 'repo:acme/shop:pull_request',
      ref: `refs/pull/${number}/merge`,
      sha: run.sha,
      repository: 'acme/shop',
      repository_id: `${github.repository.id}`,
      repository_owner_id: `${github.repository.ownerId}`,
      event_name: 'pull_request',
      actor: 'writer',
      run_id: `${run.id}`,
    })
    expect(run.sha).not.toBe(headSha)
  })

  test('gives each token a jti of its own', async ({ github }) => {
    const { idToken } = await github.startWorkflowRun((await openItems(github)).number)

    const [one, other] = await Promise.all([1, 2].map(() => ask(idToken.url, idToken.token)))

    expect(decodeJwt(one?.value ?? '').jti).not.toBe(decodeJwt(other?.value ?? '').jti)
  })

  test('gives nothing to a token of the API', async ({ github }) => {
    const { idToken, token } = await github.startWorkflowRun((await openItems(github)).number)

    await expect(ask(idToken.url, token)).rejects.toThrow('401')
  })
})

describe('a workflow run', () => {
  test('tells the App which head it was started for', async ({ github }) => {
    const { number, headSha } = await openItems(github)
    const { id: run_id } = await github.startWorkflowRun(number)
    const { owner, repo } = github.repository
    const app = getOctokit(await github.appToken(), { baseUrl: github.url })
    const { installationId: installation_id } = github.app
    const { data } = await app.rest.apps.createInstallationAccessToken({ installation_id })
    const { rest } = getOctokit(data.token, { baseUrl: github.url })

    const { data: run } = await rest.actions.getWorkflowRun({ owner, repo, run_id })

    expect(run).toMatchObject({ head_sha: headSha, event: 'pull_request', head_branch: 'items' })
  })

  test('has a token that comments as the bot of Actions and pushes nothing', async ({ github }) => {
    const { number, headSha: sha } = await openItems(github)
    const { token } = await github.startWorkflowRun(number)
    const { owner, repo } = github.repository
    const { rest } = getOctokit(token, { baseUrl: github.url })

    await rest.issues.createComment({ owner, repo, issue_number: number, body: 'Diff' })
    const push = rest.git.updateRef({ owner, repo, ref: 'heads/main', sha })

    await expect(push).rejects.toMatchObject({ status: 403 })
    expect(await github.comments(number)).toMatchObject([{ by: 'github-actions[bot]' }])
  })
})

async function openItems(github: GitHub) {
  const writer = github.as('writer')
  await writer.commit('items', { 'a.md': 'a' })
  return writer.openPullRequest('items')
}

function ask(url: string, token: string) {
  const audience = encodeURIComponent('https://bot.example.com')
  return fetchJson(`${url}&audience=${audience}`, { authorization: `Bearer ${token}` })
}

async function fetchJson(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Partial<Record<string, string>>> {
  const response = await fetch(url, { headers: { ...headers } })
  if (!response.ok) throw new Error(`answered by ${response.status}`)
  // Sound: the answers read here are objects of strings; another one fails the test.
  return (await response.json()) as Record<string, string>
}
