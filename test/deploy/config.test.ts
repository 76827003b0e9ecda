import { describe, expect, test } from 'vitest'
import { formatRevertWindow, parseConfig, parseRevertWindow } from '../../src/deploy/config.ts'
import { Refusal } from '../../src/errors.ts'

describe('parseConfig', () => {
  test('needs two lines and fills in the rest', () => {
    expect(parseConfig('version: 1\ndatabases: { shop: { schema: schema/shop } }\n')).toEqual({
      version: 1,
      databases: {
        shop: {
          source: { kind: 'files', path: 'schema/shop' },
          branches: {
            production: {
              deploy: 'on-command',
              cutover: 'hold',
              revertWindowMs: 1_800_000,
              approvals: 0,
              deployers: [],
            },
          },
          lint: {},
        },
      },
    })
  })

  test('reads everything that can be said', () => {
    const config = parseConfig(`
      version: 1
      databases:
        shop:
          migrations: ./prisma/migrations/
          branches:
            staging:    { deploy: on-approve, cutover: auto, revert_window: 10m }
            production: { deploy: on-merge, cutover: hold, revert_window: off, approvals: 2, deployers: [acme/dba, alice] }
          lint: { redundant-index: warning, fk: error }
        live: { source: database, branches: { production: } }
    `)

    expect(config.databases.shop).toEqual({
      source: { kind: 'migrations', path: 'prisma/migrations' },
      branches: {
        staging: {
          deploy: 'on-approve',
          cutover: 'auto',
          revertWindowMs: 600_000,
          approvals: 0,
          deployers: [],
        },
        production: {
          deploy: 'on-merge',
          cutover: 'hold',
          revertWindowMs: null,
          approvals: 2,
          deployers: ['acme/dba', 'alice'],
        },
      },
      lint: { 'redundant-index': 'warning', fk: 'error' },
    })
    expect(config.databases.live).toMatchObject({
      source: { kind: 'database' },
      branches: { production: { deploy: 'on-command' } },
    })
  })

  test('refuses everything else and names the place', () => {
    const database = (yaml: string) => `version: 1\ndatabases:\n  shop: ${yaml}`
    const branch = (yaml: string) => database(`{ schema: s, branches: { production: ${yaml} } }`)
    const wrong = [
      '',
      'version: 2\ndatabases: { shop: { schema: s } }',
      'version: 1',
      'version: 1\ndatabases: {}',
      'version: 1\ndatabase: { shop: { schema: s } }',
      'version: 1\ndatabases: { shop: { schema: s } }\ndatabases: {}',
      'version: 1\ndatabases: { shop/x: { schema: s } }',
      'version: 1\ndatabases: { __proto__: { schema: s } }',
      'version: 1\ndatabases: { a: &x { schema: s }, b: *x }',
      'version: 1\n  databases: [',
      database('{}'),
      database('{ schema: s, migrations: m }'),
      database('{ schema: ../other }'),
      database('{ schema: /etc }'),
      database('{ schema: [s] }'),
      database('{ source: somewhere }'),
      database('{ schema: s, branches: {} }'),
      database('{ schema: s, lint: { fk: loud } }'),
      database('{ schema: s, lint: { redundent-index: off } }'),
      database('{ schema: s, lint: { whatever: off } }'),
      branch('{ deploy: sometimes }'),
      branch('{ cutover: true }'),
      branch('{ revert_window: 30 }'),
      branch('{ revert_window: 8d }'),
      branch('{ approvals: -1 }'),
      branch('{ deployers: ["@acme/dba"] }'),
      branch('{ revertWindow: 30m }'),
      `version: 1 # ${'x'.repeat(70_000)}`,
    ]

    expect(wrong.map(refusal)).toMatchInlineSnapshot(`
      [
        ".github/crossfade.yml must hold named values.",
        ".github/crossfade.yml: version must be a whole number from 1 to 1.",
        ".github/crossfade.yml: databases must hold named values.",
        ".github/crossfade.yml: databases must name a database.",
        ".github/crossfade.yml: database is unknown; known are version, databases.",
        ".github/crossfade.yml: line 3 must be YAML.",
        ".github/crossfade.yml: databases.shop/x must be named with letters, digits, - and _, at most 63.",
        ".github/crossfade.yml: databases.__proto__ must be named with letters, digits, - and _, at most 63.",
        ".github/crossfade.yml must not use aliases.",
        ".github/crossfade.yml: line 1 must be YAML.",
        ".github/crossfade.yml: databases.shop must have one of schema, migrations, source.",
        ".github/crossfade.yml: databases.shop must have one of schema, migrations, source.",
        ".github/crossfade.yml: databases.shop.schema must be the path of a folder inside the repository.",
        ".github/crossfade.yml: databases.shop.schema must be the path of a folder inside the repository.",
        ".github/crossfade.yml: databases.shop.schema must be a text.",
        ".github/crossfade.yml: databases.shop.source must be one of database.",
        ".github/crossfade.yml: databases.shop.branches must name a branch.",
        ".github/crossfade.yml: databases.shop.lint.fk must be one of off, info, warning, error.",
        ".github/crossfade.yml: databases.shop.lint.redundent-index is no rule; the nearest is redundant-index.",
        ".github/crossfade.yml: databases.shop.lint.whatever is no rule; docs/lint.md lists them.",
        ".github/crossfade.yml: databases.shop.branches.production.deploy must be one of on-open, on-approve, on-command, on-merge.",
        ".github/crossfade.yml: databases.shop.branches.production.cutover must be one of auto, hold.",
        ".github/crossfade.yml: databases.shop.branches.production.revert_window must be a text.",
        ".github/crossfade.yml: databases.shop.branches.production.revert_window must be off, or a time such as 30m, at most 7d.",
        ".github/crossfade.yml: databases.shop.branches.production.approvals must be a whole number from 0 to 20.",
        ".github/crossfade.yml: databases.shop.branches.production.deployers.0 must be a login or an org/team.",
        ".github/crossfade.yml: databases.shop.branches.production.revertWindow is unknown; known are deploy, cutover, revert_window, approvals, deployers.",
        ".github/crossfade.yml must be at most 65536 bytes.",
      ]
    `)
  })
})

describe('parseRevertWindow', () => {
  test('reads what formatRevertWindow writes', () => {
    for (const text of ['off', '90s', '30m', '2h', '7d']) {
      const window = parseRevertWindow(text)
      expect(window).toBeDefined()
      expect(formatRevertWindow(window ?? null)).toBe(text)
    }
  })

  test('says undefined to what is no window', () => {
    for (const text of ['', '0m', '30', '30 m', '1w', '8d', 'm', '-5m', '1.5h']) {
      expect(parseRevertWindow(text)).toBeUndefined()
    }
  })
})

function refusal(text: string): string {
  try {
    parseConfig(text)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  throw new Error(`not refused: ${text}`)
}
