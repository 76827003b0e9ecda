import { Refusal } from '../src/errors.ts'
import type { Flavour } from '../src/mysql/server.ts'
import { type NamedUrls, parseNamedUrls } from './database-urls.ts'

/** Every input that action.yml declares, by name. */
export const INPUTS = [
  'mode',
  'bot-url',
  'github-token',
  'config',
  'scratch',
  'scratch-url',
  'database-url',
  'base-url',
] as const

type InputName = (typeof INPUTS)[number]

/** The environment of a process. */
export type Env = Readonly<Record<string, string | undefined>>

/** Where the schema files are read: on a server that the workflow provides, or on one that we start and end. */
export type Scratch =
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'throwaway'; readonly flavour: Flavour; readonly env: Env }

/** Everything the step is told, by its inputs and by the runner. Holds secrets: never log it as a whole. */
export type Inputs = {
  readonly mode: 'open'
  /** Without a slash at its end; it is also the audience of the OIDC token. */
  readonly botUrl: string | null
  readonly githubToken: string
  readonly configPath: string
  readonly scratch: Scratch
  /** For databases whose schema comes from a database: where it is, and where it was made from. */
  readonly databaseUrls: NamedUrls
  readonly baseUrls: NamedUrls
  readonly eventName: string
  readonly eventPath: string
  readonly apiUrl: string
  /** Where actions/checkout puts the files, if it ran. */
  readonly workspace: string | null
  /** Whether the job may ask GitHub for an OIDC token. */
  readonly mayIdentify: boolean
}

/**
 * Reads inputs and environment, each checked, as one value.
 *
 * @throws {Refusal} INPUT_INVALID with the name of the input.
 */
export function readInputs(env: Env = process.env): Inputs {
  // The runner keeps the dashes of an input's name in its variable.
  const input = (name: InputName) => (env[`INPUT_${name.toUpperCase()}`] ?? '').trim()
  const mode = input('mode') || 'open'
  if (mode !== 'open') throw refuse('mode', 'is not a mode', 'Set `mode: open`.')
  const githubToken = input('github-token')
  const eventName = env.GITHUB_EVENT_NAME
  const eventPath = env.GITHUB_EVENT_PATH
  if (!eventName || !eventPath) {
    throw new Refusal('INPUT_INVALID', 'The environment does not say which event this is.', {
      next: 'Run this as a step of a GitHub workflow; on your own machine use `npx crossfade diff FROM TO`.',
    })
  }
  if (!githubToken) {
    throw refuse('github-token', 'is empty', 'Leave it out to use the token of the job.')
  }
  return {
    mode,
    botUrl: parseBotUrl(input('bot-url')),
    githubToken,
    configPath: parseConfigPath(input('config') || '.github/crossfade.yml'),
    scratch: parseScratch(input('scratch-url'), input('scratch') || 'mysql', env),
    databaseUrls: parseNamedUrls('database-url', input('database-url')),
    baseUrls: parseNamedUrls('base-url', input('base-url')),
    eventName,
    eventPath,
    apiUrl: env.GITHUB_API_URL || 'https://api.github.com',
    workspace: env.GITHUB_WORKSPACE || null,
    mayIdentify: Boolean(env.ACTIONS_ID_TOKEN_REQUEST_URL && env.ACTIONS_ID_TOKEN_REQUEST_TOKEN),
  }
}

/** What must never be seen in a log, also in part. */
export function secretsIn({ githubToken, scratch, databaseUrls, baseUrls }: Inputs): string[] {
  const scratchUrls = scratch.kind === 'throwaway' ? [] : [scratch.url]
  const urls = [...scratchUrls, ...databaseUrls.values(), ...baseUrls.values()]
  return [githubToken, ...urls.flatMap(partsOf)].filter((secret) => secret !== '')
}

function partsOf(url: string): string[] {
  const written = URL.canParse(url) ? new URL(url).password : ''
  return [url, written, unescaped(written)]
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray percent sign: `parseTarget` refuses it later, and the text as written is masked already.
    return text
  }
}

function parseBotUrl(text: string): string | null {
  if (text === '') return null
  const next =
    'Write the address that people open in a browser, such as https://crossfade.example.com.'
  if (!URL.canParse(text)) throw refuse('bot-url', 'is not a URL', next)
  const url = new URL(text)
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw refuse(
      'bot-url',
      'does not start with https://, so a token could be read on the way',
      next,
    )
  }
  if (url.username || url.password || url.search || url.hash) {
    throw refuse('bot-url', 'holds more than a host and a path', next)
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

function parseConfigPath(text: string): string {
  const parts = text.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw refuse(
      'config',
      'is not a path inside the repository',
      'Write it like .github/crossfade.yml.',
    )
  }
  return text
}

function parseScratch(url: string, flavour: string, env: Env): Scratch {
  if (url) return { kind: 'server', url }
  if (flavour === 'mysql' || flavour === 'mariadb') return { kind: 'throwaway', flavour, env }
  throw refuse(
    'scratch',
    'is neither mysql nor mariadb',
    'Set `scratch: mysql` or `scratch: mariadb`.',
  )
}

function refuse(name: InputName, what: string, next: string): Refusal {
  return new Refusal('INPUT_INVALID', `The input ${name} ${what}.`, { next })
}
