import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createEmulator, type Emulator, type EmulatorContext, type SeedConfig } from 'emulate'
import type { Rows, Table } from './rows.ts'

/** The emulator's router, and one request on its way through it. */
export type App = EmulatorContext<object>['app']
export type RequestContext = Parameters<Parameters<App['get']>[1]>[0]

/** Whom a token stands for: a person, or an installation of an App. */
export type Actor = {
  readonly login: string
  readonly id: number
  readonly scopes: readonly string[]
  readonly installation?: {
    readonly installationId: number
    readonly appId: number
    readonly accountId: number
    readonly accountType: 'User' | 'Organization'
    readonly permissions: Readonly<Record<string, string>>
    readonly repositoryIds: readonly number[]
    readonly repositorySelection: 'all' | 'selected'
  }
}

/** What the emulator announces: an event of one repository, before it is a webhook. */
export type Announce = (
  event: string,
  action: string | undefined,
  payload: Readonly<Record<string, unknown>>,
) => void

/** The emulator from within: what each file that closes a gap works on. */
export type Inside = {
  readonly app: App
  readonly rows: Rows
  readonly url: string
  readonly tokens: Map<string, Actor>
  /** Calls the API past the front door, as the owner of `token`, or as somebody who may do everything. */
  readonly call: <Answer>(
    method: string,
    path: string,
    options?: { readonly body?: object; readonly token?: string },
  ) => Promise<Answer>
  announce: Announce
}

/** An answer that is an error, as the emulator's own routes throw it. */
export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** What the emulator hands to its plugin. */
type Registration = [
  app: App,
  store: Store,
  webhooks: { dispatch: (...args: Parameters<Announce>) => void },
  baseUrl: string,
  tokens: Map<string, Actor>,
]

type Plugin = { register: (...registration: Registration) => void }

type Store = { readonly collection: (name: string) => Table<never> }

type PluginModule = {
  readonly githubPlugin: Plugin
  readonly getGitHubStore: (store: Store) => Rows
}

/** The extension of the emulator that is being created: the plugin is one object for all of them. */
const extending = new AsyncLocalStorage<(...registration: Registration) => void>()

const plugin = await loadPlugin()
const register = plugin.githubPlugin.register
plugin.githubPlugin.register = (...registration) => {
  const extended = extending.getStore() ?? register
  extended(...registration)
}

/** Starts the emulator with `extend` run on it before its own routes are registered. */
export async function startExtended<Extension>(
  seed: SeedConfig,
  extend: (inside: Inside) => Extension,
): Promise<{
  readonly emulator: Emulator
  readonly inside: Inside
  readonly extension: Extension
}> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly inside: Inside
    readonly extension: Extension
  }>()
  const registerExtended = (...[app, store, webhooks, baseUrl, tokens]: Registration) => {
    // The emulator listens on 127.0.0.1 and would say localhost, which is another address on some machines.
    const url = baseUrl.replace('//localhost:', '//127.0.0.1:')
    const rows = plugin.getGitHubStore(store)
    const call = caller(app.fetch, tokens)
    const inside: Inside = { app, rows, url, tokens, call, announce() {} }
    // The first route that matches wins, so ours come before the emulator's.
    const extension = extend(inside)
    register(app, store, webhooks, url, tokens)
    webhooks.dispatch = (...event) => inside.announce(...event)
    resolve({ inside, extension })
  }
  const emulator = await extending.run(registerExtended, () =>
    createEmulator({ service: 'github', port: 0, seed }),
  )
  reject(new TypeError('this version of emulate does not register its plugin as we expect'))
  return { emulator, ...(await promise) }
}

/** The module that holds the GitHub plugin; the package does not export it, so its entry says where it is. */
async function loadPlugin(): Promise<PluginModule> {
  const entry = import.meta.resolve('emulate')
  const source = readFileSync(new URL(entry), 'utf8')
  const file = /import\("(\.\/dist-\w+\.js)"\);\s*return \{\s*plugin: mod\.githubPlugin/.exec(
    source,
  )?.[1]
  if (!file) throw new TypeError('this version of emulate keeps its GitHub plugin somewhere else')
  // Sound: emulate is pinned to 0.12.2, and its chunk exports these two names.
  return (await import(new URL(file, entry).href)) as PluginModule
}

function caller(fetch: App['fetch'], tokens: Map<string, Actor>): Inside['call'] {
  const everything = `internal_${randomBytes(16).toString('hex')}`
  tokens.set(everything, { login: 'admin', id: 0, scopes: [] })
  return async <Answer>(
    method: string,
    path: string,
    { body, token = everything }: { readonly body?: object; readonly token?: string } = {},
  ) => {
    const response = await fetch(
      new Request(`http://inside${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body && { body: JSON.stringify(body) }),
      }),
    )
    const answer: unknown = response.status === 204 ? null : await response.json()
    if (!response.ok) throw new ApiError(response.status, messageOf(answer))
    // Sound: the caller names the shape that this route of the pinned emulator answers with.
    return answer as Answer
  }
}

function messageOf(answer: unknown): string {
  return typeof answer === 'object' && answer !== null && 'message' in answer
    ? String(answer.message)
    : 'no message'
}
