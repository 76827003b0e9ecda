import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { systemClock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import type { Flavour } from './server.ts'
import { unpackServer } from './server-packages.ts'

const run = promisify(execFile)

/** How to start a server program: the program, what must stand before all other arguments, and its base folder. */
type Program = {
  readonly flavour: Flavour
  readonly command: string
  readonly prefix: readonly string[]
  readonly base: string | null
}

/** A server that lives in a temporary folder until it is stopped. User `root` has no password. */
export type ThrowawayServer = AsyncDisposable & {
  readonly flavour: Flavour
  readonly port: number
  readonly socketPath: string
  readonly pid: number
  /** `mysql://root@127.0.0.1:PORT/schema`; without a schema when none is given. */
  readonly url: (schema?: string) => string
  /** Ends it as `kill -9` would; the data stay, `start` brings it back. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same port with the same data. */
  readonly start: () => Promise<void>
  /** Ends it and removes its folder. */
  readonly stop: () => Promise<void>
}

export type ThrowawayOptions = {
  /** The environment to look for `CROSSFADE_MYSQLD`, `CROSSFADE_MARIADBD`, `CROSSFADE_SERVER_CACHE` and `PATH`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** More arguments for the server, each `--name=value`; they come last, so they win. */
  readonly args?: readonly string[]
}

const NAMES: Readonly<Record<Flavour, { readonly variable: string; readonly program: string }>> = {
  mysql: { variable: 'CROSSFADE_MYSQLD', program: 'mysqld' },
  mariadb: { variable: 'CROSSFADE_MARIADBD', program: 'mariadbd' },
}

/**
 * Starts a throwaway server with the binlog on, on a free loopback port.
 *
 * The program is the one that the environment names, else the one on PATH, else one unpacked from Debian's
 * packages into a cache folder. Its folder is removed by `stop`; a process that exits without it ends
 * the server and leaves the folder in the system's temporary folder.
 *
 * @throws {Refusal} SERVER_NOT_FOUND with every place that was tried.
 */
export async function startThrowaway(
  flavour: Flavour,
  { env = {}, args = [] }: ThrowawayOptions = {},
): Promise<ThrowawayServer> {
  const program = await findProgram(flavour, env)
  const folder = await mkdtemp(join(tmpdir(), 'crossfade-'))
  await cp(await findTemplate(program, cacheFolder(env)), join(folder, 'data'), { recursive: true })
  // MySQL's server_uuid: a server without one makes its own, and a replica must not have its source's.
  await rm(join(folder, 'data', 'auto.cnf'), { force: true })
  const port = await freePort()
  const socketPath = join(folder, 's')
  let child: ChildProcess | null = null
  const start = async () => {
    const log = await open(join(folder, 'log'), 'a')
    child = spawn(program.command, [...serverArguments(program, folder, port), ...args], {
      stdio: ['ignore', log.fd, log.fd],
    })
    await log.close()
    await untilReady(child, socketPath, join(folder, 'log'))
  }
  // A process that ends without `stop` must not leave a server behind; it can only signal by then.
  const reap = () => child?.kill('SIGKILL')
  process.once('exit', reap)
  const end = async (signal: NodeJS.Signals) => {
    const ending = child
    child = null
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
    const exited = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    await exited
  }
  const stop = async () => {
    // Nothing in the folder is wanted any more, so there is nothing for the server to save.
    await end('SIGKILL')
    process.off('exit', reap)
    await rm(folder, { recursive: true, force: true })
  }
  await start()
  return {
    flavour,
    port,
    socketPath,
    get pid() {
      return child?.pid ?? 0
    },
    url: (schema = '') => `mysql://root@127.0.0.1:${port}/${schema}`,
    kill: () => end('SIGKILL'),
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function cacheFolder(env: NonNullable<ThrowawayOptions['env']>): string {
  return env.CROSSFADE_SERVER_CACHE ?? join(homedir(), '.cache', 'crossfade', 'servers')
}

async function findProgram(
  flavour: Flavour,
  env: NonNullable<ThrowawayOptions['env']>,
): Promise<Program> {
  const { variable, program } = NAMES[flavour]
  const named = env[variable]
  const tried: string[] = []
  if (named) {
    if (existsSync(named)) return { flavour, command: named, prefix: [], base: null }
    tried.push(`${variable}=${named} (no such file)`)
  } else {
    tried.push(`${variable} (not set)`)
  }
  for (const folder of new Set([
    ...(env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
  ])) {
    const path = join(folder, program)
    if (folder && existsSync(path) && (await isFlavour(path, flavour))) {
      return { flavour, command: path, prefix: [], base: null }
    }
  }
  tried.push(`${program} on PATH and in /usr/sbin`)
  try {
    return unpacked(flavour, await unpackServer(flavour, join(cacheFolder(env), flavour)))
  } catch (error) {
    tried.push('Debian packages (no apt-get, or its mirror does not answer)')
    throw new Refusal('SERVER_NOT_FOUND', `No ${program} was found. Tried: ${tried.join('; ')}.`, {
      next: `Install ${flavour === 'mysql' ? 'MySQL' : 'MariaDB'} with a package manager, or set ${variable} to the path of its server program.`,
      cause: error,
    })
  }
}

/** MariaDB installs a program named mysqld too. */
async function isFlavour(path: string, flavour: Flavour): Promise<boolean> {
  const { stdout } = await run(path, ['--no-defaults', '--version']).catch(() => ({ stdout: '' }))
  return stdout !== '' && /mariadb/i.test(stdout) === (flavour === 'mariadb')
}

/** Unpacked packages bring their own libc, so they run with their own loader beside any installed one. */
function unpacked(flavour: Flavour, root: string): Program {
  const loader = [
    'lib64',
    'usr/lib64',
    'lib/x86_64-linux-gnu',
    'usr/lib/x86_64-linux-gnu',
    'lib/aarch64-linux-gnu',
    'usr/lib/aarch64-linux-gnu',
    'usr/lib',
    'lib',
  ]
    .flatMap((folder) =>
      ['ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'].map((name) => join(root, folder, name)),
    )
    .find((path) => existsSync(path))
  if (!loader) throw new Error('the unpacked packages hold no loader')
  const triplets = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  const libraries = ['usr/lib', 'lib']
    .flatMap((folder) => [
      ...triplets.map((triplet) => join(root, folder, triplet)),
      join(root, folder),
    ])
    .filter((path) => existsSync(path))
  return {
    flavour,
    command: loader,
    prefix: [
      '--library-path',
      libraries.join(':'),
      join(root, 'usr', 'sbin', NAMES[flavour].program),
    ],
    base: join(root, 'usr'),
  }
}

function baseArguments({ prefix, base, flavour }: Program): string[] {
  const places =
    base === null
      ? []
      : [
          `--basedir=${base}`,
          `--lc-messages-dir=${join(base, 'share', 'mysql')}`,
          `--plugin-dir=${join(base, 'lib', 'mysql', 'plugin')}`,
        ]
  const user = userInfo().username === 'root' ? ['--user=root'] : []
  const quiet = flavour === 'mysql' ? ['--mysqlx=OFF'] : []
  return [...prefix, '--no-defaults', ...places, ...user, ...quiet]
}

function serverArguments(program: Program, folder: string, port: number): string[] {
  return [
    ...baseArguments(program),
    `--datadir=${join(folder, 'data')}`,
    `--socket=${join(folder, 's')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--tmpdir=${folder}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--secure-file-priv=',
    '--server-id=1',
    '--log-bin=binlog',
    '--binlog-format=ROW',
    '--binlog-row-image=FULL',
    '--innodb-buffer-pool-size=256M',
    '--max-connections=300',
    '--character-set-server=utf8mb4',
  ]
}

/** An initialised, empty data folder, made once per program and copied for every server. */
async function findTemplate(program: Program, cache: string): Promise<string> {
  const template = join(cache, `${program.flavour}-data`)
  if (existsSync(template)) return template
  const made = await mkdtemp(join(tmpdir(), 'crossfade-template-'))
  const data = join(made, 'data')
  if (program.flavour === 'mysql') {
    await run(program.command, [
      ...baseArguments(program),
      '--initialize-insecure',
      `--datadir=${data}`,
      `--tmpdir=${made}`,
    ])
  } else {
    await initialiseMariadb(program, data, made)
  }
  await mkdir(cache, { recursive: true })
  try {
    await rename(data, template)
    await rm(made, { recursive: true, force: true })
    return template
  } catch {
    // Another process was first, or the cache is on another disk: either way our own copy is good for this run.
    if (!existsSync(template)) await cp(data, template, { recursive: true })
    await rm(made, { recursive: true, force: true })
    return template
  }
}

/** What MariaDB's install script does, without its shell: the system tables from the packaged SQL files. */
async function initialiseMariadb(program: Program, data: string, made: string): Promise<void> {
  const share = program.base === null ? '/usr/share/mysql' : join(program.base, 'share', 'mysql')
  const files = [
    'mysql_system_tables.sql',
    'mysql_performance_tables.sql',
    'mysql_system_tables_data.sql',
    'fill_help_tables.sql',
    'maria_add_gis_sp_bootstrap.sql',
  ]
  const texts = await Promise.all(
    files
      .map((name) => join(share, name))
      .filter((path) => existsSync(path))
      .map((path) => readFile(path, 'utf8')),
  )
  await mkdir(join(data, 'mysql'), { recursive: true })
  const auth =
    "INSERT INTO global_priv SELECT 'localhost', 'root', JSON_OBJECT('access', 18446744073709551615) FROM dual WHERE NOT EXISTS (SELECT 1 FROM global_priv WHERE User = 'root');\n"
  const child = spawn(
    program.command,
    [
      ...baseArguments(program),
      '--bootstrap',
      `--datadir=${data}`,
      `--tmpdir=${made}`,
      '--log-warnings=0',
      '--enforce-storage-engine=',
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  )
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  child.stdin.end(
    `CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n${texts.join('\n')}\n${auth}`,
  )
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`MariaDB could not be initialised: ${complaint.slice(-2000)}`)
}

const READY_WITHIN_MS = 60_000

async function untilReady(child: ChildProcess, socketPath: string, log: string): Promise<void> {
  const deadline = systemClock.now().getTime() + READY_WITHIN_MS
  for (;;) {
    if (
      child.exitCode !== null ||
      child.signalCode !== null ||
      systemClock.now().getTime() > deadline
    ) {
      child.kill('SIGKILL')
      const text = await readFile(log, 'utf8')
      throw new Error(
        `The throwaway server did not start. The end of its log:\n${text.slice(-2000)}`,
      )
    }
    try {
      const connection = await createConnection({ socketPath, user: 'root' })
      await connection.end()
      return
    } catch {
      // Not yet: it is still starting.
      await systemClock.sleep(50)
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', resolve)
  })
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string')
    throw new TypeError('a TCP server has a port')
  return address.port
}
