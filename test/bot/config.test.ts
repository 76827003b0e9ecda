import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { findBranch, findTarget, loadConfig } from '../../bot/config.ts'
import { Refusal } from '../../src/errors.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PEM = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()

const FILES: Readonly<Record<string, string>> = {
  '/etc/crossfade.yml': `
databases:
  Acme/app/shop:
    staging:
      url: env:SHOP_STAGING_URL
      replicas: [env:SHOP_REPLICA_URL, mysql://u@127.0.0.1:3309/]
      quarantine: 7d
      profile: fast
      throttle:
        max_replica_lag: 2s
        max_threads_running: 64
        max_history: 100000
        max_commit_latency: 200ms
        query: SELECT COUNT(*) FROM busy
    production: { url: file:/run/secrets/shop }
`,
  '/run/secrets/shop': 'mysql://deployer:s3cret@db.example.com/shop\n',
  '/run/secrets/key': PEM,
}

const ENV = {
  CROSSFADE_STORE_URL: 'mysql://crossfade:s3cret@127.0.0.1/crossfade',
  CROSSFADE_WEBHOOK_SECRET: 'x'.repeat(32),
  CROSSFADE_APP_ID: '4711',
  CROSSFADE_PRIVATE_KEY_FILE: '/run/secrets/key',
  CROSSFADE_CONFIG: '/etc/crossfade.yml',
  CROSSFADE_PUBLIC_URL: 'https://crossfade.example.com/',
  SHOP_STAGING_URL: 'mysql://deployer:s3cret@127.0.0.1:3307/shop_staging',
  SHOP_REPLICA_URL: 'mysql://reader:s3cret@127.0.0.1:3308/',
}

