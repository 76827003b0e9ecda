import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

/** Which room may import which: the picture in ARCHITECTURE.md as data. A room may always import itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  src: [],
  'src/mysql': ['src'],
  'src/schema': ['src', 'src/mysql'],
  'src/lint': ['src', 'src/schema'],
  'src/deploy': ['src', 'src/schema', 'src/lint'],
  'src/binlog': ['src', 'src/mysql'],
  'src/engine': ['src', 'src/mysql', 'src/schema', 'src/binlog'],
  'src/forecast': ['src', 'src/mysql', 'src/schema', 'src/lint', 'src/deploy', 'src/engine'],
  'src/store': ['src', 'src/deploy', 'src/mysql'],
  'src/render': ['src', 'src/schema', 'src/lint', 'src/deploy'],
  'src/cli': [
    'src',
    'src/mysql',
    'src/schema',
    'src/lint',
    'src/deploy',
    'src/engine',
    'src/forecast',
    'src/render',
  ],
  action: ['src', 'src/mysql', 'src/schema', 'src/lint', 'src/deploy', 'src/render'],
  bot: [
    'src',
    'src/mysql',
    'src/schema',
    'src/lint',
    'src/deploy',
    'src/engine',
    'src/forecast',
    'src/store',
    'src/render',
  ],
}

/** Which packages a room may use; Node's own modules are free, except where a room is to be pure. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  'src/mysql': ['kysely', 'mysql2'],
  'src/schema': ['kysely'],
  'src/binlog': ['kysely', 'mysql2'],
  'src/engine': ['kysely'],
  'src/forecast': ['kysely'],
  'src/store': ['kysely', 'mysql2'],
  'src/deploy': ['yaml'],
  'src/cli': ['kysely'],
  action: ['@actions/core', '@actions/github'],
  bot: ['probot', 'jose', 'yaml'],
}

const files = globSync('{action,bot,src}/**/*.ts')
  .filter((file) => !file.startsWith('action/dist/'))
  .map((file) => ({ file }))

test.each(files)('$file imports only what its room may', ({ file }) => {
  const room = roomOf(file)
  const rooms = importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => roomOf(join(dirname(file), target)))
    .filter((target) => target !== room)
  const packages = importsOf(file)
    .filter((target) => !target.startsWith('.') && !target.startsWith('node:'))
    .map(packageOf)

  expect(mayImport[room], `no rule for the room ${room}`).toBeDefined()
  expect(mayImport[room]).toEqual(expect.arrayContaining([...new Set(rooms)]))
  expect(mayUse[room] ?? []).toEqual(expect.arrayContaining([...new Set(packages)]))
})

test.each(files)(
  '$file leaves environment, time and chance to the files that own them',
  ({ file }) => {
    const text = readFileSync(file, 'utf8')
    const owns = (names: readonly string[]) => names.includes(file)

    if (!owns(['action/inputs.ts', 'bot/config.ts', 'src/cli/main.ts'])) {
      expect(text).not.toMatch(/process\.env\b/)
    }
    if (!owns(['src/clock.ts'])) {
      expect(text).not.toMatch(/new Date\(\)|Math\.random\(|Date\.now\(/)
    }
  },
)

function importsOf(file: string): string[] {
  const matches = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)[^'"]*?from '([^']+)'|^import '([^']+)'/gm,
  )
  return [...matches].map(([, from, bare]) => from ?? bare ?? '')
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
}

function roomOf(file: string): string {
  const parts = dirname(file).split('/')
  return parts[0] === 'src' ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
}
