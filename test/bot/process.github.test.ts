import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { PUBLIC_URL, test, until, type World } from '../support/running-bot.ts'

const MAIN = fileURLToPath(new URL('../../bot/main.ts', import.meta.url))
const ROWS = 60_000

describe('the bot as a process', () => {
  test('goes on with a copy after kill -9, and keeps every row', { timeout: 120_000 }, async ({
    start,
  }) => {
    const world = await start()
    await fill(world)
    const pull = await world.openPullRequest()
    const answer = await world.submit(pull.number, ({ orders = '' }) => ({
      orders: orders.replace('`total` int', '`total` bigint'),
    }))
    expect(answer.state).toBe('ready')
    await world.stopBot()
    await using folder = await settings(world)

    const application = await world.mysql.session()
    const held = Promise.withResolvers<void>()
    // A row that the application holds cannot be copied, so the copy cannot end before the kill.
    const holding = application.transaction(async () => {
      await application.rows(sql`SELECT id FROM orders ORDER BY id DESC LIMIT 1 FOR UPDATE`)
      await held.promise
    })
    const first = await startProcess(world, folder.env)
    await world.github.as('writer').comment(pull.number, '/stage')
    await until(
      async () => ((await world.deployment(pull.number))?.progress?.rowsCopied ?? 0) > 0,
      async () => first.log.join('\n'),
    )
    first.child.kill('SIGKILL')
    await first.exited
    expect((await world.deployment(pull.number))?.deployment.state).toBe('in_progress')

    held.resolve()
    await holding
    const second = await startProcess(world, folder.env)
    await world.github.as('writer').comment(pull.number, '/cutover')
    await world.reached(pull.number, 'complete_pending_revert')

    const session = await world.mysql.session()
    const row = await session.row(
      sql<{
        rows: number
        sum: string
      }>`SELECT COUNT(*) AS \`rows\`, SUM(total) AS sum FROM orders`,
    )
    expect([Number(row?.rows), Number(row?.sum)]).toEqual([ROWS, (ROWS * (ROWS + 1)) / 2])
    second.child.kill('SIGTERM')
    expect(await second.exited).toBe(0)
  })

  test('refuses to start without its settings, naming each', async () => {
    const { exited, log } = run({})

    expect(await exited).toBe(1)
    expect(log.join('\n')).toMatch(
      /CONFIG_INVALID.*CROSSFADE_CONFIG is not set.*CROSSFADE_STORE_URL.*CROSSFADE_WEBHOOK_SECRET/,
    )
  })
})

/** Rows enough for a copy that can be interrupted. */
async function fill({ mysql }: World): Promise<void> {
  const session = await mysql.session()
  await session.run(sql`DELETE FROM orders`)
  await session.run(sql`SET SESSION cte_max_recursion_depth = ${ROWS}`)
  await session.run(sql`INSERT INTO orders (total)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT i FROM n`)
}

async function settings(world: World) {
  const folder = await mkdtemp(join(tmpdir(), 'crossfade-bot-'))
  const { owner, repo } = world.github.repository
  const file = join(folder, 'server.yml')
  const databases = { [`${owner}/${repo}/shop`]: { production: { url: 'env:SHOP_URL' } } }
  await writeFile(file, JSON.stringify({ databases }))
  const env = {
    CROSSFADE_CONFIG: file,
    CROSSFADE_STORE_URL: world.storeUrl,
    CROSSFADE_WEBHOOK_SECRET: world.github.app.webhookSecret,
    CROSSFADE_APP_ID: `${world.github.app.id}`,
    CROSSFADE_PRIVATE_KEY: world.github.app.privateKey,
    CROSSFADE_PUBLIC_URL: PUBLIC_URL,
    CROSSFADE_GITHUB_URL: world.github.url,
    CROSSFADE_OIDC_ISSUER: world.github.tokenService.issuer,
    CROSSFADE_PORT: '0',
    SHOP_URL: world.mysql.url,
  }
  return { env, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

/** Starts the bot and sends it the webhooks as soon as it listens. */
async function startProcess(world: World, env: Readonly<Record<string, string>>) {
  const started = run(env)
  const port = () => /"message":"started","port":(\d+)/.exec(started.log.join('\n'))?.[1]
  await until(
    async () => port() !== undefined,
    async () => started.log.join('\n'),
  )
  world.github.sendWebhooksTo(`http://127.0.0.1:${port()}/webhooks`)
  return started
}

function run(env: Readonly<Record<string, string>>): {
  readonly child: ChildProcess
  readonly log: string[]
  readonly exited: Promise<number | null>
} {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const log: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line))
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, log, exited }
}
