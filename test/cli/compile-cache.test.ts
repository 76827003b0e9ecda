import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const MODULE = fileURLToPath(new URL('../../src/cli/compile-cache.ts', import.meta.url))
/** Longer than any start: a command that never ends is ended. */
const LIMIT_MS = 20_000

test.for([
  ['empty', ''],
  ['a folder here', 'home'],
  ['a folder in which none can be made, and that is said to be missing', '/proc/1'],
  ['a folder that is not there', '/nonexistent'],
  ['a file', MAIN],
] as const)('the command runs, and writes nothing here, when HOME is %s', async ([, home]) => {
  const here = await aFolder()

  const help = await run([MAIN, 'lint', '--help'], { cwd: here, home })

  expect(help).toMatchObject({ status: 0, said: '', printed: expect.stringMatching(/^Usage:/) })
  expect(await readdir(here)).toEqual([])
})

test('what was compiled before is not run once its source is another, of the same size and time', async () => {
  const home = await aFolder()
  const main = join(home, 'main.ts')
  await cp(MODULE, join(home, 'compile-cache.ts'))
  await writeFile(
    main,
    "import { keepCompiled } from './compile-cache.ts'\nkeepCompiled()\nawait import('./word.ts')\n",
  )
  const word = join(home, 'word.ts')
  const at = new Date('2026-01-01')
  const say = async (said: string) => {
    await writeFile(word, `const word: string = '${said}'\nconsole.log(word)\n`)
    await utimes(word, at, at)
    return (await run([main], { cwd: home, home })).printed
  }

  expect(await say('old')).toBe('old\n')
  expect(await say('old')).toBe('old\n')
  expect(await readdir(join(home, '.cache', 'crossfade'))).toHaveLength(1)
  expect(await say('new')).toBe('new\n')
  expect(await readFile(word, 'utf8')).toContain('new')
})

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'crossfade-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function run(
  args: readonly string[],
  { cwd, home }: { readonly cwd: string; readonly home: string },
) {
  const { HOME, NODE_COMPILE_CACHE, ...env } = process.env
  const child = spawn(process.execPath, [...args], {
    cwd,
    env: { ...env, HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  const [[status], printed, said] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { status, printed, said }
}
