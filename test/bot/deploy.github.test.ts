import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { planOf } from '../../src/deploy/deployment.ts'
import type { CanonicalSchema } from '../../src/deploy/submission.ts'
import { connect } from '../../src/mysql/connect.ts'
import { test, type World } from '../support/running-bot.ts'

const NO_LIMITS = {
  replicaLagMs: null,
  threadsRunning: null,
  historyLength: null,
  commitLatencyMs: null,
  query: null,
}

/** As the first version wrote it. */
const OLD_PLAN = {
  operations: [
    {
      kind: 'alter',
      table: 'orders',
      statement: 'ALTER TABLE `orders` ADD COLUMN `note` varchar(100) DEFAULT NULL',
      how: 'shadow',
      dropsData: false,
      rowsEstimated: 3,
      bytesEstimated: 16384,
      diff: '',
    },
  ],
  liveFingerprint: 'f'.repeat(64),
  digest: '0'.repeat(64),
}

describe('a deploy request', () => {
  test('is staged, cut over and reverted by comments, with every row kept', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    const writer = world.github.as('writer')
    const session = await world.mysql.session()

    const stage = await writer.comment(pull.number, '/stage')
    await world.reached(pull.number, 'pending_cutover')
    await world.reacted(stage, 'eyes', 'rocket', 'hooray')
    await world.commented(pull.number, /In sync, waiting for the cutover/)
    await session.run(sql`INSERT INTO orders (total) VALUES (4)`)
    expect(await columns(world)).toEqual(['id', 'total'])

    const cutover = await writer.comment(pull.number, '/cutover')
    await world.reached(pull.number, 'complete_pending_revert')
    await world.reacted(cutover, 'eyes', 'rocket', 'hooray')
    await world.checked(pull.headSha, 'schema success: Live, can be reverted')
    expect(await columns(world)).toEqual(['id', 'total', 'note'])
    await session.run(sql`INSERT INTO orders (total, note) VALUES (5, 'new')`)

    const revert = await writer.comment(pull.number, '/revert')
    await world.reached(pull.number, 'complete_revert')
    await world.reacted(revert, 'eyes', 'rocket', 'hooray')
    expect(await columns(world)).toEqual(['id', 'total'])
    expect(await totals(world)).toEqual([1, 2, 3, 4, 5])
    expect(await world.github.comments(pull.number)).toHaveLength(4)
  })

  test('goes through to the cutover with /deploy, and ends its window with /skip-revert', async ({
    start,
  }) => {
    const world = await start()
    const pull = await planned(world)
    const writer = world.github.as('writer')

    await writer.comment(pull.number, '/deploy')
    await world.reached(pull.number, 'complete_pending_revert')
    const skip = await writer.comment(pull.number, '/skip-revert')

    await world.reached(pull.number, 'complete')
    await world.reacted(skip, 'eyes', 'rocket', 'hooray')
    await world.commented(pull.number, /in sync: \d+ rows compared, 0 differences/)
    expect(await columns(world)).toEqual(['id', 'total', 'note'])
  })

  test('is made at once with method=instant, and the gate waits all the same', async ({
    start,
  }) => {
    const world = await start()
    const pull = await planned(world)
    const writer = world.github.as('writer')
    const session = await world.mysql.session()

    await writer.comment(pull.number, '/stage method=instant')
    await world.reached(pull.number, 'pending_cutover')
    expect(await columns(world)).toEqual(['id', 'total'])
    await writer.comment(pull.number, '/cutover')
    await world.reached(pull.number, 'complete')

    expect(await columns(world)).toEqual(['id', 'total', 'note'])
    expect(await session.rows(sql`SHOW TABLES`)).toHaveLength(1)
  })

  test('ends what is in the way of its cutover when it is forced, and minds the settings of the server', async ({
    start,
  }) => {
    const world = await start({
      server: {
        settings: {
          profile: 'fast',
          quarantineMs: 60_000,
          limits: { ...NO_LIMITS, threadsRunning: 10_000 },
        },
      },
    })
    const pull = await planned(world)
    const writer = world.github.as('writer')
    const session = await world.mysql.session()
    await writer.comment(pull.number, '/stage')
    await world.reached(pull.number, 'pending_cutover')
    const blocker = await connect(world.mysql.target)
    await blocker.run(sql`START TRANSACTION`)
    await blocker.rows(sql`SELECT * FROM orders`)

    await writer.comment(pull.number, '/cutover')
    await world.reached(pull.number, 'in_progress_cutover')
    await world.commented(
      pull.number,
      new RegExp(`swapping the tables · .*connection ${blocker.threadId} `),
    )
    await writer.comment(pull.number, '/cutover force=blockers')
    await world.reached(pull.number, 'complete_pending_revert')

    await expect(blocker.rows(sql`SELECT 1`)).rejects.toThrow()
    const row = await session.row(
      sql<{
        request: string
      }>`SELECT request FROM _crossfade.deployment WHERE schema_name = DATABASE()`,
    )
    expect(JSON.parse(row?.request ?? '')).toMatchObject({
      profile: 'fast',
      quarantineMs: 60_000,
      limits: { threadsRunning: 10_000, replicaLagMs: null },
    })
  })

  test('is cancelled without a trace', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    const writer = world.github.as('writer')
    await writer.comment(pull.number, '/stage')
    await world.reached(pull.number, 'pending_cutover')

    const cancel = await writer.comment(pull.number, '/cancel')

    await world.reached(pull.number, 'complete_cancel')
    await world.reacted(cancel, 'eyes', 'rocket', 'hooray')
    expect(await tables(world)).toEqual(['orders'])
  })

  test('is deployed by the merge where the branch says so', async ({ start }) => {
    const world = await start({ branch: '{ deploy: on-merge, cutover: auto }' })
    const pull = await planned(world)
    await world.checked(pull.headSha, 'schema success: Ready: merging deploys it')

    await world.github.as('writer').merge(pull.number)

    await world.reached(pull.number, 'complete_pending_revert')
    expect(await columns(world)).toEqual(['id', 'total', 'note'])
    const audit = await world.audit(pull.number)
    expect(audit.find(({ action }) => action === 'enqueued')?.by).toEqual({
      actor: 'writer',
      via: 'merge',
    })
  })

  test('that waits at the gate is cut over by the merge', async ({ start }) => {
    const world = await start({ branch: '{ deploy: on-merge }' })
    const pull = await planned(world)
    await world.github.as('writer').comment(pull.number, '/stage')
    await world.reached(pull.number, 'pending_cutover')
    await world.checked(pull.headSha, 'schema success: In sync: merging cuts over')

    await world.github.as('writer').merge(pull.number)

    await world.reached(pull.number, 'complete_pending_revert')
  })

  test('is not deployed by a merge that brings another schema', async ({ start }) => {
    const world = await start({ branch: '{ deploy: on-merge, cutover: auto }' })
    const pull = await planned(world)
    const writer = world.github.as('writer')
    await writer.commit('main', { 'schema/shop/items.sql': '-- meanwhile\n' })

    await writer.merge(pull.number)

    await world.commented(pull.number, /PLAN_CHANGED/)
    expect((await world.deployment(pull.number))?.deployment.state).toBe('ready')
  })

  test('is not queued when its table changed after the plan was made, but planned anew', async ({
    start,
  }) => {
    const world = await start()
    const pull = await planned(world)
    const before = (await world.deployment(pull.number))?.deployment
    const session = await world.mysql.session()
    await session.run(sql`ALTER TABLE orders ADD COLUMN meanwhile INT`)

    await world.github.as('writer').comment(pull.number, '/deploy')

    await world.commented(pull.number, /PLAN_CHANGED/)
    const after = (await world.deployment(pull.number))?.deployment
    expect(after).toMatchObject({ state: 'ready' })
    expect(after && planOf(after)).not.toBe(before && planOf(before))
    await world.github.as('writer').comment(pull.number, '/deploy')
    await world.reached(pull.number, 'complete_pending_revert')
    expect(await columns(world)).toEqual(['id', 'total', 'meanwhile', 'note'])
  })

  test('goes on when a table changed that it has nothing to do with', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    const session = await world.mysql.session()
    await session.run(sql`CREATE TABLE meanwhile (id INT PRIMARY KEY)`)

    await world.github.as('writer').comment(pull.number, '/deploy')

    await world.reached(pull.number, 'complete_pending_revert')
  })

  test('with a plan of an earlier version is planned anew when it is queued', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    const current = await world.deployment(pull.number)
    const old = '0'.repeat(64)
    await world.store
      .insertInto('plan')
      .values({ digest: old, body: JSON.stringify(OLD_PLAN), updated_at: new Date() })
      .execute()
    await world.store
      .updateTable('deployment')
      .set({ plan_digest: old })
      .where('id', '=', current?.id ?? 0)
      .execute()

    await world.github.as('writer').comment(pull.number, '/stage')

    await world.commented(pull.number, /👎[\s\S]*PLAN_CHANGED/)
    expect(await world.deployment(pull.number)).toMatchObject({
      deployment: current?.deployment ?? {},
    })
  })

  test('goes on after the bot was stopped, also with what was asked meanwhile', async ({
    start,
  }) => {
    const world = await start()
    const pull = await planned(world)
    const writer = world.github.as('writer')
    await writer.comment(pull.number, '/stage')
    await world.reached(pull.number, 'pending_cutover')
    await world.stopBot()
    const session = await world.mysql.session()
    await session.run(sql`INSERT INTO orders (total) VALUES (4)`)
    await writer.comment(pull.number, '/cutover')
    await world.github.delivered()
    const missed = world.github.deliveries.at(-1)

    await world.startBot()
    await world.github.redeliver(missed?.id ?? 0)

    await world.reached(pull.number, 'complete_pending_revert')
    expect(await totals(world)).toEqual([1, 2, 3, 4])
    expect(await columns(world)).toEqual(['id', 'total', 'note'])
  })

  test('waits for the one before it on the same branch', async ({ start }) => {
    const world = await start()
    const first = await planned(world)
    const writer = world.github.as('writer')
    const second = await world.openPullRequest('another')
    await world.submit(second.number, withItems)
    await writer.comment(first.number, '/stage')
    await world.reached(first.number, 'pending_cutover')

    await writer.comment(second.number, '/deploy')
    await world.reached(second.number, 'queued')
    await writer.comment(first.number, '/cancel')

    await world.reached(first.number, 'complete_cancel')
    await world.reached(second.number, 'complete_pending_revert', 'complete')
    expect(await tables(world)).toContain('items')
  })

  test('keeps its place in the queue when a commit leaves the schema alone', async ({ start }) => {
    const world = await start()
    const pull = await planned(world)
    const writer = world.github.as('writer')
    const before = await world.deployment(pull.number)
    const head = await writer.commit('change', { 'README.md': 'Better words\n' })
    await world.submit(pull.number, withNote)

    const stage = await writer.comment(pull.number, '/stage')

    await world.reacted(stage, 'eyes', 'rocket', 'hooray')
    expect((await world.deployment(pull.number))?.id).toBe(before?.id)
    await world.checked(head, 'schema queued: In sync')
  })
})

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

function withItems(schema: CanonicalSchema): CanonicalSchema {
  return { ...schema, items: (schema.orders ?? '').replace('`orders`', '`items`') }
}

async function columns({ mysql }: World): Promise<string[]> {
  const session = await mysql.session()
  const rows = await session.rows(
    sql<{ name: string }>`SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ${mysql.schema} AND TABLE_NAME = 'orders' ORDER BY ORDINAL_POSITION`,
  )
  return rows.map(({ name }) => name)
}

async function totals({ mysql }: World): Promise<number[]> {
  const session = await mysql.session()
  const rows = await session.rows(sql<{ total: number }>`SELECT total FROM orders ORDER BY id`)
  return rows.map(({ total }) => total)
}

/** The tables once the engine has tidied up. */
async function tables({ mysql }: World): Promise<string[]> {
  const session = await mysql.session()
  const rows = await session.rows(
    sql<{ name: string }>`SELECT TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ${mysql.schema} ORDER BY TABLE_NAME`,
  )
  return rows.map(({ name }) => name)
}
