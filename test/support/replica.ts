import { sql } from 'kysely'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { Flavour } from '../../src/mysql/server.ts'
import type { Session } from '../../src/mysql/session.ts'
import {
  startThrowaway,
  type ThrowawayOptions,
  type ThrowawayServer,
} from '../../src/mysql/throwaway.ts'

/** A primary and a server that replicates it by GTID; both end with the pair. */
export type ReplicaPair = AsyncDisposable & {
  readonly primary: ThrowawayServer
  readonly replica: ThrowawayServer
  /** Holds the applying up, so that the replica lags more and more. */
  readonly holdUp: () => Promise<void>
  /** Lets it go on. */
  readonly goOn: () => Promise<void>
  /** Resolves when the replica has everything that is committed on the primary now. */
  readonly caughtUp: () => Promise<void>
  /** Ends the replication: what has arrived is applied, then the replica takes writes as a primary of its own. */
  readonly promote: () => Promise<void>
}

type Words = {
  /** Each alike for a primary and a replica: either may take over. */
  readonly args: readonly string[]
  readonly follow: (port: number) => string
  readonly start: string
  readonly stop: string
  readonly startApplying: string
  readonly stopApplying: string
  readonly stopReceiving: string
  /** Shows what has arrived in the column `receivedAs`. */
  readonly received: string
  readonly receivedAs: string
  readonly forget: string
  readonly position: string
  /** 0 once the position is applied. */
  readonly wait: (position: string) => string
}

const WORDS: Readonly<Record<Flavour, Words>> = {
  mysql: {
    args: ['--gtid-mode=ON', '--enforce-gtid-consistency=ON'],
    follow: (port) =>
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ${port}, SOURCE_USER = 'root',
        SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1, GET_SOURCE_PUBLIC_KEY = 1`,
    start: 'START REPLICA',
    stop: 'STOP REPLICA',
    startApplying: 'START REPLICA SQL_THREAD',
    stopApplying: 'STOP REPLICA SQL_THREAD',
    stopReceiving: 'STOP REPLICA IO_THREAD',
    received: 'SHOW REPLICA STATUS',
    receivedAs: 'Retrieved_Gtid_Set',
    forget: 'RESET REPLICA ALL',
    position: 'SELECT @@gtid_executed AS position',
    wait: (position) => `SELECT WAIT_FOR_EXECUTED_GTID_SET('${position}', 60) AS waited`,
  },
  mariadb: {
    args: ['--log-slave-updates=ON'],
    follow: (port) =>
      `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${port}, MASTER_USER = 'root',
        MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1`,
    start: 'START SLAVE',
    stop: 'STOP SLAVE',
    startApplying: 'START SLAVE SQL_THREAD',
    stopApplying: 'STOP SLAVE SQL_THREAD',
    stopReceiving: 'STOP SLAVE IO_THREAD',
    received: 'SHOW SLAVE STATUS',
    receivedAs: 'Gtid_IO_Pos',
    forget: 'RESET SLAVE ALL',
    position: 'SELECT @@gtid_binlog_pos AS position',
    wait: (position) => `SELECT MASTER_GTID_WAIT('${position}', 60) AS waited`,
  },
}

/**
 * Starts both servers and the replication; the replica is read only for others than `root`, as `read_only` is.
 * Statements on the primary from its first moment on are replicated.
 */
export async function startReplicaPair(
  flavour: Flavour,
  { env = process.env, args = [] }: ThrowawayOptions = {},
): Promise<ReplicaPair> {
  const words = WORDS[flavour]
  await using starting = new AsyncDisposableStack()
  const start = (more: readonly string[]) =>
    startThrowaway(flavour, { env, args: [...words.args, ...args, ...more] })
  const primary = starting.use(await start([]))
  const replica = starting.use(await start(['--server-id=2', '--read-only=ON']))
  const on = async (server: ThrowawayServer, ...statements: readonly string[]) => {
    await using session = await connect(parseTarget(server.url()))
    for (const statement of statements) await session.run(sql.raw(statement))
  }
  const ask = async (server: ThrowawayServer, query: string, column: string) => {
    await using session = await connect(parseTarget(server.url()))
    return await readText(session, query, column)
  }
  const applied = async (position: string) => {
    const waited = await ask(replica, words.wait(position), 'waited')
    if (waited !== '0') throw new Error(`the replica did not apply ${position}: ${waited}`)
  }
  const caughtUp = async () => applied(await ask(primary, words.position, 'position'))
  await on(replica, words.follow(primary.port), words.start)
  await caughtUp()
  const servers = starting.move()
  return {
    primary,
    replica,
    holdUp: () => on(replica, words.stopApplying),
    goOn: () => on(replica, words.startApplying),
    caughtUp,
    promote: async () => {
      await on(replica, words.startApplying, words.stopReceiving)
      await applied(await ask(replica, words.received, words.receivedAs))
      await on(replica, words.stop, words.forget, 'SET GLOBAL read_only = OFF')
    },
    [Symbol.asyncDispose]: () => servers.disposeAsync(),
  }
}

async function readText(session: Session, query: string, column: string): Promise<string> {
  const row = await session.row(sql.raw<Record<string, string | number | null>>(query))
  return String(row?.[column]).replaceAll('\n', '')
}
