import { generateKeyPairSync } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { loadConfig } from '../../bot/config.ts'
import { parseConfig } from '../../src/deploy/config.ts'
import { ERRORS } from '../../src/errors.ts'
import { DOCUMENTS } from './generate.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const find = (pattern: string) =>
  globSync(pattern, { cwd: root, exclude: ['**/node_modules/**', 'action/dist/**'] })

describe('generated documents', () => {
  test.each(Object.entries(DOCUMENTS))('%s is what `npm run docs` makes', (path, render) => {
    expect(read(path)).toBe(render())
  })
})

describe('error codes', () => {
  const codes = Object.keys(ERRORS)
  const sources = find('{action,bot,src}/**/*.ts')
    .filter((path) => path !== 'src/errors.ts')
    .map(read)

  test('each is in docs/errors.md once', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \|/gm)]

    expect(rows.map(([, code]) => code).toSorted()).toEqual(codes.toSorted())
  })

  // To compare with a code is not enough: somebody has to say it first.
  test.each(codes)('%s is said by the product', (code) => {
    const saying = new RegExp(`(?:\\(\\s*|code: )'${code}'`)

    expect(sources.some((text) => saying.test(text))).toBe(true)
  })
})

describe.each(find('**/*.md'))('%s', (path) => {
  const prose = read(path).replace(/^ *```[\s\S]*?^ *```$/gm, '')

  test('links to files that are there', () => {
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    const missing = targets
      .filter((target) => !/^(?:https?:|mailto:|#)/.test(target))
      .filter(
        (target) => !existsSync(new URL(join(dirname(path), target.split('#')[0] ?? ''), root)),
      )

    expect(missing).toEqual([])
  })
})

test.each(find('docs/*.md'))('%s names only codes that exist', (path) => {
  const named = [...read(path).matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name = '']) => name)
  const codes = named.filter((name) => !name.startsWith('CROSSFADE_') && !WORDS.has(name))

  expect(codes.filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([])
})

/** Words of SQL and of the binlog that look like codes. */
const WORDS: ReadonlySet<string> = new Set(['AUTO_INCREMENT'])

describe('docs/config.md', () => {
  const text = read('docs/config.md')
  const example = (heading: string) => {
    const section = text.split(`\n## ${heading}`)[1] ?? ''
    return /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? ''
  }

  test('has an example of a config file that is accepted', () => {
    const { databases } = parseConfig(example('The repository'))

    expect(Object.keys(databases)).toEqual(['shop', 'billing'])
  })

  test('has an example of a server file that is accepted', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const files: Readonly<Record<string, string>> = {
      'server.yml': example('The bot'),
      'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      '/run/secrets/billing-url': 'mysql://crossfade:secret@billing.example.com/billing\n',
    }

    const { databases } = loadConfig(
      {
        CROSSFADE_CONFIG: 'server.yml',
        CROSSFADE_WEBHOOK_SECRET: 'x'.repeat(32),
        CROSSFADE_APP_ID: '1',
        CROSSFADE_PRIVATE_KEY_FILE: 'key.pem',
        CROSSFADE_PUBLIC_URL: 'https://crossfade.example.com',
        SHOP_URL: 'mysql://crossfade:secret@db.example.com/shop',
        SHOP_REPLICA_URL: 'mysql://crossfade:secret@replica.example.com/',
        STORE_URL: 'mysql://crossfade_store:secret@db.example.com/crossfade',
      },
      (path) => files[path] ?? '',
    )

    expect([...databases.keys()]).toEqual(['acme/shop/shop', 'acme/shop/billing'])
  })

  test('names every variable that the bot reads', () => {
    const names = new Set(read('bot/config.ts').match(/\bCROSSFADE_[A-Z_]+/g))

    expect([...names].filter((name) => !text.includes(`| \`${name}\` |`))).toEqual([])
  })

  test('names every input of the Action with its default, and every output', () => {
    type Action = {
      readonly inputs: Readonly<Record<string, { readonly default: string }>>
      readonly outputs: Readonly<Record<string, object>>
    }
    const { inputs, outputs }: Action = parseYaml(read('action.yml'))
    const rows = [
      ...Object.entries(inputs).map(([name, input]) => {
        return `| \`${name}\` | ${input.default ? `\`${input.default}\`` : '–'} |`
      }),
      ...Object.keys(outputs).map((name) => `| \`${name}\` |`),
    ]

    expect(rows.filter((row) => !text.includes(row))).toEqual([])
  })
})
