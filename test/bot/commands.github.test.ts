import { createHmac, randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { CanonicalSchema } from '../../src/deploy/submission.ts'
import { test, until, type World } from '../support/running-bot.ts'

describe('webhooks', () => {
  test('that are forged are refused and leave nothing behind', async ({ start }) => {
    const world = await start()
    const body = JSON.stringify({ action: 'opened' })

    const response = await post(world, body, 'development')

    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'SIGNATURE_INVALID' })
    expect(await world.store.selectFrom('inbox').selectAll().execute()).toEqual([])
  })

  test('that are too long are refused before they are read', async ({ start }) => {
    const world = await start()

    const response = await fetch(`${world.bot.url}/webhooks`, {
      method: 'POST',
      body: Buffer.alloc(26 * 1024 * 1024),
    }).catch(() => null)

    // The connection may be gone before the answer is read; either way nothing was kept.
    expect([413, undefined]).toContain(response?.status)
    expect(await world.store.selectFrom('inbox').selectAll().execute()).toEqual([])
  })

  test('INBOX-1: that come again, or under another id, are handled once', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    const commentId = await world.github.as('writer').comment(pull.number, '/help')
    await world.reacted(commentId, 'eyes', 'hooray')
    const delivery = world.github.deliveries.find(({ event }) => event === 'issue_comment')
    if (!delivery) throw new Error('there was no delivery')

    await world.github.redeliver(delivery.id)
    const replayed = await post(
      world,
      delivery.body,
      world.github.app.webhookSecret,
      'issue_comment',
    )

    expect(await replayed.json()).toEqual({ accepted: false })
    await world.github.delivered()
    const answers = (await world.github.comments(pull.number)).filter(({ body }) =>
      body.includes('What it does'),
    )
    expect(answers).toHaveLength(1)
  })
})

describe('a pull request', () => {
  test('without a schema change is green at once', async ({ start }) => {
    const world = await start()
    const writer = world.github.as('writer')
    await writer.commit('docs', { 'README.md': 'Better words\n' })

    const { headSha } = await writer.openPullRequest('docs')

    await world.checked(headSha, 'schema success: No schema change')
  })

  test('with one waits for the Action, and gets one comment however often it is submitted', async ({
    start,
  }) => {
    const world = await start()
    const pull = await world.openPullRequest()
    await world.checked(pull.headSha, 'schema queued: Waiting')

    const first = await world.submit(pull.number, withNote)
    const second = await world.submit(pull.number, withNote)

    expect(first).toMatchObject({ state: 'ready', number: 1, branch: 'production', errors: [] })
    expect(first.operations).toMatchObject([
      { kind: 'alter', table: 'orders', how: 'shadow', dropsData: false },
    ])
    expect(first.operations[0]?.bytesEstimated).toBeGreaterThan(0)
    expect(second).toMatchObject({ number: 1, digest: first.digest })
    await world.commented(pull.number, /Ready to deploy/)
    await world.checked(pull.headSha, 'schema queued: Ready')
    expect(await world.github.comments(pull.number)).toHaveLength(1)
  })

  test('is planned and shown anew when another schema comes with the digest of the same files', async ({
    start,
  }) => {
    const world = await start()
    const pull = await world.openPullRequest()
    const first = await world.submit(pull.number, withNote)

    const forged = await world.submit(pull.number, (schema) => ({
      orders: withNote(schema).orders?.replace('`note`', '`other`') ?? '',
    }))

    expect(forged.state).toBe('ready')
    expect(forged.digest).not.toBe(first.digest)
    await world.commented(pull.number, /ADD COLUMN `other`/)
  })

  test('that leaves every schema as it is gets its green check, and no comment', async ({
    start,
  }) => {
    const world = await start()
    const pull = await world.openPullRequest()

    const answer = await world.submit(pull.number, (schema) => schema)

    expect(answer).toMatchObject({ state: 'no_changes', operations: [] })
    await world.checked(pull.headSha, 'schema success')
    expect(await world.github.comments(pull.number)).toEqual([])
  })

  test('whose submission holds what no schema file may hold is refused', async ({ start }) => {
    const world = await start()
    const pull = await world.openPullRequest()

    const answer = await world.submit(pull.number, (schema) => ({
      ...schema,
      orders: (schema.orders ?? '').replace(
        '\n  PRIMARY KEY',
        '\n  `slow` int DEFAULT (sleep(10)),\n  PRIMARY KEY',
      ),
    }))

    expect(answer).toMatchObject({ state: 'error', errors: [{ code: 'SQL_NOT_ALLOWED' }] })
    await world.commented(pull.number, /SQL_NOT_ALLOWED/)
  })

  test('that conflicts with production says so and is red', async ({ start }) => {
    const world = await start()
    const pull = await world.openPullRequest()
    const base = await world.liveSchema()
    const session = await world.mysql.session()
    await session.run(sql`ALTER TABLE orders ADD COLUMN note INT`)

    const answer = await world.submit(pull.number, withNote, { base })

    expect(answer).toMatchObject({ state: 'error', errors: [{ code: 'SCHEMA_CONFLICT' }] })
    await world.commented(pull.number, /SCHEMA_CONFLICT[\s\S]*changed production directly/)
    await world.checked(pull.headSha, 'schema failure')
  })

  test('that is closed closes its deploy request', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)

    await world.github.as('writer').close(pull.number)

    await world.commented(pull.number, /The pull request was closed/)
  })

  test('whose comment somebody edits gets it back', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    await world.commented(pull.number, /Ready to deploy/)
    const [comment] = await world.github.comments(pull.number)

    await world.github.as('admin').editComment(comment?.id ?? 0, 'Nothing to see here')

    await world.commented(pull.number, /Ready to deploy/)
    expect(await world.github.comments(pull.number)).toHaveLength(1)
  })
})

