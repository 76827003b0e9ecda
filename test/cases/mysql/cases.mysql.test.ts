import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { productTables } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'
import { type Case, type Expected, loadCases } from '../case.ts'
import { type Line, MigrateCommand } from '../command.ts'
import {
  columnNames,
  createStatement,
  differenceOf,
  nextNumber,
  structureOf,
  unforeseeable,
} from '../compare.ts'
import { eventsRan, hasEvents, stopEvents, Workload } from '../writers.ts'

const OWN = fileURLToPath(new URL('..', import.meta.url))
const cases = await loadCases(process.env.CASES ?? OWN)
const ROUNDS_AT_GATE = 20

describe.concurrent('crossfade migrate, case', () => {
  test.for(cases.map((one) => [one.name, one] as const))('%s', async ([, one], { mysql }) => {
    const observer = await mysql.session()
    await prepare(mysql, one)
    const quiet = one.workload.length === 0 && !(await hasEvents(observer))
    const liveBefore = await witness(observer, { rows: quiet })
    const workload = new Workload(await applicationSession(mysql, one), one.workload)
    using command = start(mysql, one)

    const result = await drive(command, { one, workload, observer })

    expect(await outcomeOf(command, result)).toMatch(patternOf(one.expected))
    expect(workload.errors).toEqual([])
    if (one.expected.outcome === 'failed') {
      expect(await command.exited).toBe(1)
      expect(await productTables(observer)).toEqual([])
      expect(await witness(observer, { rows: quiet })).toEqual(liveBefore)
      return
    }
    expect(await command.exited).toBe(0)
    for (const table of await swappedTables(command)) {
      await compareWithServersOwn(await applicationSession(mysql, one), one, table)
    }
  })
})

function start(mysql: MysqlTest, { change, options }: Case): MigrateCommand {
  const alters = change.flatMap((statement) => ['--alter', statement])
  return new MigrateCommand(mysql.url, [...alters, '--hold', ...options])
}

/** Stages, lets the application write at the gate, ends its writes, cuts over; returns the last event. */
async function drive(
  command: MigrateCommand,
  {
    one,
    workload,
    observer,
  }: { readonly one: Case; readonly workload: Workload; readonly observer: Session },
): Promise<Line | null> {
  const gate = await command.seen('ready_to_cutover', 'failed')
  if (gate?.event === 'ready_to_cutover') {
    if (one.workload.length > 0) await workload.written(ROUNDS_AT_GATE)
    if (await hasEvents(observer)) await eventsRan(observer, 2)
  }
  await workload.stop()
  await stopEvents(observer)
  command.say('cutover')
  return await command.seen('complete', 'failed')
}

/** The outcome as `complete` or `failed CODE: message`. */
async function outcomeOf(command: MigrateCommand, result: Line | null): Promise<string> {
  if (result === null) return `ended without a word: ${await command.stderr}`
  const { event, code, message } = result
  return event === 'failed' ? `failed ${code}: ${message}` : event
}

function patternOf(expected: Expected): RegExp {
  if (expected.outcome === 'complete') return /^complete$/
  return new RegExp(`^failed ${expected.code ?? ''}`)
}

/** A session as the application would have it: the server's own settings but for those that the case names. */
async function applicationSession(mysql: MysqlTest, one: Case): Promise<Session> {
  const session = await mysql.session()
  await session.run(sql`SET SESSION sql_mode = ${one.sqlMode ?? sql`@@GLOBAL.sql_mode`},
    time_zone = ${one.timeZone ?? sql`@@GLOBAL.time_zone`}, foreign_key_checks = 1`)
  return session
}

async function prepare(mysql: MysqlTest, one: Case): Promise<void> {
  const session = await applicationSession(mysql, one)
  for (const statement of one.before) await session.run(sql.raw(statement))
}

/** What must be as it was after a refusal: every table's structure, and its rows if nobody wrote. */
async function witness(session: Session, { rows }: { readonly rows: boolean }): Promise<unknown> {
  const tables = await session.rows(sql<{ name: string }>`
    SELECT TABLE_NAME AS name FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`)
  return await Promise.all(
    tables.map(async ({ name }) => ({
      structure: await structureOf(session, name),
      rows: rows ? await session.row(sql`CHECKSUM TABLE ${sql.id(name)}`) : null,
    })),
  )
}

type Swapped = { readonly kind: string; readonly live: string; readonly old: string | null }

async function swappedTables(command: MigrateCommand): Promise<readonly Swapped[]> {
  const started = await command.seen('started')
  // Sound: the port says what the event holds, and its test that it does.
  return ((started?.tables ?? []) as readonly Swapped[]).filter(({ kind }) => kind === 'alter')
}

/**
 * The server itself is the judge: the old table, which has all rows, is changed by the very ALTER, and must then be
 * what the new table is, in structure and in every row.
 */
async function compareWithServersOwn(
  session: Session,
  { change, ignore, expected }: Case,
  { live, old }: Swapped,
): Promise<void> {
  if (old === null) throw new TypeError('a table that is changed leaves an old one')
  const before = await columnNames(session, old)
  const numberBefore = await nextNumber(session, old)
  await session.run(sql`SET SESSION sql_mode =
    'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'`)
  for (const statement of change) {
    const found = /^\s*ALTER\s+TABLE\s+(?:`((?:[^`]|``)+)`|(\S+))/i.exec(statement)
    const name = found?.[1]?.replaceAll('``', '`') ?? found?.[2]
    if (name?.toLowerCase() !== live.toLowerCase()) continue
    const clauses = sql.raw(statement.slice(found?.[0].length))
    await session.run(sql`ALTER TABLE ${sql.id(old)} ${clauses}`)
  }
  const unknown = [...ignore, ...(await unforeseeable(session, live, before))]

  expect(await structureOf(session, live)).toEqual(await structureOf(session, old))
  expect(await differenceOf(session, old, live, unknown)).toEqual({
    rows: expect.any(Number),
    onlySome: [],
    onlyOther: [],
  })
  expect(await nextNumber(session, live)).toSatisfy(
    (next: number | null) => next === null || numberBefore === null || next >= numberBefore,
  )
  if (expected.outcome === 'complete' && expected.structure !== null) {
    expect(await createStatement(session, live)).toContain(expected.structure)
  }
}
