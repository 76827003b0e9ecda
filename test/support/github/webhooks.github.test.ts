import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { test as base, describe, expect } from 'vitest'
import { type GitHub, startGitHub } from './github.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A webhook as it arrived. */
type Received = { readonly headers: Readonly<Record<string, unknown>>; readonly body: string }

type Receiver = { readonly received: Received[]; answer: number }

const test = base
  .extend('github', async ({ task: _ }, { onCleanup }): Promise<GitHub> => {
    const github = await startGitHub()
    onCleanup(() => github[Symbol.asyncDispose]())
    return github
  })
  .extend('receiver', async ({ github }, { onCleanup }): Promise<Receiver> => {
    const receiver: Receiver = { received: [], answer: 202 }
    const server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString('utf8')
      receiver.received.push({ headers: request.headers, body })
      response.writeHead(receiver.answer).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onCleanup(() => server.close().closeAllConnections())
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new TypeError('no port')
    github.sendWebhooksTo(`http://127.0.0.1:${address.port}/webhook`)
    return receiver
  })

describe('a webhook', () => {
  test('is signed over its bytes and named by a GUID', async ({ github, receiver }) => {
    await github.as('writer').commit('main', { 'a.md': 'Zoë 🚀' })
    await github.delivered()

    const [{ headers, body } = none()] = receiver.received
    const hmac = createHmac('sha256', github.app.webhookSecret).update(body).digest('hex')
    expect(headers).toMatchObject({
      'x-github-event': 'push',
      'x-github-delivery': expect.stringMatching(UUID),
      'x-hub-signature-256': `sha256=${hmac}`,
    })
    expect(JSON.parse(body)).toMatchObject({
      ref: 'refs/heads/main',
      installation: { id: github.app.installationId },
      repository: { full_name: 'acme/shop', private: true, owner: { login: 'acme' } },
      sender: { login: 'writer', type: 'User' },
    })
  })

  test('of a comment says that its issue is a pull request, and who wrote it', async ({
    github,
    receiver,
  }) => {
    const number = await openItems(github)
    const id = await github.as('reader').comment(number, '/stage')
    await github.delivered()

    expect(eventsOf(receiver, 'issue_comment')).toMatchObject([
      {
        action: 'created',
        comment: { id, body: '/stage', user: { login: 'reader', type: 'User' } },
        issue: { number, pull_request: { url: `${github.url}/repos/acme/shop/pulls/${number}` } },
      },
    ])
  })

  test('follows each step of a pull request with its state at that time', async ({
    github,
    receiver,
  }) => {
    const writer = github.as('writer')
    const number = await openItems(github)
    const before = (await github.pullRequest(number)).head.sha
    const after = await writer.commit('items', { 'b.md': 'b' })
    const sha = await writer.merge(number)
    await github.delivered()

    expect(eventsOf(receiver, 'pull_request')).toMatchObject([
      { action: 'opened', number, pull_request: { head: { sha: before }, merged: false } },
      { action: 'synchronize', number, before, after, pull_request: { head: { sha: after } } },
      { action: 'closed', pull_request: { merged: true, merge_commit_sha: sha } },
    ])
    expect(eventsOf(receiver, 'push').at(-1)).toMatchObject({ ref: 'refs/heads/main', after: sha })
  })

  test('is tried once, and again only by hand with the same bytes and GUID', async ({
    github,
    receiver,
  }) => {
    receiver.answer = 500
    await github.as('writer').commit('main', { 'a.md': 'a' })
    await github.delivered()
    const refused = github.deliveries.map(({ statusCode }) => statusCode)
    receiver.answer = 202

    await github.redeliver(1)
    await github.delivered()

    expect(refused).toEqual([500])
    const [first = none(), second = none()] = receiver.received
    expect(receiver.received).toHaveLength(2)
    expect(second.body).toBe(first.body)
    expect(second.headers['x-github-delivery']).toBe(first.headers['x-github-delivery'])
    expect(github.deliveries).toMatchObject([
      { statusCode: 500, redelivery: false },
      { statusCode: 202, redelivery: true },
    ])
  })

  test('that nobody receives is noted and holds nothing up', async ({ github }) => {
    github.sendWebhooksTo('http://127.0.0.1:1/webhook')

    await github.as('writer').commit('main', { 'a.md': 'a' })
    await github.delivered()

    expect(github.deliveries).toMatchObject([{ event: 'push', statusCode: null }])
  })
})

/** Opens a pull request and returns its number. */
async function openItems(github: GitHub): Promise<number> {
  const writer = github.as('writer')
  await writer.commit('items', { 'a.md': 'a' })
  return (await writer.openPullRequest('items')).number
}

function eventsOf({ received }: Receiver, event: string): unknown[] {
  return received
    .filter(({ headers }) => headers['x-github-event'] === event)
    .map(({ body }) => JSON.parse(body))
}

function none(): never {
  throw new TypeError('nothing was received')
}
