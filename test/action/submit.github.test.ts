import { createServer } from 'node:http'
import { sql } from 'kysely'
import { describe, expect, inject } from 'vitest'
import { branchAt } from '../../bot/branch-settings.ts'
import { createLog } from '../../bot/log.ts'
import { startBot } from '../../bot/main.ts'
import { systemClock } from '../../src/clock.ts'
import { type GitHub, startGitHub } from '../support/github/github.ts'
import { type MysqlTest, test as mysqlTest } from '../support/mysql.ts'
import { type ActionResult, runAction } from '../support/run-action.ts'
import { until } from '../support/running-bot.ts'

const CONFIG = 'version: 1\ndatabases:\n  shop:\n    schema: schema/shop\n'
const ORDERS = 'CREATE TABLE orders (id BIGINT NOT NULL PRIMARY KEY, total INT NOT NULL);\n'
const WITH_NOTE = ORDERS.replace('NOT NULL);', 'NOT NULL, note VARCHAR(200));')

/** GitHub and, at an address, something that is asked to open deploy requests. */
class Served implements AsyncDisposable {
  readonly github: GitHub
  readonly botUrl: string
  readonly #resources: AsyncDisposable

  constructor(github: GitHub, botUrl: string, resources: AsyncDisposable) {
    this.github = github
    this.botUrl = botUrl
    this.#resources = resources
  }

  /** Opens a pull request whose only change is this file. */
  async propose(path: string, content: string): Promise<number> {
    const writer = this.github.as('writer')
    await writer.commit('change', { [path]: content })
    return (await writer.openPullRequest('change')).number
  }

  run(pull: number, { mayIdentify = true } = {}): Promise<ActionResult> {
    const inputs = { 'bot-url': this.botUrl, 'scratch-url': inject('serverUrl') }
    return runAction(this.github, pull, { inputs, mayIdentify })
  }

  /** Runs the Action as if the pull request came from a fork: another repository, and no right to a token. */
  runAsFork(pull: number): Promise<ActionResult> {
    const { github } = this
    const startWorkflowRun: GitHub['startWorkflowRun'] = async (number) => {
      const run = await github.startWorkflowRun(number)
      const event = structuredClone(run.event) as {
        pull_request: { head: { repo: { id: number } } }
      }
      event.pull_request.head.repo.id += 1
      return { ...run, event }
    }
    const forked: GitHub = Object.create(github, { startWorkflowRun: { value: startWorkflowRun } })
    const inputs = { 'bot-url': this.botUrl, 'scratch-url': inject('serverUrl') }
    return runAction(forked, pull, { inputs, mayIdentify: false, checkout: false })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]()
  }
}

const REPOSITORY = {
  '.github/crossfade.yml': CONFIG,
  'schema/shop/orders.sql': ORDERS,
  'src/app.ts': 'export {}\n',
}

const test = mysqlTest
  .extend('real', async ({ mysql }, { onCleanup }): Promise<Served> => {
    const served = await startWithBot(mysql)
    onCleanup(() => served[Symbol.asyncDispose]())
    return served
  })
  .extend('faulty', async ({ task: _ }, { onCleanup }) => {
    const recording = await startRecording()
    onCleanup(() => recording.served[Symbol.asyncDispose]())
    return recording
  })

describe('the Action with a bot', () => {
  test('opens a deploy request and leaves the comment to the bot', async ({ real }) => {
    const pull = await real.propose('schema/shop/orders.sql', WITH_NOTE)

    const result = await real.run(pull)

    expect(result).toMatchObject({ exitCode: 0, stderr: '' })
    expect(result.outputs).toMatchObject({
      changed: 'true',
      'deploy-request': '1',
      state: 'ready',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      ddl: 'ALTER TABLE `orders` ADD COLUMN `note` varchar(200) DEFAULT NULL;',
    })
    expect(result.outputs['deploy-request-url']).toMatch(/^http/)
    expect(result.summary).toContain('Ready to deploy')
    const authors = async () => (await real.github.comments(pull)).map(({ by }) => by)
    await until(
      async () => (await authors()).length > 0,
      async () => 'there is no comment',
    )
    expect(await authors()).toEqual(['crossfade[bot]'])
  })

  test('ends in the same deploy request when it runs again', async ({ real }) => {
    const pull = await real.propose('schema/shop/orders.sql', WITH_NOTE)
    const first = await real.run(pull)

    const again = await real.run(pull)

    expect(again).toMatchObject({ exitCode: 0, outputs: first.outputs })
  })

  test('tells the bot also that nothing changes', async ({ real }) => {
    const pull = await real.propose('src/app.ts', 'export const answer = 42\n')

    const result = await real.run(pull)

    expect(result).toMatchObject({
      exitCode: 0,
      outputs: { changed: 'false', state: 'no_changes', digest: '', ddl: '' },
    })
  })

  test('fails with the reason when the change conflicts with production', async ({
    real,
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`ALTER TABLE orders ADD COLUMN note BIGINT`)
    const pull = await real.propose('schema/shop/orders.sql', WITH_NOTE)

    const result = await real.run(pull)

    expect(result).toMatchObject({ exitCode: 1, outputs: { state: 'error' } })
    expect(result.stdout).toContain('::error::SCHEMA_CONFLICT: ')
    expect(result.summary).toContain('cannot be deployed')
  })

  test('asks for the right to a token when the job has none', async ({ real }) => {
    const pull = await real.propose('schema/shop/orders.sql', WITH_NOTE)

    const result = await real.run(pull, { mayIdentify: false })

    expect(result.exitCode).toBe(1)
    expect(result.stdout).toMatch(/^::error::PERMISSION_DENIED: .*`id-token: write`/m)
  })

  test('is only a check for a fork', async ({ real }) => {
    const pull = await real.propose('schema/shop/orders.sql', WITH_NOTE)

    const result = await real.runAsFork(pull)

    expect(result).toMatchObject({ exitCode: 0, outputs: { changed: 'true', state: '' } })
    expect(result.stdout).toContain('::notice::The pull request is from a fork')
    expect(result.summary).toContain('note')
    expect(await real.github.comments(pull)).toEqual([])
  })
})

