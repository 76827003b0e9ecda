import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { connect, parseTarget, type Target } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import { startThrowaway, type ThrowawayServer } from '../../src/mysql/throwaway.ts'
import type { Store } from '../../src/store/database.ts'
import { openStore } from '../../src/store/open.ts'
import { type GitHub, startGitHub } from '../support/github/github.ts'
import { type BotProcess, type Death, prepareBot } from './bot-process.ts'
import { REPOSITORY_FILES, seedShop } from './shop.ts'

/** A shop in production, its repository on GitHub, and the bot between them. */
export type World = AsyncDisposable & {
  readonly server: ThrowawayServer
  /** The shop's production schema. */
  readonly target: Target
  readonly session: Session
  readonly store: Store
  readonly github: GitHub
  readonly bot: BotProcess
}

export type WorldOptions = {
  readonly orders: number
  readonly env: Readonly<Record<string, string | undefined>>
  /** Called when the bot ends and nobody here has ended it. */
  readonly onBotDeath: (death: Death) => void
}

/** Starts all of it; what was started ends when the world is disposed of, or when its start fails. */
export async function startWorld({ orders, env, onBotDeath }: WorldOptions): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'crossfade-demo-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const server = stack.use(
    await startThrowaway('mysql', {
      env,
      args: ['--innodb-print-all-deadlocks=ON', '--log-error-verbosity=3'],
    }),
  )
  const github = stack.use(
    await startGitHub({ files: REPOSITORY_FILES, requiredChecks: ['schema'] }),
  )
  const admin = stack.use(await connect(parseTarget(server.url())))
  await admin.run(sql`CREATE DATABASE shop`)
  await admin.run(sql`CREATE DATABASE crossfade`)
  const target = parseTarget(server.url('shop'))
  const session = stack.use(await connect(target))
  await seedShop(session, orders)
  const storeUrl = server.url('crossfade')
  const productionUrl = server.url('shop')
  const bot = stack.use(await prepareBot({ github, storeUrl, productionUrl, folder }))
  await bot.start(onBotDeath)
  const store = await openStore(storeUrl)
  stack.defer(() => store.destroy())
  const owned = stack.move()
  return {
    server,
    target,
    session,
    store,
    github,
    bot,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
