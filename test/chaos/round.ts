import { sql } from 'kysely'
import type { EngineOutcome } from '../../src/engine/port.ts'
import { connect, parseTarget, type Target } from '../../src/mysql/connect.ts'
import { ERRNO } from '../../src/mysql/errno.ts'
import type { Flavour } from '../../src/mysql/server.ts'
import type { Session } from '../../src/mysql/session.ts'
import { startThrowaway, type ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { HeldStream } from '../support/held-stream.ts'
import { type Report, startWorkload } from '../support/workload.ts'
import { Ballast } from './ballast.ts'
import { Driver } from './driver.ts'
import { toText } from './fault.ts'
import type { Scenario } from './scenario.ts'
import type { ChaosTable } from './shape.ts'
import { Timeline } from './timeline.ts'

/** How a round went; it is good when `problems` is empty. */
export type RoundResult = {
  readonly seed: number
  readonly seconds: number
  readonly outcome: EngineOutcome | 'none'
  readonly settings: readonly string[]
  readonly statements: readonly string[]
  readonly rows: number
  readonly writes: number
  /** Writes of which nobody knows whether they happened, because the server was killed. */
  readonly doubts: number
  readonly faults: readonly string[]
  /** Rows that are lost, invented or changed, errors of the application, and whatever else is wrong. */
  readonly problems: readonly string[]
  readonly timeline: readonly string[]
}

const SCHEMA = 'shop'
const ENGINE_USER = 'crossfade'
/** Longer than any pause of the engine, also on a machine that has much to do. */
const STUCK_MS = 90_000
/** Problems that are worth printing. */
const MOST_PROBLEMS = 40

/** Plays one round on a server of its own. */
export async function playRound(
  scenario: Scenario,
  flavour: Flavour,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RoundResult> {
  const { seed } = scenario
  const timeline = new Timeline()
  await using server = await startThrowaway(flavour, { env, args: scenario.settings })
  const admin = parseTarget(server.url(SCHEMA))
  await prepare(server, scenario)
  await using stream = await HeldStream.open({ ...admin, user: ENGINE_USER, password: ENGINE_USER })
  await using workload = await startWorkload({
    target: admin,
    tables: scenario.tables.map((table) => table.workload),
    writers: scenario.writers,
    writesPerSecond: scenario.writesPerSecond,
    seed,
    reconnect: true,
  })
  const driver = new Driver(scenario, {
    target: stream.target,
    workload,
    timeline,
    victims: {
      server,
      admin,
      stream,
      engineUser: ENGINE_USER,
      table: scenario.tables[0]?.workload.name ?? '',
      chance: scenario.chance,
    },
  })
  // Many rows at once and a unique key: the application's own statements would roll each other back.
  const heavy = scenario.tables.find(({ alter }) => !alter.includes('UNIQUE'))
  const ballast = scenario.torn && heavy ? new Ballast(admin, heavy) : null
  const { outcome, problems } = await driveToEnd(driver)
  await ballast?.stop()
  const report = await workload.stop()
  if (server.pid === 0) await server.start()
  if (ballast) {
    await using session = await connect(admin)
    await ballast.clear(session)
    timeline.note(`${ballast.times} times large events`)
  }
  const compared = await compare(admin, scenario, { report, outcome, timeline })
  return {
    seed,
    seconds: Math.round(timeline.ms / 1000),
    outcome,
    settings: scenario.settings,
    statements: scenario.tables.map(({ alter }) => alter),
    rows: compared.rows,
    writes: report.writes,
    doubts: report.doubts,
    faults: driver.struck.map(toText),
    problems: [...problems, ...compared.problems].slice(0, MOST_PROBLEMS),
    timeline: timeline.lines,
  }
}

type Ended = { readonly outcome: EngineOutcome | 'none'; readonly problems: readonly string[] }

async function driveToEnd(driver: Driver): Promise<Ended> {
  const { promise: stuck, reject } = Promise.withResolvers<never>()
  const timer = setInterval(() => {
    if (driver.idleMs < STUCK_MS) return
    clearInterval(timer)
    void driver.askWhatNow().then(() => reject(new Error('nothing happens any more')))
  }, 1000)
  try {
    return { outcome: await Promise.race([driver.run(), stuck]), problems: [] }
  } catch (error) {
    return { outcome: 'none', problems: [error instanceof Error ? error.message : String(error)] }
  } finally {
    clearInterval(timer)
    await driver.stop()
  }
}

/** Tables with their first rows, and the account of the engine with the rights that the documentation asks for. */
async function prepare(server: ThrowawayServer, { tables }: Scenario): Promise<void> {
  await using session = await connect(parseTarget(server.url()))
  await session.run(sql`CREATE DATABASE ${sql.id(SCHEMA)}`)
  await session.run(sql`USE ${sql.id(SCHEMA)}`)
  await session.run(
    sql`CREATE USER ${sql.lit(ENGINE_USER)}@'%' IDENTIFIED BY ${sql.lit(ENGINE_USER)}`,
  )
  await session.run(sql`GRANT ALL ON *.* TO ${sql.lit(ENGINE_USER)}@'%'`)
  for (const table of tables) await fill(session, table)
}

async function fill(session: Session, { create, workload }: ChaosTable): Promise<void> {
  await session.run(sql.raw(create))
  const rows = Array.from({ length: workload.initialRows ?? 0 }, (_, index) => ({
    ...workload.key(index + 1),
    ...workload.initial(index + 1),
  }))
  for (let first = 0; first < rows.length; first += 500) {
    const some = rows.slice(first, first + 500)
    const names = Object.keys(some[0] ?? {}).map((name) => sql.id(name))
    const values = some.map((row) => sql`(${sql.join(Object.values(row))})`)
    await session.run(
      sql`INSERT INTO ${sql.id(workload.name)} (${sql.join(names)}) VALUES ${sql.join(values)}`,
    )
  }
}

async function compare(
  admin: Target,
  { tables, ending, faults }: Scenario,
  {
    report,
    outcome,
    timeline,
  }: {
    readonly report: Report
    readonly outcome: EngineOutcome | 'none'
    readonly timeline: Timeline
  },
): Promise<{ readonly rows: number; readonly problems: readonly string[] }> {
  const problems: string[] = []
  if (outcome !== ending) problems.push(`it ended as ${outcome} instead of ${ending}`)
  const serverDied = faults.some(({ kind }) => kind === 'kill_server')
  await using session = await connect(admin)
  for (const { code, message, connectionLost, at, errno } of report.errors) {
    if (serverDied && connectionLost) continue
    problems.push(`the application got ${code}: ${message}`)
    timeline.note(`the application got ${code}`, at)
    if (errno === ERRNO.DEADLOCK) problems.push(await lastDeadlock(session))
  }
  let rows = 0
  for (const { workload } of tables) {
    const { compared, missing, phantom, different } = await report.compare(session, workload.name)
    rows += compared
    problems.push(
      ...missing.map((key) => `${workload.name}: lost ${key}`),
      ...phantom.map((key) => `${workload.name}: invented ${key}`),
      ...different.map((what) => `${workload.name}: changed ${what}`),
    )
  }
  if (outcome === ending) problems.push(...(await leftovers(session, tables)))
  return { rows, problems }
}

/** What the server remembers of the last deadlock: who held what, and who waited. */
async function lastDeadlock(session: Session): Promise<string> {
  const row = await session.row(sql<{ Status: string }>`SHOW ENGINE INNODB STATUS`)
  return /LATEST DETECTED DEADLOCK[\s\S]*?(?=\nTRANSACTIONS\n)/.exec(row?.Status ?? '')?.[0] ?? ''
}

/** One table is kept for each change: the old one, or after a revert the new one. */
async function leftovers(
  session: Session,
  tables: readonly ChaosTable[],
): Promise<readonly string[]> {
  const found = await session.rows(sql<{ name: string }>`
    SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${SCHEMA}`)
  const expected = 2 * tables.length
  const names = found.map(({ name }) => name)
  return names.length === expected ? [] : [`${expected} tables are expected: ${names.join(', ')}`]
}
