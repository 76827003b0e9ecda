import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { Untrusted } from '../src/deploy/untrusted.ts'
import { Refusal } from '../src/errors.ts'
import { parseTarget, type Target } from '../src/mysql/connect.ts'
import {
  type BranchSettings,
  branchAt,
  type ConfiguredBranch,
  parseSettings,
  SETTINGS,
} from './branch-settings.ts'

/** The environment as one value. It holds credentials: never log it. */
export type BotConfig = {
  /** The bot's own database, a URL that has been checked. */
  readonly storeUrl: string
  readonly webhookSecret: string
  readonly app: { readonly id: number; readonly privateKey: string }
  /** Where users and the Action reach the bot, without a slash at the end; also the audience of OIDC tokens. */
  readonly publicUrl: string
  /** The base of GitHub's REST API, without a slash at the end. */
  readonly githubUrl: string
  readonly oidcIssuer: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly databases: ConfiguredDatabases
}

/** `owner/repo/database`, in lower case as GitHub compares names → production branch → what is said of it. */
export type ConfiguredDatabases = ReadonlyMap<string, ReadonlyMap<string, ConfiguredBranch>>

/** A database of a repository. */
export type DatabasePlace = {
  readonly owner: string
  readonly repo: string
  readonly database: string
}

/** A production branch, or null when the server's configuration does not know it. */
export function findBranch(
  databases: ConfiguredDatabases,
  { owner, repo, database }: DatabasePlace,
  branch: string,
): ConfiguredBranch | null {
  return databases.get(`${owner}/${repo}/${database}`.toLowerCase())?.get(branch) ?? null
}

/** Where a production branch is, or null when the server's configuration does not know it. */
export function findTarget(
  databases: ConfiguredDatabases,
  place: DatabasePlace,
  branch: string,
): Target | null {
  return findBranch(databases, place, branch)?.target ?? null
}

export type Environment = Readonly<Record<string, string | undefined>>

/** GitHub's own issuer of workflow tokens. */
const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com'
const MIN_SECRET_CHARACTERS = 32

/**
 * Reads and checks every setting at once.
 *
 * @throws {Refusal} CONFIG_INVALID naming each problem by its variable or path, never a value that may be secret.
 */
export function loadConfig(
  env: Environment = process.env,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): BotConfig {
  const problems: string[] = []
  const read = new Reader(env, readFile, problems)
  const file = read.serverFile()
  const config = {
    storeUrl: read.storeUrl(file),
    webhookSecret: read.webhookSecret(),
    app: { id: read.appId(), privateKey: read.privateKey() },
    publicUrl: read.url('CROSSFADE_PUBLIC_URL', null),
    githubUrl: read.url('CROSSFADE_GITHUB_URL', 'https://api.github.com'),
    oidcIssuer: read.url('CROSSFADE_OIDC_ISSUER', GITHUB_ISSUER),
    listen: { host: env.CROSSFADE_HOST ?? '127.0.0.1', port: read.port() },
    databases: read.databases(file),
  }
  if (problems.length > 0) {
    throw new Refusal('CONFIG_INVALID', `The bot cannot start: ${problems.join('; ')}.`, {
      next: 'Correct each of them and start the bot again; README.md lists every setting.',
    })
  }
  return config
}

type Mapping = Readonly<Record<string, unknown>>

/** Reads settings one by one and collects what is wrong with each, so that one start shows every problem. */
class Reader {
  readonly #env: Environment
  readonly #readFile: (path: string) => string
  readonly #problems: string[]

  constructor(env: Environment, readFile: (path: string) => string, problems: string[]) {
    this.#env = env
    this.#readFile = readFile
    this.#problems = problems
  }

