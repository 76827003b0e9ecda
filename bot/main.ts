import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../src/clock.ts'
import { createEngine } from '../src/engine/engine.ts'
import type { Engine } from '../src/engine/port.ts'
import { Refusal } from '../src/errors.ts'
import { keepMemorySmall } from '../src/memory.ts'
import type { Target } from '../src/mysql/connect.ts'
import { openStore } from '../src/store/open.ts'
import { createVerifier } from './api/oidc.ts'
import type { Route } from './api/router.ts'
import { submissionRoute } from './api/submission.ts'
import { createBell } from './bell.ts'
import { type BotConfig, type ConfiguredDatabases, loadConfig } from './config.ts'
import { driveDeployment } from './deployer.ts'
import { handleDelivery } from './handle.ts'
import { runJanitor } from './janitor.ts'
import { createLog, type Log } from './log.ts'
import type { Parts, PullRequestPlace } from './parts.ts'
import { createGitHub } from './projector/github.ts'
import { runProjector } from './projector/projector.ts'
import { runScheduler } from './scheduler.ts'
import { startServer } from './server.ts'
import { webhookRoute } from './webhook.ts'
import { runWorkers } from './worker.ts'

/** A bot that runs. Disposing it stops every part in order: nothing new comes in, then what runs is left safely. */
export type Bot = AsyncDisposable & { readonly url: string; readonly port: number }

export type BotOptions = {
  readonly log: Log
  readonly clock?: Clock
  readonly engineFor?: (target: Target) => Engine
}

/**
 * Starts the bot.
 *
 * @throws {Refusal} when the store cannot be reached or is newer than this version.
 */
export async function startBot(config: BotConfig, options: BotOptions): Promise<Bot> {
  const { log, clock = systemClock, engineFor = createEngine } = options
  const store = await openStore(config.storeUrl)
  const bell = createBell()
  const stop = new AbortController()
  const { github, findInstallation } = createGitHub(config)
  const { databases } = config
  const pullRequestUrl = (place: PullRequestPlace) => pullRequestAddress(config.githubUrl, place)
  const parts: Parts = { store, github, databases, pullRequestUrl, clock, log, ring: bell.ring }
  const owner = randomUUID()
  const loop = { parts, bell, owner, signal: stop.signal }
  const drive = (id: number, signal: AbortSignal) =>
    driveDeployment({ parts, engineFor, bell }, id, signal)
  const verify = createVerifier({
    issuer: config.oidcIssuer,
    audience: config.publicUrl,
    now: clock.now,
  })
  const routes = [
    webhookRoute(parts, config.webhookSecret),
    submissionRoute({ parts, verify, findInstallation }),
    HEALTH,
  ]
  try {
    const server = await startServer({ ...config.listen, routes, log })
    const loops = [
      runWorkers({ ...loop, handle: (item) => handleDelivery(parts, item) }),
      runScheduler({ ...loop, drive }),
      runProjector(loop),
      runJanitor({ targets: targetsIn(databases), clock, log, signal: stop.signal }),
    ]
    log.info('started', { port: server.port })
    return {
      port: server.port,
      url: `http://${config.listen.host}:${server.port}`,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        stop.abort(new Error('the bot is stopping'))
        await Promise.all(loops)
        await store.destroy()
        log.info('stopped')
      },
    }
  } catch (error) {
    await store.destroy()
    throw error
  }
}

const HEALTH: Route = {
  method: 'GET',
  path: '/healthz',
  limitBytes: 0,
  handle: async () => ({ status: 200, body: { ok: true } }),
}

/** Every production branch, wherever it is named. */
function targetsIn(databases: ConfiguredDatabases): readonly Target[] {
  return [...databases.values()].flatMap((branches) =>
    [...branches.values()].map(({ target }) => target),
  )
}

/** Where people see a pull request: on github.com, or on the host of an Enterprise Server's API. */
function pullRequestAddress(githubUrl: string, { owner, repo, number }: PullRequestPlace): string {
  const { origin, hostname } = new URL(githubUrl)
  const web = hostname === 'api.github.com' ? 'https://github.com' : origin
  return `${web}/${owner}/${repo}/pull/${number}`
}

/** Runs the bot as a process until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const log = createLog((line) => process.stderr.write(line), systemClock.now)
  try {
    const config = loadConfig()
    const bot = await startBot(config, { log })
    const signal = await new Promise<string>((resolve) => {
      process.once('SIGTERM', resolve)
      process.once('SIGINT', resolve)
    })
    log.info('stopping', { signal })
    await bot[Symbol.asyncDispose]()
  } catch (error) {
    if (error instanceof Refusal)
      process.stderr.write(`${error.code}: ${error.message}\n${error.next}\n`)
    else log.error('the bot could not go on', error)
    process.exitCode = 1
  }
}

if (import.meta.main) {
  keepMemorySmall()
  await main()
}
