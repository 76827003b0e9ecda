import { sql } from 'kysely'
import { branchAt, type ConfiguredBranch } from '../../bot/branch-settings.ts'
import type { BotConfig } from '../../bot/config.ts'
import { createLog } from '../../bot/log.ts'
import { type Bot, startBot } from '../../bot/main.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import {
  type CanonicalSchema,
  filesDigest,
  parseSubmissionAnswer,
  type Submission,
  type SubmissionAnswer,
} from '../../src/deploy/submission.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { schemaToSql } from '../../src/schema/parse.ts'
import { listAudit } from '../../src/store/audit.ts'
import type { Store } from '../../src/store/database.ts'
import { listDeployRequests } from '../../src/store/deploy-requests.ts'
import { currentDeployment } from '../../src/store/deployments.ts'
import { openStore } from '../../src/store/open.ts'
import { type GitHub, startGitHub } from './github/github.ts'
import { type MysqlTest, test as mysqlTest } from './mysql.ts'

export const PUBLIC_URL = 'https://crossfade.example.com'
export const FOLDER = 'schema/shop'

/** A GitHub, a bot that serves it, and the production schema `shop` with the table `orders`. */
export class World implements AsyncDisposable {
  readonly github: GitHub
  readonly mysql: MysqlTest
  readonly store: Store
  /** What the bot logged, oldest first. */
  readonly log: string[] = []
  readonly #config: BotConfig
  #bot: Bot | null = null

  constructor(
    github: GitHub,
    mysql: MysqlTest,
    { config, store }: { config: BotConfig; store: Store },
  ) {
    this.github = github
    this.mysql = mysql
    this.store = store
    this.#config = config
  }

  get storeUrl(): string {
    return this.#config.storeUrl
  }

  get bot(): Bot {
    if (!this.#bot) throw new TypeError('the bot does not run')
    return this.#bot
  }

  async startBot(clock: Clock = systemClock): Promise<void> {
    const log = createLog((line) => this.log.push(line), clock.now)
    this.#bot = await startBot(this.#config, { log, clock })
    this.github.sendWebhooksTo(`${this.#bot.url}/webhooks`)
  }

  /** Ends the bot; events go on being sent to where it was, and can be sent again when it is back. */
  async stopBot(): Promise<void> {
    await this.#bot?.[Symbol.asyncDispose]()
    this.#bot = null
  }

  /** Sends what the Action would send for the present head: the live schema as base, `change` applied to it. */
  async submit(
    pull: number,
    change: (tables: CanonicalSchema) => CanonicalSchema,
    overrides: SubmitOverrides = {},
  ): Promise<SubmissionAnswer> {
    const response = await this.postSubmission(pull, change, overrides)
    const body = await response.json()
    if (!response.ok) throw new Error(`the bot refused: ${JSON.stringify(body)}`)
    return parseSubmissionAnswer(body)
  }

  async postSubmission(
    pull: number,
    change: (tables: CanonicalSchema) => CanonicalSchema,
    { audience = PUBLIC_URL, token, base, suppressions = [] }: SubmitOverrides = {},
  ): Promise<Response> {
    const run = await this.github.startWorkflowRun(pull)
    const baseSchema = base ?? (await this.liveSchema())
    return await fetch(`${this.bot.url}/action/deploy-requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token ?? (await askToken(run.idToken, audience))}` },
      body: JSON.stringify({
        version: 1,
        database: 'shop',
        headSha: run.headSha,
        baseSha: (await this.github.pullRequest(pull)).base.sha,
        baseSchema,
        wantedSchema: change(baseSchema),
        filesDigest: await this.filesDigest(run.headSha),
        suppressions,
      }),
    })
  }

  /** A token as the job of a pull request gets it. */
  async token(pull: number, audience = PUBLIC_URL): Promise<string> {
    return await askToken((await this.github.startWorkflowRun(pull)).idToken, audience)
  }

  async liveSchema(): Promise<CanonicalSchema> {
    const session = await this.mysql.session()
    return schemaToSql(await readSchema(session, this.mysql.schema))
  }

  async filesDigest(sha: string): Promise<string> {
    const { owner, repo } = this.github.repository
    const { git } = this.github.as('admin').octokit.rest
    const { data } = await git.getTree({ owner, repo, tree_sha: sha, recursive: '1' })
    return filesDigest(data.tree.filter(({ path, type }) => type === 'blob' && isSchemaFile(path)))
  }

  /** Opens a pull request of `writer` that changes the schema file of `orders`. */
  async openPullRequest(branch = 'change') {
    const writer = this.github.as('writer')
    await writer.commit(branch, { [`${FOLDER}/orders.sql`]: `-- ${branch}\n` })
    return await writer.openPullRequest(branch)
  }

  /** The current deployment of the pull request's deploy request. */
  async deployment(pull: number) {
    const [request] = await listDeployRequests(this.store, {
      repositoryId: this.github.repository.id,
      pullRequest: pull,
    })
    return request ? await currentDeployment(this.store, request.id) : null
  }

  async audit(pull: number) {
    const current = await this.deployment(pull)
    return current ? await listAudit(this.store, current.deployRequestId) : []
  }

  /** Waits until the deployment is in one of the states. */
  async reached(pull: number, ...states: string[]): Promise<void> {
    await until(
      async () => states.includes((await this.deployment(pull))?.deployment.state ?? 'none'),
      async () => {
        const { deployment } = (await this.deployment(pull)) ?? {}
        return `${JSON.stringify(deployment)}\n${this.log.slice(-20).join('')}`
      },
    )
  }

  /** Waits until the comment has the reactions, in this order. */
  async reacted(commentId: number, ...contents: string[]): Promise<void> {
    const shown = async () =>
      (await this.github.reactions(commentId)).map(({ content }) => content).join(' ')
    await until(
      async () => (await shown()) === contents.join(' '),
      async () => `${await shown()}\n${this.log.slice(-20).join('')}`,
    )
  }

  /** Waits until the bot has a comment that matches, and returns it. */
  async commented(pull: number, pattern: RegExp): Promise<string> {
    const find = async () =>
      (await this.github.comments(pull)).find(
        ({ by, body }) => by === 'crossfade[bot]' && pattern.test(body),
      )?.body
    await until(
      async () => (await find()) !== undefined,
      async () => `${(await this.github.comments(pull)).map(({ body }) => body).join('\n---\n')}`,
    )
    return (await find()) ?? ''
  }

  async checked(sha: string, expected: string): Promise<void> {
    const shown = async () =>
      (await this.github.checks(sha)).map(
        ({ name, status, conclusion, title }) => `${name} ${conclusion ?? status}: ${title}`,
      )
    await until(
      async () => (await shown()).some((line) => line.startsWith(expected)),
      async () => `${(await shown()).join('\n')}\n${this.log.slice(-20).join('')}`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopBot()
    await this.store.destroy()
    await this.github[Symbol.asyncDispose]()
  }
}