describe('the Action with a bot that fails', () => {
  test('tries again, each time with a new token', async ({
    faulty: { served, requests, answer },
  }) => {
    answer(503, 'busy')
    answer(500, '{}')
    answer(200, JSON.stringify(NO_CHANGES))
    const pull = await served.propose('schema/shop/orders.sql', WITH_NOTE)

    const result = await served.run(pull)

    expect(result).toMatchObject({ exitCode: 0, outputs: { state: 'no_changes' } })
    expect(requests.map(({ path }) => path)).toEqual(Array(3).fill('/action/deploy-requests'))
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1)
    expect(new Set(requests.map(({ token }) => token)).size).toBe(3)
  })

  test('does not repeat what was refused, and gives the reason', async ({
    faulty: { served, requests, answer },
  }) => {
    answer(422, JSON.stringify({ code: 'PLAN_CHANGED', message: 'Too late.', next: 'Push again.' }))
    const pull = await served.propose('schema/shop/orders.sql', WITH_NOTE)

    const result = await served.run(pull)

    expect(result.exitCode).toBe(1)
    expect(result.stdout).toContain('::error::BOT_REFUSED: Too late.%0APush again.')
    expect(requests).toHaveLength(1)
  })

  test('takes the token nowhere else when it is redirected', async ({
    faulty: { served, requests, answer },
  }) => {
    answer(307, '')
    const pull = await served.propose('schema/shop/orders.sql', WITH_NOTE)

    const result = await served.run(pull)

    expect(result.exitCode).toBe(1)
    expect(result.stdout).toContain('answered with HTTP 307')
    expect(requests).toHaveLength(1)
  })
})

const NO_CHANGES = {
  version: 1,
  number: 1,
  branch: 'production',
  state: 'no_changes',
  url: 'https://github.com/acme/shop/pull/1',
  digest: null,
  operations: [],
  errors: [],
  commentUrl: null,
}

/** The real bot at the address that its tokens must be for, and production with the table of the base. */
async function startWithBot(mysql: MysqlTest): Promise<Served> {
  await using starting = new AsyncDisposableStack()
  const session = await mysql.session()
  await session.run(sql.raw(ORDERS))
  const storeSchema = `${mysql.schema}_store`.slice(-64)
  await session.run(sql`CREATE DATABASE ${sql.id(storeSchema)}`)
  starting.defer(async () => {
    await session.run(sql`DROP DATABASE ${sql.id(storeSchema)}`)
  })
  const github = starting.use(await startGitHub({ files: REPOSITORY }))
  const { owner, repo } = github.repository
  const port = await freePort()
  const botUrl = `http://127.0.0.1:${port}`
  const log = createLog(() => {}, systemClock.now)
  starting.use(
    await startBot(
      {
        storeUrl: mysql.url.replace(mysql.schema, storeSchema),
        webhookSecret: github.app.webhookSecret,
        app: github.app,
        publicUrl: botUrl,
        githubUrl: github.url,
        oidcIssuer: github.tokenService.issuer,
        listen: { host: '127.0.0.1', port },
        databases: new Map([
          [`${owner}/${repo}/shop`, new Map([['production', branchAt(mysql.target)]])],
        ]),
      },
      { log },
    ),
  )
  github.sendWebhooksTo(`${botUrl}/webhooks`)
  return new Served(github, botUrl, starting.move())
}

type Recorded = { readonly path: string; readonly token: string; readonly body: string }

/** Stands where a bot is expected, gives the answers it is told in their order, and remembers what it was sent. */
async function startRecording() {
  await using starting = new AsyncDisposableStack()
  const github = starting.use(await startGitHub({ files: REPOSITORY }))
  const requests: Recorded[] = []
  const answers: { readonly status: number; readonly text: string }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const token = request.headers.authorization ?? ''
    requests.push({ path: request.url ?? '', token, body: Buffer.concat(chunks).toString() })
    const { status, text } = answers.shift() ?? { status: 418, text: '' }
    response.writeHead(status, { location: '/elsewhere', connection: 'close' }).end(text)
  })
  const port = await listen(server, 0)
  starting.defer(() => new Promise((resolve) => server.close(() => resolve())))
  const served = new Served(github, `http://127.0.0.1:${port}`, starting.move())
  const answer = (status: number, text: string) => {
    answers.push({ status, text })
  }
  return { served, requests, answer }
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server, 0)
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address')
  return address.port
}
