import { describe, expect, test } from 'vitest'
import { findUrls, parseNamedUrls } from '../../action/database-urls.ts'
import { readInputs, secretsIn } from '../../action/inputs.ts'

const RUNNER = {
  GITHUB_EVENT_NAME: 'pull_request',
  GITHUB_EVENT_PATH: '/tmp/event.json',
  'INPUT_GITHUB-TOKEN': 'token',
}

describe('readInputs', () => {
  test('fills in a default for everything but the token', () => {
    expect(readInputs(RUNNER)).toEqual({
      mode: 'open',
      botUrl: null,
      githubToken: 'token',
      configPath: '.github/crossfade.yml',
      scratch: { kind: 'throwaway', flavour: 'mysql', env: RUNNER },
      databaseUrls: new Map(),
      baseUrls: new Map(),
      eventName: 'pull_request',
      eventPath: '/tmp/event.json',
      apiUrl: 'https://api.github.com',
      workspace: null,
      mayIdentify: false,
    })
  })

  test('takes a server for scratch work before a family', () => {
    const env = { ...RUNNER, INPUT_SCRATCH: 'mariadb', 'INPUT_SCRATCH-URL': 'mysql://root@db/' }

    expect(readInputs(env).scratch).toEqual({ kind: 'server', url: 'mysql://root@db/' })
  })

  test.each([
    ['https://bot.example.com', 'https://bot.example.com'],
    ['https://bot.example.com/', 'https://bot.example.com'],
    ['https://example.com/crossfade/', 'https://example.com/crossfade'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ])('reads the bot URL %s', (written, read) => {
    expect(readInputs({ ...RUNNER, 'INPUT_BOT-URL': written }).botUrl).toBe(read)
  })

  test.each([
    ['INPUT_MODE', 'wait', /^The input mode /],
    ['INPUT_BOT-URL', 'bot.example.com', /^The input bot-url is not a URL/],
    ['INPUT_BOT-URL', 'http://bot.example.com', /a token could be read on the way/],
    ['INPUT_BOT-URL', 'https://me:secret@bot.example.com', /^The input bot-url holds more/],
    ['INPUT_CONFIG', '../crossfade.yml', /^The input config /],
    ['INPUT_CONFIG', '/etc/crossfade.yml', /^The input config /],
    ['INPUT_SCRATCH', 'postgres', /^The input scratch /],
    ['INPUT_GITHUB-TOKEN', '', /^The input github-token is empty/],
    ['GITHUB_EVENT_PATH', '', /which event this is/],
  ])('refuses %s=%s', (name, value, message) => {
    expect(() => readInputs({ ...RUNNER, [name]: value })).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(message),
      }),
    )
  })
})

describe('secretsIn', () => {
  test('names the token, and the password of the scratch server in both spellings', () => {
    const env = { ...RUNNER, 'INPUT_SCRATCH-URL': 'mysql://root:p%40ss@db/' }

    expect(secretsIn(readInputs(env))).toEqual([
      'token',
      'mysql://root:p%40ss@db/',
      'p%40ss',
      'p@ss',
    ])
  })
})

describe('parseNamedUrls', () => {
  test.each([
    ['', []],
    [' mysql://root@db/shop ', [[null, 'mysql://root@db/shop']]],
    [
      'shop: mysql://db/shop\n\nbilling:  mariadb://db/billing\n',
      [
        ['shop', 'mysql://db/shop'],
        ['billing', 'mariadb://db/billing'],
      ],
    ],
  ])('reads %j', (text, expected) => {
    expect([...parseNamedUrls('database-url', text)]).toEqual(expected)
  })

  test.each(['root:secret@db/shop', 'mysql://a/x\nmysql://b/y', 'shop mysql://secret@db/shop'])(
    'refuses %j without showing it',
    (text) => {
      expect(() => parseNamedUrls('base-url', text)).toThrow(
        expect.objectContaining({
          code: 'INPUT_INVALID',
          message: 'The input base-url has a line that is no database URL.',
        }),
      )
    },
  )

  test('names the input that lacks a database', () => {
    const [one, none] = [parseNamedUrls('x', 'mysql://db/one'), parseNamedUrls('x', '')]

    expect(findUrls('shop', { databaseUrls: one, baseUrls: one })).toEqual({
      wanted: 'mysql://db/one',
      base: 'mysql://db/one',
    })
    expect(() => findUrls('shop', { databaseUrls: none, baseUrls: one })).toThrow(/database-url/)
    expect(() => findUrls('shop', { databaseUrls: one, baseUrls: none })).toThrow(/base-url/)
  })
})