export type SubmitOverrides = {
  readonly audience?: string
  readonly token?: string
  readonly base?: CanonicalSchema
  readonly suppressions?: Submission['suppressions']
}

export type WorldOptions = {
  readonly branch?: string
  /** The levels of lint, as YAML. */
  readonly lint?: string
  /** What the server file says of the production branch. */
  readonly server?: Partial<ConfiguredBranch>
}

/** Starts a world; everything of it ends with the test. */
export type StartWorld = (options?: WorldOptions) => Promise<World>

/** Starts everything; the deploy policy is said as the YAML of the production branch. */
async function startWorld(
  mysql: MysqlTest,
  { branch = '{}', lint = '{}', server = {} }: WorldOptions,
): Promise<World> {
  const session = await mysql.session()
  const storeSchema = `${mysql.schema}_store`.slice(-64)
  await session.run(sql`CREATE DATABASE ${sql.id(storeSchema)}`)
  await session.run(sql`CREATE TABLE orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    total INT NOT NULL
  )`)
  await session.run(sql`INSERT INTO orders (total) VALUES (1), (2), (3)`)
  const github = await startGitHub({
    files: {
      '.github/crossfade.yml': `version: 1\ndatabases:\n  shop:\n    schema: ${FOLDER}\n    branches: { production: ${branch} }\n    lint: ${lint}\n`,
      [`${FOLDER}/orders.sql`]: '-- first\n',
    },
  })
  const { owner, repo } = github.repository
  const storeUrl = mysql.url.replace(mysql.schema, storeSchema)
  const config: BotConfig = {
    storeUrl,
    webhookSecret: github.app.webhookSecret,
    app: github.app,
    publicUrl: PUBLIC_URL,
    githubUrl: github.url,
    oidcIssuer: github.tokenService.issuer,
    listen: { host: '127.0.0.1', port: 0 },
    databases: new Map([
      [
        `${owner}/${repo}/shop`,
        new Map([['production', { ...branchAt(mysql.target), ...server }]]),
      ],
    ]),
  }
  return new World(github, mysql, { config, store: await openStore(storeUrl) })
}

/** `test` with a world whose bot runs; `start` makes one with other settings. */
export const test = mysqlTest.extend(
  'start',
  async ({ mysql }, { onCleanup }): Promise<StartWorld> => {
    const stack = new AsyncDisposableStack()
    onCleanup(() => stack.disposeAsync())
    return async (options = {}) => {
      const world = stack.use(await startWorld(mysql, options))
      stack.defer(async () => {
        const session = await mysql.session()
        await session.run(
          sql`DROP DATABASE IF EXISTS ${sql.id(`${mysql.schema}_store`.slice(-64))}`,
        )
      })
      await world.startBot()
      return world
    }
  },
)

function isSchemaFile(path: string): boolean {
  return path.startsWith(`${FOLDER}/`) && path.endsWith('.sql')
}

async function askToken(
  { url, token }: { readonly url: string; readonly token: string },
  audience: string,
): Promise<string> {
  const response = await fetch(`${url}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const { value } = (await response.json()) as { readonly value: string }
  return value
}

const PATIENCE_MS = 30_000

/** Looks again and again until the condition holds; fails with what `describe` says when it does not. */
export async function until(
  condition: () => Promise<boolean>,
  describe: () => Promise<string>,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it never happened; at the end: ${await describe()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
