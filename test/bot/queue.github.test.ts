import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { CanonicalSchema } from '../../src/deploy/submission.ts'
import { test, type World } from '../support/running-bot.ts'

describe('a pull request behind another in the queue', () => {
  test('that touches the same column is red, and says whose pull request goes first', async ({
    start,
  }) => {
    const world = await start()
    const base = await world.liveSchema()
    const first = await staged(world, 'first', column('note', 'varchar(100)'))
    const second = await world.openPullRequest('second')

    const answer = await world.submit(second.number, column('note', 'int'), { base })

    expect(answer.state).toBe('error')
    expect(answer.errors).toMatchObject([{ code: 'SCHEMA_CONFLICT' }])
    expect(answer.errors[0]?.message).toContain(
      `this pull request adds it as “int DEFAULT NULL”; deploy request 1 (pull request ${first}), which is ahead`,
    )
    await world.commented(second.number, /SCHEMA_CONFLICT[\s\S]*ahead of it in the queue/)
    await world.checked(second.headSha, 'schema failure')
  })

  test('that touches another column is deployed after it, and both are there', async ({
    start,
  }) => {
    const world = await start()
    const base = await world.liveSchema()
    const first = await staged(world, 'first', column('note', 'varchar(100)'))
    const second = await world.openPullRequest('second')
    const writer = world.github.as('writer')

    const answer = await world.submit(second.number, column('urgent', 'int'), { base })
    await writer.comment(second.number, '/deploy')
    await world.reached(second.number, 'queued')
    await writer.comment(first, '/cutover')
    await world.reached(first, 'complete_pending_revert')
    await writer.comment(first, '/skip-revert')
    await world.reached(second.number, 'complete_pending_revert')

    expect(answer.operations.map(({ statement }) => statement)).toEqual([
      'ALTER TABLE `orders` ADD COLUMN `urgent` int DEFAULT NULL',
    ])
    expect(await columns(world)).toEqual(['id', 'total', 'note', 'urgent'])
  })

  test('that was planned before the other was queued is refused when it is queued itself', async ({
    start,
  }) => {
    const world = await start()
    const base = await world.liveSchema()
    const second = await world.openPullRequest('second')
    const planned = await world.submit(second.number, column('note', 'int'), { base })
    await staged(world, 'first', column('note', 'varchar(100)'))

    await world.github.as('writer').comment(second.number, '/stage')

    expect(planned.state).toBe('ready')
    await world.commented(second.number, /👎[\s\S]*SCHEMA_CONFLICT/)
    expect((await world.deployment(second.number))?.deployment.state).toBe('error')
  })

  test('MERGE-3: is not started with a plan for what will not come', async ({ start }) => {
    const world = await start()
    const base = await world.liveSchema()
    const first = await staged(world, 'first', column('note', 'varchar(100)'))
    const second = await world.openPullRequest('second')
    const writer = world.github.as('writer')
    await world.submit(second.number, column('urgent', 'int'), { base })
    await writer.comment(second.number, '/deploy')
    await world.reached(second.number, 'queued')

    await writer.comment(first, '/cancel')

    await world.reached(second.number, 'complete_error')
    await world.commented(second.number, /PLAN_CHANGED/)
    expect(await columns(world)).toEqual(['id', 'total'])
  })

  test('is told of a change that is live by now, and who made it', async ({ start }) => {
    const world = await start()
    const base = await world.liveSchema()
    const writer = world.github.as('writer')
    const first = await staged(world, 'first', column('note', 'varchar(100)'))
    await writer.comment(first, '/cutover')
    await world.reached(first, 'complete_pending_revert')
    const second = await world.openPullRequest('second')

    const answer = await world.submit(second.number, column('note', 'int'), { base })

    expect(answer.errors.map(({ message }) => message)).toEqual([
      expect.stringContaining(
        `deploy request 1 (pull request ${first}), which is live already, adds it as`,
      ),
    ])
  })
})

/** Opens a pull request, and waits until its tables are in sync; its number. */
async function staged(
  world: World,
  branch: string,
  change: (schema: CanonicalSchema) => CanonicalSchema,
): Promise<number> {
  const { number } = await world.openPullRequest(branch)
  await world.submit(number, change)
  await world.github.as('writer').comment(number, '/stage')
  await world.reached(number, 'pending_cutover')
  return number
}

function column(name: string, type: string) {
  return ({ orders = '', ...others }: CanonicalSchema): CanonicalSchema => ({
    ...others,
    orders: orders.replace('  PRIMARY KEY', `  \`${name}\` ${type} DEFAULT NULL,\n  PRIMARY KEY`),
  })
}

async function columns(world: World): Promise<string[]> {
  const session = await world.mysql.session()
  const rows = await session.rows(sql<{ Field: string }>`SHOW COLUMNS FROM orders`)
  return rows.map(({ Field }) => Field)
}
