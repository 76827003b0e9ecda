import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base, describe, expect } from 'vitest'
import { type GitHub, startGitHub } from './github/github.ts'
import { runAction } from './run-action.ts'

const CORE = import.meta.resolve('@actions/core')
const GITHUB = import.meta.resolve('@actions/github')

/** An Action that reports what it is given, by GitHub's own toolkit. */
const PROGRAM = `
import { existsSync } from 'node:fs'
import * as core from '${CORE}'
import { context, getOctokit } from '${GITHUB}'
core.setOutput('mode', core.getInput('mode'))
core.setOutput('bot-url', core.getInput('bot-url'))
core.setOutput('lines', 'one\\ntwo')
core.setOutput('empty', '')
core.setOutput('pull', context.issue.number)
core.setOutput('sha', context.sha)
core.setOutput('checkout', existsSync('a.md'))
const octokit = getOctokit(core.getInput('github-token'))
const { data } = await octokit.rest.pulls.get({ ...context.repo, pull_number: context.issue.number })
core.setOutput('title', data.title)
const token = await core.getIDToken('https://bot.example.com').catch(() => '')
core.setOutput('audience', token && JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).aud)
await core.summary.addRaw('# Summary').write()
core.setFailed('as told')
`

type Given = { readonly github: GitHub; readonly main: string; readonly pull: number }

const test = base.extend('given', async ({ task: _ }, { onCleanup }): Promise<Given> => {
  const stack = new AsyncDisposableStack()
  onCleanup(() => stack.disposeAsync())
  const github = stack.use(await startGitHub())
  const folder = await mkdtemp(join(tmpdir(), 'crossfade-test-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const main = join(folder, 'main.mjs')
  await writeFile(main, PROGRAM)
  const writer = github.as('writer')
  await writer.commit('items', { 'a.md': 'a' })
  const { number } = await writer.openPullRequest('items', { title: 'Add items' })
  return { github, main, pull: number }
})

describe('runAction', () => {
  test('gives a step what the runner gives it, and what the step gives back', async ({ given }) => {
    const { github, main, pull } = given
    const inputs = { 'bot-url': 'https://bot.example.com' }

    const result = await runAction(github, pull, { main, inputs })

    const { merge_commit_sha: sha } = await github.pullRequest(pull)
    expect(result).toMatchObject({ exitCode: 1, stderr: '', summary: '# Summary' })
    expect(result.stdout).toContain('::error::as told')
    expect(result.outputs).toEqual({
      mode: 'open',
      'bot-url': 'https://bot.example.com',
      lines: 'one\ntwo',
      empty: '',
      pull: `${pull}`,
      sha,
      checkout: 'true',
      title: 'Add items',
      audience: 'https://bot.example.com',
    })
  })

  test('leaves out the checkout and the right to a token', async ({ given }) => {
    const { github, main, pull } = given

    const { outputs } = await runAction(github, pull, { main, checkout: false, mayIdentify: false })

    expect(outputs).toMatchObject({ checkout: 'false', audience: '' })
  })

  test('knows no input that action.yml does not', async ({ given }) => {
    const { github, main, pull } = given

    const ran = runAction(github, pull, { main, inputs: { 'bot-ulr': '' } })

    await expect(ran).rejects.toThrow('bot-ulr')
  })
})
