import { createHmac, randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { test as base, describe, expect } from 'vitest'
import type { Session } from '../src/mysql/session.ts'
import type { Death } from './demo/bot-process.ts'
import { Scene } from './demo/scene.ts'
import { LOYALTY_CHANGE, SHIPMENTS_CHANGE, shopTables } from './demo/shop.ts'
import { findPullDeployment } from './demo/watch.ts'
import { startWorld } from './demo/world.ts'
import { productTables } from './support/deployment.ts'
import type { GitHub } from './support/github/github.ts'
import { NOTHING } from './support/mysql.ts'
import { startWorkload } from './support/workload.ts'

const TABLES = ['orders', 'order_items', 'customers']

type Play = { readonly scene: Scene; readonly deaths: readonly Death[] }

/** A shop under write load with its repository and its bot; all of it ends with the test. */
const test = base.extend(
  'play',
  async ({ task }, { onCleanup }): Promise<(orders: number) => Promise<Play>> => {
    const stack = new AsyncDisposableStack()
    onCleanup(() => stack.disposeAsync())
    return async (orders) => {
      const deaths: Death[] = []
      const onBotDeath = (death: Death) => deaths.push(death)
      const world = stack.use(await startWorld({ orders, env: process.env, onBotDeath }))
      const { target, server } = world
      const tables = shopTables(orders)
      const workload = stack.use(
        await startWorkload({ target, tables, writesPerSecond: 300, seed: task.name.length }),
      )
      return {
        scene: new Scene({ world, workload, inputs: { 'scratch-url': server.url() } }),
        deaths,
      }
    }
  },
)

describe('the whole loop', () => {
  test('takes a pull request from its diff to its cutover and another one back, and loses nothing', async ({
    play,
  }) => {
    const { scene, deaths } = await play(3000)
    const { workload } = scene

    const first = await scene.openPullRequest('shipments', 'Ship orders', SHIPMENTS_CHANGE)
    const outputs = await scene.runAction(first)
    expect(outputs).toMatchObject({ changed: 'true', state: 'ready', 'deploy-request': '1' })
    const comment = await scene.comment(first, 'Ready to deploy')
    expect(comment).toContain('+CREATE TABLE `shipments`')
    await scene.stage(first)
    expect(await scene.columns('orders')).not.toContain('currency')
    await scene.merge(first)
    await workload.written(200)

    expect(await scene.columns('orders')).toContain('currency')
    expect(await scene.columns('shipments')).toContain('carrier')
    expect(await scene.check(TABLES)).toEqual(NOTHING)

    const second = await scene.openPullRequest('loyalty', 'Count points', LOYALTY_CHANGE)
    await scene.runAction(second)
    await scene.comment(second, 'Ready to deploy')
    await scene.deploy(second)
    expect(await scene.columns('customers')).toContain('loyalty_points')
    await workload.written(200)
    await scene.revert(second)
    await workload.written(200)

    expect(await scene.columns('customers')).not.toContain('loyalty_points')
    expect(await scene.check(TABLES)).toEqual(NOTHING)
    expect(workload.errors).toEqual([])
    expect(deaths).toEqual([])
  }, 120_000)

  test('goes on from its checkpoint when the bot is killed during the copy, and loses nothing', async ({
    play,
  }) => {
    const { scene } = await play(15_000)
    const { world, workload } = scene
    const { bot, session } = world
    const writer = world.github.as('writer')
    const pull = await scene.openPullRequest('shipments', 'Ship orders', SHIPMENTS_CHANGE)
    await scene.runAction(pull)
    await scene.comment(pull, 'Ready to deploy')
    await writer.comment(pull, '/stage')
    // Slow enough to be met in the middle.
    await writer.comment(pull, '/throttle 95')
    await expect
      .poll(() => provenRows(session), { timeout: 30_000, interval: 5 })
      .toBeGreaterThan(0)

    await bot.kill()
    const proven = await provenRows(session)
    await bot.start(() => undefined)
    await writer.comment(pull, '/throttle 0')
    const least = await leastWhile(() => provenRows(session), scene.untilInSync(pull))
    const inTheEnd = await provenRows(session)
    await scene.merge(pull)
    await workload.written(200)

    expect(proven).toBeLessThan(inTheEnd)
    expect(least).toBeGreaterThanOrEqual(proven)
    expect(await scene.check(TABLES)).toEqual(NOTHING)
    expect(workload.errors).toEqual([])
  }, 180_000)

  test('refuses a command of somebody without permission, and leaves no table behind', async ({
    play,
  }) => {
    const { scene } = await play(200)
    const { github, session, store } = scene.world
    const pull = await scene.openPullRequest('loyalty', 'Count points', LOYALTY_CHANGE)
    await scene.runAction(pull)
    await scene.comment(pull, 'Ready to deploy')

    const comment = await github.as('reader').comment(pull, '/stage')
    await expect
      .poll(() => github.reactions(comment), { timeout: 20_000 })
      .toContainEqual({ content: '-1', by: 'crossfade[bot]' })

    await expect
      .poll(() => bodiesOf(github, pull), { timeout: 20_000 })
      .toContainEqual(expect.stringContaining('PERMISSION_DENIED'))
    const stored = await findPullDeployment({ store, github, pull })
    expect(stored?.deployment.state).toBe('ready')
    expect(await productTables(session)).toEqual([])
  }, 90_000)

  test('answers 401 to a webhook that is not signed with the secret, and keeps nothing of it', async ({
    play,
  }) => {
    const { scene } = await play(200)
    const { bot, store } = scene.world
    const body = JSON.stringify({ action: 'created', comment: { body: '/deploy' } })
    const deliveryId = randomUUID()

    const response = await fetch(`${bot.url}/webhooks`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-github-delivery': deliveryId,
        'x-github-event': 'issue_comment',
        'x-hub-signature-256': `sha256=${createHmac('sha256', 'development').update(body).digest('hex')}`,
      },
    })

    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'SIGNATURE_INVALID' })
    const kept = store.selectFrom('inbox').select('id').where('delivery_id', '=', deliveryId)
    expect(await kept.execute()).toEqual([])
  }, 90_000)
})

async function bodiesOf(github: GitHub, pull: number): Promise<string[]> {
  return (await github.comments(pull)).map(({ body }) => body)
}

/** How many rows are proven to be copied: those of the chunks without a gap from the first one of each table on. */
async function provenRows(session: Session): Promise<number> {
  const tables = await session.rows(
    sql`SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = '_crossfade' AND TABLE_NAME = 'chunk'`,
  )
  if (tables.length === 0) return 0
  const chunks = await session.rows(sql<{ tableName: string; number: string; rowCount: string }>`
    SELECT table_name AS tableName, number, row_count AS rowCount FROM _crossfade.chunk
    ORDER BY table_name, number`)
  const next = new Map<string, number>()
  let rows = 0
  for (const { tableName, number, rowCount } of chunks) {
    const expected = next.get(tableName) ?? 0
    if (Number(number) !== expected) continue
    next.set(tableName, expected + 1)
    rows += Number(rowCount)
  }
  return rows
}

/** The least that `read` says until `end` has come. */
async function leastWhile(read: () => Promise<number>, end: Promise<unknown>): Promise<number> {
  let over = false
  const ended = end.finally(() => {
    over = true
  })
  let least = await read()
  while (!over) least = Math.min(least, await read())
  await ended
  return least
}
