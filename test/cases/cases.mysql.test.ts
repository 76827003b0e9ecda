import { fileURLToPath } from 'node:url'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect } from 'vitest'
import { ERRNO, errnoOf } from '../../src/mysql/errno.ts'
import type { Session } from '../../src/mysql/session.ts'
import { productTables } from '../support/deployment.ts'
import { FLAVOUR, type MysqlTest, test } from '../support/mysql.ts'
import { type Case, loadCases } from './case.ts'
import { type Line, MigrateCommand } from './command.ts'
import {
  columnNames,
  createStatement,
  differenceOf,
  nextNumber,
  structureOf,
  unforeseeable,
} from './compare.ts'
import { eventsRan, hasEvents, stopEvents, Workload } from './writers.ts'

const OWN = fileURLToPath(new URL('.', import.meta.url))
const cases = (await loadCases(process.env.CASES ?? OWN)).filter(({ flavours }) =>
  flavours.includes(FLAVOUR),
)
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
    const last = result?.event === 'cutover' ? await revert(mysql, one, command) : result

    expect(await outcomeOf(command, last)).toMatch(patternOf(one))
    expect(workload.errors).toEqual([])
    if (one.expected.outcome === 'failed') {
      expect(await command.exited).toBe(1)
      expect(await productTables(observer)).toEqual([])
      expect(await witness(observer, { rows: quiet })).toEqual(liveBefore)
      return
    }
    expect(await command.exited).toBe(0)
    for (const table of await swappedTables(command)) {
      const { live, shadow, old } = table
      // After a revert the changed table has the shadow's name again.
      const pair = one.revert.length > 0 ? [live, shadow] : [old, live]
      await compareWithServersOwn(await applicationSession(mysql, one), one, { live, pair })
    }
  })
})

function start(mysql: MysqlTest, { change, options, revert: rounds }: Case): MigrateCommand {
  const alters = change.flatMap((statement) => ['--alter', statement])
  const window = rounds.length > 0 ? ['--revert-window', '10m'] : []
  return new MigrateCommand(mysql.url, [...alters, '--hold', ...window, ...options])
}

/** Writes in the revert window, and goes back. */
async function revert(mysql: MysqlTest, one: Case, command: MigrateCommand): Promise<Line | null> {
  const sync = await command.seen('reverse_in_sync', 'revert_impossible', 'failed')
  if (sync?.event !== 'reverse_in_sync') return sync
  const workload = new Workload(await applicationSession(mysql, one), one.revert)
  await workload.written(ROUNDS_AT_GATE)
  await workload.stop()
  expect(workload.errors).toEqual([])
  command.say('revert')
  return await command.seen('reverted', 'revert_impossible', 'failed')
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
  return await command.seen(one.revert.length > 0 ? 'cutover' : 'complete', 'failed')
}

/** The outcome as `complete` or `failed CODE: message`. */
async function outcomeOf(command: MigrateCommand, result: Line | null): Promise<string> {
  if (result === null) return `ended without a word: ${await command.stderr}`
  const { event, code, message, reason } = result
  if (event === 'revert_impossible') return `${event}: ${reason}`
  return event === 'failed' ? `failed ${code}: ${message}` : event
}

function patternOf({ expected, revert: rounds }: Case): RegExp {
  if (expected.outcome === 'complete') return rounds.length > 0 ? /^reverted$/ : /^complete$/
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

async function alterTable(
  session: Session,
  table: string,
  clauses: RawBuilder<unknown>,
): Promise<void> {
  try {
    await session.run(sql`ALTER TABLE ${sql.id(table)} ${clauses}`)
  } catch (error) {
    // One FULLTEXT index at a time is what the server builds in place.
    if (errnoOf(error) !== ERRNO.ONE_FULLTEXT_AT_A_TIME) throw error
    await session.run(sql`ALTER TABLE ${sql.id(table)} ${clauses}, ALGORITHM = COPY`)
  }
}

type Swapped = {
  readonly kind: string
  readonly live: string
  readonly shadow: string | null
  readonly old: string | null
}

async function swappedTables(command: MigrateCommand): Promise<readonly Swapped[]> {
  const started = await command.seen('started')
  // Sound: the port says what the event holds, and its test that it does.
  return ((started?.tables ?? []) as readonly Swapped[]).filter(({ kind }) => kind === 'alter')
}

/**
 * The server itself is the judge: the table of the old schema, which has all rows, is changed by the very ALTER, and
 * must then be what the table of the new schema is, in structure and in every row.
 */
async function compareWithServersOwn(
  session: Session,
  { change, ignore, expected }: Case,
  {
    live,
    pair: [old, changed],
  }: { readonly live: string; readonly pair: readonly (string | null)[] },
): Promise<void> {
  if (!old || !changed) throw new TypeError('a table that is changed leaves two')
  const before = await columnNames(session, old)
  await session.run(sql`SET SESSION sql_mode =
    'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'`)
  for (const statement of change) {
    const found = /^\s*ALTER\s+TABLE\s+(?:`((?:[^`]|``)+)`|(\S+))/i.exec(statement)
    const name = found?.[1]?.replaceAll('``', '`') ?? found?.[2]
    if (name?.toLowerCase() !== live.toLowerCase()) continue
    const clauses = sql.raw(statement.slice(found?.[0].length))
    await alterTable(session, old, clauses)
  }
  const wanted = await nextNumber(session, old)
  const unknown = [...ignore, ...(await unforeseeable(session, changed, before))]

  expect(await structureOf(session, changed)).toEqual(await structureOf(session, old))
  expect(await differenceOf(session, old, changed, unknown)).toEqual({
    rows: expect.any(Number),
    onlySome: [],
    onlyOther: [],
  })
  expect(await nextNumber(session, changed)).toSatisfy(
    (next: number | null) => next === null || wanted === null || next >= wanted,
  )
  if (expected.outcome === 'complete' && expected.structure !== null) {
    expect(await createStatement(session, changed)).toContain(expected.structure)
  }
}