describe('loadConfig', () => {
  test('reads every setting, with GitHub’s own addresses where none are given', () => {
    const config = load(ENV)

    expect(config).toMatchObject({
      storeUrl: ENV.CROSSFADE_STORE_URL,
      app: { id: 4711, privateKey: PEM },
      publicUrl: 'https://crossfade.example.com',
      githubUrl: 'https://api.github.com',
      oidcIssuer: 'https://token.actions.githubusercontent.com',
      listen: { host: '127.0.0.1', port: 3000 },
    })
  })

  test('finds a branch under names in any case, from a variable or a file', () => {
    const { databases } = load(ENV)
    const shop = { owner: 'acme', repo: 'App', database: 'shop' }

    expect(findTarget(databases, shop, 'staging')).toMatchObject({ schema: 'shop_staging' })
    expect(findTarget(databases, shop, 'production')).toMatchObject({
      host: 'db.example.com',
      schema: 'shop',
      tls: 'verify',
    })
    expect(findTarget(databases, shop, 'elsewhere')).toBeNull()
    expect(findTarget(databases, { ...shop, owner: 'other' }, 'production')).toBeNull()
  })

  test('reads how deployments treat the server of a branch', () => {
    const { databases } = load(ENV)
    const shop = { owner: 'acme', repo: 'app', database: 'shop' }

    expect(findBranch(databases, shop, 'staging')).toMatchObject({
      replicas: [{ port: 3308, user: 'reader' }, { port: 3309 }],
      settings: {
        profile: 'fast',
        quarantineMs: 7 * 86_400_000,
        limits: {
          replicaLagMs: 2_000,
          threadsRunning: 64,
          historyLength: 100_000,
          commitLatencyMs: 200,
          query: 'SELECT COUNT(*) FROM busy',
        },
      },
    })
    expect(findBranch(databases, shop, 'production')).toMatchObject({
      replicas: [],
      settings: { profile: 'polite', quarantineMs: null, limits: { replicaLagMs: null } },
    })
  })

  test('takes a key with escaped line breaks from the environment', () => {
    const escaped = PEM.replaceAll('\n', '\\n')

    expect(load({ ...ENV, CROSSFADE_PRIVATE_KEY: escaped }).app.privateKey).toBe(PEM)
  })

  test.each([
    [{ CROSSFADE_WEBHOOK_SECRET: undefined }, 'CROSSFADE_WEBHOOK_SECRET has 0 characters'],
    [{ CROSSFADE_WEBHOOK_SECRET: 'development' }, 'CROSSFADE_WEBHOOK_SECRET has 11 characters'],
    [{ CROSSFADE_APP_ID: 'crossfade' }, 'CROSSFADE_APP_ID is not the number of a GitHub App'],
    [{ CROSSFADE_PRIVATE_KEY: 'no key' }, 'the private key is not a PEM key'],
    [{ CROSSFADE_PRIVATE_KEY_FILE: undefined }, 'CROSSFADE_PRIVATE_KEY_FILE is not set'],
    [{ CROSSFADE_PUBLIC_URL: 'crossfade.example.com' }, 'CROSSFADE_PUBLIC_URL is not an http'],
    [{ CROSSFADE_PORT: '70000' }, 'CROSSFADE_PORT is not a port number'],
    [{ CROSSFADE_STORE_URL: 'postgres://x/y' }, 'CROSSFADE_STORE_URL: The database URL starts'],
    [{ CROSSFADE_STORE_URL: 'mysql://127.0.0.1/' }, 'CROSSFADE_STORE_URL names no schema'],
    [{ SHOP_STAGING_URL: undefined }, 'staging url names SHOP_STAGING_URL, which is not set'],
    [{ CROSSFADE_CONFIG: '/nowhere' }, 'the file named by CROSSFADE_CONFIG cannot be read'],
  ])('refuses %j', (change, problem) => {
    expect(refusalOf({ ...ENV, ...change })).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(problem),
    })
  })

  test.each([
    ['databases: [shop]', 'databases is not a mapping'],
    ['databases: { shop: {} }', 'shop, which is not owner/repository/database'],
    ['databases: {}', 'the server file lists no databases'],
    ['databases: { a/b/c: {} }', 'a/b/c lists no branch'],
    ['databases: { a/b/c: { main: { url: "" } } }', 'a/b/c/main url is not set'],
    ['databases: { a/b/c: { main: { url: mysql://h/ } } }', 'a/b/c/main url names no schema'],
    ['databases: { a/b/c: { main: { uri: x } } }', 'a/b/c/main has the unknown key uri'],
    [branchOf('replicas: mysql://h/'), 'a/b/c/main replicas is not a list'],
    [branchOf('replicas: [env:NOWHERE]'), 'replicas.0 names NOWHERE, which is not set'],
    [branchOf('quarantine: 7'), 'a/b/c/main quarantine must be a text'],
    [branchOf('quarantine: week'), 'quarantine must be a time like 12h, 7d or off'],
    [branchOf('profile: quick'), 'profile must be one of polite, fast'],
    [branchOf('throttle: { lag: 2s }'), 'throttle.lag is unknown; known are max_replica_lag'],
    [branchOf('throttle: { max_history: 0 }'), 'max_history must be a whole number from 1'],
    [branchOf('throttle: { max_replica_lag: 2s }'), 'throttle.max_replica_lag needs replicas'],
    ['database: {}', 'the server file has the unknown key database'],
    ['"', 'is not YAML'],
  ])('refuses the server file %s', (text, problem) => {
    const refusal = refusalOf(ENV, { ...FILES, '/etc/crossfade.yml': text })

    expect(refusal.message).toContain(problem)
  })

  test('names every problem at once and none of the secrets', () => {
    const { message } = refusalOf({
      ...ENV,
      CROSSFADE_WEBHOOK_SECRET: 'too-short',
      CROSSFADE_STORE_URL: 'mysql://user:hunter2@/',
      CROSSFADE_APP_ID: '',
    })

    expect(message.split('; ')).toHaveLength(3)
    expect(message).not.toMatch(/hunter2|too-short/)
  })
})

function branchOf(setting: string): string {
  return `databases: { a/b/c: { main: { url: mysql://h/s, ${setting} } } }`
}

function load(env: Readonly<Record<string, string | undefined>>, files = FILES) {
  return loadConfig(env, (path) => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: ${path}`)
    return text
  })
}

function refusalOf(env: Readonly<Record<string, string | undefined>>, files = FILES): Refusal {
  try {
    load(env, files)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('the configuration was taken')
}
