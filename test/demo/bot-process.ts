import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import type { GitHub } from '../support/github/github.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROGRAM = 'bot/main.ts'

export type BotOptions = {
  readonly github: GitHub
  readonly storeUrl: string
  /** The production branch of the shop. */
  readonly productionUrl: string
  /** Where its settings, its key and its log go. */
  readonly folder: string
}

/** How a bot ended that nobody ended here. */
export type Death = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

const READY_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 50

/** The bot as a process of its own, with everything that a person needs to start it by hand. */
export class BotProcess implements AsyncDisposable {
  readonly url: string
  /** The environment it runs with, as a file for a shell. */
  readonly envPath: string
  readonly #env: Readonly<Record<string, string>>
  readonly #logPath: string
  #child: ChildProcess | null = null

  constructor(url: string, folder: string, env: Readonly<Record<string, string>>) {
    this.url = url
    this.envPath = join(folder, 'bot.env')
    this.#logPath = join(folder, 'bot.log')
    this.#env = env
    // A process that ends without disposing of the bot must not leave it behind.
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** What a person types, in the repository's folder, to start it by hand. */
  get command(): string {
    return `set -a; . ${this.envPath}; set +a; npx node ${PROGRAM}`
  }

  /** Starts it and waits until it answers. `onDeath` is called when it ends other than by {@link stop}. */
  async start(onDeath: (death: Death) => void): Promise<void> {
    const log = await open(this.#logPath, 'a')
    const child = spawn(process.execPath, [PROGRAM], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...this.#env },
      stdio: ['ignore', log.fd, log.fd],
      // Ctrl-C in a terminal is for the demo, which then ends the bot in order.
      detached: true,
    })
    await log.close()
    this.#child = child
    await this.#ready(child)
    const { exitCode, signalCode } = child
    const tell = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.#child !== child) return
      this.#child = null
      onDeath({ code, signal })
    }
    if (exitCode !== null || signalCode !== null) tell(exitCode, signalCode)
    else child.once('exit', tell)
  }

  /** Ends it as a crash would; nobody is told. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** The last lines of its log. */
  async lastLines(count: number): Promise<string> {
    const text = await readFile(this.#logPath, 'utf8').catch(() => '')
    return text.trimEnd().split('\n').slice(-count).join('\n')
  }

  /** Whether it answers, whoever has started it. */
  async isUp(): Promise<boolean> {
    return await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(1_000) }).then(
      ({ ok }) => ok,
      // Nobody listens: that is the answer.
      () => false,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    // One that cannot end in order is ended.
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(late)
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS
    while (!(await this.isUp())) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
        child.kill('SIGKILL')
        throw new Error(`the bot did not start:\n${await this.lastLines(15)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }
}

/** Writes the bot's settings and key into the folder; it is not started yet. */
export async function prepareBot(options: BotOptions): Promise<BotProcess> {
  const { github, storeUrl, productionUrl, folder } = options
  const { owner, repo } = github.repository
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const configPath = join(folder, 'crossfade-bot.yml')
  const keyPath = join(folder, 'app.pem')
  const databases = { [`${owner}/${repo}/shop`]: { production: { url: productionUrl } } }
  await writeFile(configPath, stringify({ databases }))
  await writeFile(keyPath, github.app.privateKey, { mode: 0o600 })
  const env = {
    CROSSFADE_APP_ID: `${github.app.id}`,
    CROSSFADE_CONFIG: configPath,
    CROSSFADE_GITHUB_URL: github.url,
    CROSSFADE_OIDC_ISSUER: github.tokenService.issuer,
    CROSSFADE_PORT: `${port}`,
    CROSSFADE_PRIVATE_KEY_FILE: keyPath,
    CROSSFADE_PUBLIC_URL: url,
    CROSSFADE_STORE_URL: storeUrl,
    CROSSFADE_WEBHOOK_SECRET: github.app.webhookSecret,
  }
  const bot = new BotProcess(url, folder, env)
  const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`)
  await writeFile(bot.envPath, lines.join(''), { mode: 0o600 })
  github.sendWebhooksTo(`${url}/webhooks`)
  return bot
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', resolve)
  })
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new TypeError('a port was expected')
  return address.port
}