describe('a submission', () => {
  test.for([
    ['without a token', { token: 'none' }],
    ['with a token for somebody else', { audience: 'https://other.example.com' }],
  ] as const)('%s is refused', async ([, overrides], { start }) => {
    const world = await start()
    const pull = await world.openPullRequest()

    const response = await world.postSubmission(pull.number, withNote, overrides)

    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'TOKEN_INVALID' })
    expect(await world.deployment(pull.number)).toBeNull()
  })

  test('with a token that was used is refused', async ({ start }) => {
    const world = await start()
    const pull = await world.openPullRequest()
    const token = await world.token(pull.number)
    await world.submit(pull.number, withNote, { token })

    const response = await world.postSubmission(pull.number, withNote, { token })

    expect(await response.json()).toMatchObject({
      code: 'TOKEN_INVALID',
      message: expect.stringContaining('used before'),
    })
  })
})

describe('a command', () => {
  test('COMMAND-1: by somebody who may only read is refused, and nothing is staged', async ({
    start,
  }) => {
    const world = await start()
    const pull = await planned(world)

    const commentId = await world.github.as('reader').comment(pull.number, '/stage')

    await world.commented(pull.number, /PERMISSION_DENIED[\s\S]*write/)
    await world.reacted(commentId, 'eyes', '-1')
    expect((await world.deployment(pull.number))?.deployment.state).toBe('ready')
  })

  test('that is mistyped gets a suggestion', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)

    const commentId = await world.github.as('writer').comment(pull.number, '/depoly')

    await world.commented(pull.number, /COMMAND_UNKNOWN[\s\S]*`\/deploy`/)
    await world.reacted(commentId, 'confused')
    expect((await world.deployment(pull.number))?.deployment.state).toBe('ready')
  })

  test('beside another that changes something is not run, nor is the other', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)

    await world.github.as('writer').comment(pull.number, '/stage\n/cancel')

    await world.commented(pull.number, /COMMAND_AMBIGUOUS/)
    expect((await world.deployment(pull.number))?.deployment.state).toBe('ready')
  })

  test('in a quote, by a bot or in an edit is no command', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    const writer = world.github.as('writer')

    const quoted = await writer.comment(pull.number, '> /stage')
    await writer.editComment(quoted, '/stage')
    await world.github.as('renovate[bot]').comment(pull.number, '/stage')
    const help = await writer.comment(pull.number, '/help')
    await world.reacted(help, 'eyes', 'hooray')

    expect((await world.deployment(pull.number))?.deployment.state).toBe('ready')
    expect(await world.github.reactions(quoted)).toEqual([])
  })

  test('that comes too late is refused', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    await world.stopBot()
    const commentId = await world.github.as('writer').comment(pull.number, '/stage')
    await world.github.delivered()
    const delivery = world.github.deliveries.at(-1)

    const now = () => new Date(Date.now() + 16 * 60_000)
    await world.startBot({ ...systemClock, now })
    await world.github.redeliver(delivery?.id ?? 0)

    await world.commented(pull.number, /COMMAND_STALE/)
    await world.reacted(commentId, 'eyes', '-1')
  })

  test('is run once, although its delivery is worked off again after a crash', async ({
    start,
  }) => {
    const world = await start()
    const pull = await planned(world)
    const commentId = await world.github.as('writer').comment(pull.number, '/stage')
    await world.reached(pull.number, 'pending_cutover')
    await world.reacted(commentId, 'eyes', 'rocket', 'hooray')

    // As if the process had died between what the command did and the note that it was done.
    await world.store
      .updateTable('inbox')
      .set({ state: 'pending' })
      .where('body', 'like', `%"id":${commentId},%`)
      .execute()
    await until(
      async () => !(await inboxStates(world)).includes('pending'),
      async () => world.log.join(''),
    )

    const commands = (await world.audit(pull.number)).filter(({ action }) => action === 'command')
    expect(commands).toHaveLength(1)
    expect(await world.github.reactions(commentId)).toHaveLength(3)
    expect(await world.github.comments(pull.number)).toHaveLength(2)
  })

  test('after a commit that changes the schema is refused with both commits', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    await world.github.as('writer').commit('change', { 'schema/shop/items.sql': '-- new\n' })

    await world.github.as('writer').comment(pull.number, '/stage')

    const receipt = await world.commented(pull.number, /PLAN_CHANGED/)
    expect(receipt).toContain(pull.headSha.slice(0, 7))
  })

  test('that starts a plan which drops data needs its code', async ({ start }) => {
    const world = await start()
    const pull = await world.openPullRequest()
    await world.submit(pull.number, () => ({}), {})

    await world.github.as('writer').comment(pull.number, '/stage')

    const receipt = await world.commented(pull.number, /👎[\s\S]*CONFIRM_REQUIRED/)
    expect(receipt).toMatch(/confirm=[2-9A-Z]{5}/)
    expect((await world.deployment(pull.number))?.deployment.state).toBe('ready')
  })

  test('of a branch with deployers is kept to them', async ({ start }) => {
    const world = await start({ branch: '{ deployers: [admin] }' })
    const pull = await planned(world)

    await world.github.as('writer').comment(pull.number, '/stage')

    await world.commented(pull.number, /PERMISSION_DENIED[\s\S]*deployers/)
  })

  test('is asked about with /status', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)

    await world.github.as('reader').comment(pull.number, '/status')

    await until(
      async () => (await world.github.comments(pull.number)).length === 3,
      async () => world.log.join(''),
    )
  })
})

/** A pull request with a plan that adds a column. */
async function planned(world: World) {
  const pull = await world.openPullRequest()
  await world.submit(pull.number, withNote)
  return pull
}

function withNote({ orders = '', ...others }: CanonicalSchema): CanonicalSchema {
  return {
    ...others,
    orders: orders.replace('  PRIMARY KEY', '  `note` varchar(100) DEFAULT NULL,\n  PRIMARY KEY'),
  }
}

async function inboxStates({ store }: World): Promise<string[]> {
  const rows = await store.selectFrom('inbox').select('state').execute()
  return rows.map(({ state }) => state)
}

function post(world: World, body: string, secret: string, event = 'pull_request') {
  return fetch(`${world.bot.url}/webhooks`, {
    method: 'POST',
    body,
    headers: {
      'x-github-event': event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
  })
}
