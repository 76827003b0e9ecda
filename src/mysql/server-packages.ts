import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '../clock.ts'
import type { Flavour } from './server.ts'

const run = promisify(execFile)

/** Where a family's server is packaged in Debian: MySQL only in the development suite, MariaDB in each release. */
const PACKAGES: Readonly<Record<Flavour, { readonly suite: string; readonly names: string[] }>> = {
  mysql: { suite: 'sid', names: ['mysql-server-core', 'mysql-client-core'] },
  mariadb: { suite: 'bookworm', names: ['mariadb-server-core', 'mariadb-client-core'] },
}

/**
 * Unpacks a family's Debian packages, with every library they need, into `folder`, and returns the folder that
 * holds `usr/`. Nothing is installed and the machine's own package state is neither read nor changed. A folder
 * that is already filled is used as it is; of two processes that fill it at once, the second waits.
 *
 * @throws when this is no Debian system or its mirror does not answer.
 */
export async function unpackServer(flavour: Flavour, folder: string): Promise<string> {
  const root = join(folder, 'root')
  if (existsSync(root)) return root
  await mkdir(folder, { recursive: true })
  return await withFolderLock(join(folder, 'filling'), async () => {
    if (existsSync(root)) return root
    const work = join(folder, `unpack-${process.pid}`)
    try {
      await download(flavour, work)
      await mkdir(join(work, 'root'))
      const archives = join(work, 'cache', 'archives')
      for (const name of (await readdir(archives)).filter((file) => file.endsWith('.deb'))) {
        await run('dpkg-deb', ['-x', join(archives, name), join(work, 'root')])
      }
      await rename(join(work, 'root'), root)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
    return root
  })
}

/** Fetches the packages with a package state of our own, so that every dependency is fetched, even libc. */
async function download(flavour: Flavour, work: string): Promise<void> {
  const { suite, names } = PACKAGES[flavour]
  await mkdir(join(work, 'lists', 'partial'), { recursive: true })
  await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true })
  await writeFile(join(work, 'status'), '')
  const source = `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${await findMirror()} ${suite} main\n`
  await writeFile(join(work, 'sources.list'), source)
  const options = [
    `Dir::Etc::sourcelist=${join(work, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::Lists=${join(work, 'lists')}`,
    `Dir::State::status=${join(work, 'status')}`,
    `Dir::Cache=${join(work, 'cache')}`,
  ].flatMap((option) => ['-o', option])
  await run('apt-get', [...options, 'update'])
  await run('apt-get', [
    ...options,
    '--yes',
    '--download-only',
    '--no-install-recommends',
    'install',
    ...names,
  ])
}

/** The Debian mirror that the machine's own package sources name, in either of their two formats. */
async function findMirror(): Promise<string> {
  const folder = '/etc/apt/sources.list.d'
  const files = existsSync(folder)
    ? (await readdir(folder)).sort().map((name) => join(folder, name))
    : []
  for (const file of ['/etc/apt/sources.list', ...files].filter((name) => existsSync(name))) {
    const text = await readFile(file, 'utf8')
    const found = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(https?:\/\/\S*\/debian)\/?(?:\s|$)/m.exec(
      text,
    )
    if (found?.[1]) return found[1]
  }
  throw new Error('the package sources of this machine name no Debian mirror')
}

/** A lock that a killed process leaves behind is taken over once it is older than any download takes. */
const STALE_LOCK_MS = 5 * 60_000

async function withFolderLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      await mkdir(lock)
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      // The holder may have released it between the two calls: then there is nothing to measure.
      const age = await stat(lock).then(
        (found) => systemClock.now().getTime() - found.mtimeMs,
        () => 0,
      )
      if (age > STALE_LOCK_MS) await rm(lock, { recursive: true, force: true })
      await systemClock.sleep(200)
    }
  }
  try {
    return await work()
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}