  /** Notes a problem; what is returned stands in for the value until the problems are thrown. */
  #problem<T>(what: string, standIn: T): T {
    this.#problems.push(what)
    return standIn
  }

  #file(path: string, wantedBy: string): string {
    try {
      return this.#readFile(path)
    } catch {
      // The system's message would repeat the path and adds nothing a reader can act on.
      return this.#problem(`the file named by ${wantedBy} cannot be read`, '')
    }
  }

  serverFile(): Mapping {
    const path = this.#env.CROSSFADE_CONFIG
    if (!path) return this.#problem('CROSSFADE_CONFIG is not set', {})
    const text = this.#file(path, 'CROSSFADE_CONFIG')
    if (text === '') return {}
    try {
      const parsed: unknown = parseYaml(text)
      return this.#mapping(parsed, 'the server file', ['store', 'databases'])
    } catch {
      return this.#problem('the server file (CROSSFADE_CONFIG) is not YAML', {})
    }
  }

  storeUrl(file: Mapping): string {
    const given = this.#env.CROSSFADE_STORE_URL
    const path = given ? 'CROSSFADE_STORE_URL' : 'store'
    if (!given && file.store === undefined) {
      return this.#problem('CROSSFADE_STORE_URL is not set', '')
    }
    const url = given ?? this.#secret(file.store, path)
    if (this.#target(url, path)?.schema === null) this.#problem(`${path} names no schema`, null)
    return url
  }

  webhookSecret(): string {
    const secret = this.#env.CROSSFADE_WEBHOOK_SECRET ?? ''
    if (secret.length >= MIN_SECRET_CHARACTERS) return secret
    return this.#problem(
      `CROSSFADE_WEBHOOK_SECRET has ${secret.length} characters and needs at least ${MIN_SECRET_CHARACTERS}`,
      '',
    )
  }

  appId(): number {
    const id = this.#env.CROSSFADE_APP_ID ?? ''
    if (/^[1-9]\d{0,14}$/.test(id)) return Number(id)
    return this.#problem('CROSSFADE_APP_ID is not the number of a GitHub App', 0)
  }

  /** The key itself (line breaks may be written `\n`), or the path of the file that GitHub let you download. */
  privateKey(): string {
    const value = this.#env.CROSSFADE_PRIVATE_KEY
    const path = this.#env.CROSSFADE_PRIVATE_KEY_FILE
    if (!value && !path) {
      return this.#problem('CROSSFADE_PRIVATE_KEY or CROSSFADE_PRIVATE_KEY_FILE is not set', '')
    }
    const pem = value
      ? value.replaceAll('\\n', '\n')
      : this.#file(path ?? '', 'CROSSFADE_PRIVATE_KEY_FILE')
    try {
      createPrivateKey(pem)
      return pem
    } catch {
      return this.#problem('the private key is not a PEM key', '')
    }
  }

  url(name: string, standard: string | null): string {
    const value = this.#env[name] ?? standard
    if (value === null) return this.#problem(`${name} is not set`, '')
    if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
      return this.#problem(`${name} is not an http(s) URL`, '')
    }
    return value.replace(/\/+$/, '')
  }

  port(): number {
    const value = this.#env.CROSSFADE_PORT ?? '3000'
    const port = Number(value)
    if (/^\d{1,5}$/.test(value) && port <= 65_535) return port
    return this.#problem('CROSSFADE_PORT is not a port number', 0)
  }

  databases(file: Mapping): ConfiguredDatabases {
    const databases = new Map<string, ReadonlyMap<string, ConfiguredBranch>>()
    const listed = this.#mapping(file.databases ?? {}, 'databases', null)
    for (const [name, branches] of Object.entries(listed)) {
      if (!/^[\w.-]+\/[\w.-]+\/[\w.-]+$/.test(name)) {
        this.#problem(`databases has the key ${name}, which is not owner/repository/database`, null)
        continue
      }
      databases.set(name.toLowerCase(), this.#branches(name, branches))
    }
    if (databases.size === 0) this.#problem('the server file lists no databases', null)
    return databases
  }

  #branches(database: string, value: unknown): ReadonlyMap<string, ConfiguredBranch> {
    const branches = new Map<string, ConfiguredBranch>()
    for (const [branch, settings] of Object.entries(this.#mapping(value, database, null))) {
      const found = this.#branch(`${database}/${branch}`, settings)
      if (found) branches.set(branch, found)
    }
    if (branches.size === 0) this.#problem(`${database} lists no branch`, null)
    return branches
  }

  #branch(path: string, value: unknown): ConfiguredBranch | null {
    const given = this.#mapping(value, path, ['url', 'replicas', ...SETTINGS])
    const target = this.#target(this.#secret(given.url, `${path} url`), `${path} url`)
    if (target?.schema === null) this.#problem(`${path} url names no schema`, null)
    const replicas = this.#replicas(given.replicas ?? [], `${path} replicas`)
    const settings = this.#settings(given, path)
    const { replicaLagMs = null } = settings?.limits ?? {}
    if (replicaLagMs !== null && replicas.length === 0) {
      this.#problem(`${path} throttle.max_replica_lag needs replicas`, null)
    }
    return target && { ...branchAt(target), replicas, ...(settings && { settings }) }
  }

  #replicas(value: unknown, path: string): readonly Target[] {
    if (!Array.isArray(value)) return this.#problem(`${path} is not a list`, [])
    return value.flatMap((url: unknown, index) => {
      const at = `${path}.${index}`
      return this.#target(this.#secret(url, at), at) ?? []
    })
  }

  #settings({ quarantine, profile, throttle }: Mapping, path: string): BranchSettings | null {
    const refuse = (at: string, must: string) => new TypeError(`${path} ${at} ${must}`)
    const value = new Untrusted({ quarantine, profile, throttle }, refuse)
    try {
      return parseSettings(value.members(SETTINGS))
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return this.#problem(error.message, null)
    }
  }

  #mapping(value: unknown, path: string, known: readonly string[] | null): Mapping {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#problem(`${path} is not a mapping`, {})
    }
    const unknown = known && Object.keys(value).find((key) => !known.includes(key))
    if (unknown) this.#problem(`${path} has the unknown key ${unknown}`, null)
    // Sound: a YAML mapping has text keys, and nothing is said about its values.
    return value as Mapping
  }

  /** A value as it stands, or where it is kept: `env:NAME`, `file:PATH`. */
  #secret(value: unknown, path: string): string {
    if (typeof value !== 'string' || value === '') return this.#problem(`${path} is not set`, '')
    if (value.startsWith('file:')) return this.#file(value.slice('file:'.length), path).trim()
    if (!value.startsWith('env:')) return value
    const name = value.slice('env:'.length)
    return this.#env[name] || this.#problem(`${path} names ${name}, which is not set`, '')
  }

  #target(url: string, path: string): Target | null {
    // An empty value has been reported where it was read.
    if (url === '') return null
    try {
      return parseTarget(url)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return this.#problem(`${path}: ${error.message.replace(/\.$/, '')}`, null)
    }
  }
}
