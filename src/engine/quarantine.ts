import { sql } from 'kysely'
import type { Clock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import { dictionaryRows } from '../mysql/dictionary.ts'
import { errnoOf, isConnectionLost, isContention } from '../mysql/errno.ts'
import { ENGINE_SCHEMA, quarantinedUntil, quarantineName, tableNames } from '../mysql/identifier.ts'
import type { Session } from '../mysql/session.ts'
import { fromSqlTime, toSqlTime } from './checkpoint.ts'
import { openEngineSchema } from './engine-schema.ts'
import { ownComment } from './follower.ts'
import type { EngineRequest, TableOperation } from './port.ts'
import { findTable } from './table/table-shape.ts'

/**
 * What becomes of the tables that a deployment keeps: the old ones after it is complete, the new ones after a revert.
 * They get a name with an expiry in it and a record beside the checkpoints, and the janitor drops those whose time is
 * over by both. The record is written before the name, so a crash between the two leaves a record without a table,
 * which means nothing, or the deployment that renames it when it goes on.
 */

const QUARANTINE = sql.id(ENGINE_SCHEMA, 'quarantine')
/** Somebody may be reading the table; it is not worth holding up the end of a deployment for long. */
const RENAME_TRIES = 3
const PAUSE_MS = 1_000

/** A table that waits for its end. */
export type QuarantinedTable = {
  readonly table: string
  readonly deploymentId: string
  readonly keepUntil: Date
  readonly bytes: number
}

type Kept = {
  readonly schema: string
  readonly request: EngineRequest
  readonly outcome: 'complete' | 'reverted'
}

/**
 * Puts the tables that a deployment keeps into quarantine, as far as they are there; does nothing where the request gives
 * no time. A table that others use all the while, or that the server does not rename, keeps its name, and nobody drops it:
 * the deployment is over all the same.
 */
export async function quarantineTables(
  session: Session,
  { schema, request, outcome }: Kept,
  clock: Clock,
): Promise<void> {
  const { id, quarantineMs, operations } = request
  if (quarantineMs === null) return
  await forgetNameless(session, schema, id)
  const until = new Date(clock.now().getTime() + quarantineMs)
  for (const operation of operations) {
    const from = keptName(id, operation, outcome)
    if (from === null || !(await findTable(session, schema, from))) continue
    const to = quarantineName(id, operation.table, until)
    await session.run(sql`REPLACE INTO ${QUARANTINE} (schema_name, table_name, deployment_id, keep_until)
      VALUES (${schema}, ${to}, ${id}, ${toSqlTime(until)})`)
    const rename = sql`RENAME TABLE ${sql.raw(ownComment(id))} ${sql.id(schema, from)} TO ${sql.id(schema, to)}`
    if (!(await isDone(session, rename, clock))) await forget(session, schema, to)
  }
}

/** The table that an operation leaves; null where there is none. */
function keptName(
  id: string,
  { kind, table }: TableOperation,
  outcome: 'complete' | 'reverted',
): string | null {
  const { old, shadow } = tableNames(id, table)
  if (outcome === 'complete') return kind === 'create' ? null : old
  return kind === 'drop' ? null : shadow
}

async function isDone(
  session: Session,
  statement: ReturnType<typeof sql>,
  clock: Clock,
): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      await session.run(statement)
      return true
    } catch (error) {
      if (errnoOf(error) === null || isConnectionLost(error)) throw error
      if (tries === RENAME_TRIES || !isContention(error)) return false
      await clock.sleep(PAUSE_MS)
    }
  }
}

/** Takes away the records of tables that never got their name, because a process died before it gave it to them. */
async function forgetNameless(session: Session, schema: string, id: string): Promise<void> {
  const records = await session.rows(sql<{ name: string }>`
    SELECT table_name AS name FROM ${QUARANTINE}
    WHERE schema_name = ${schema} AND deployment_id = ${id}`)
  for (const { name } of records) {
    if (!(await findTable(session, schema, name))) await forget(session, schema, name)
  }
}

async function forget(session: Session, schema: string, table: string): Promise<void> {
  await session.run(
    sql`DELETE FROM ${QUARANTINE} WHERE schema_name = ${schema} AND table_name = ${table}`,
  )
}

/** The tables of a schema that wait for their end, those first whose time is over first. */
export async function listQuarantine(
  session: Session,
  schema: string,
): Promise<readonly QuarantinedTable[]> {
  if (!(await openEngineSchema(session))) return []
  const question = sql<{
    name: string
    deploymentId: string
    recorded: string
    bytes: string | number | null
  }>`SELECT t.TABLE_NAME AS name, q.deployment_id AS deploymentId, q.keep_until AS recorded,
      t.DATA_LENGTH + t.INDEX_LENGTH AS bytes
    FROM ${QUARANTINE} AS q
    JOIN information_schema.TABLES AS t
      ON t.TABLE_SCHEMA = q.schema_name AND t.TABLE_NAME = q.table_name
    LEFT JOIN ${sql.id(ENGINE_SCHEMA, 'deployment')} AS d ON d.id = q.deployment_id
    WHERE q.schema_name = ${schema} AND t.TABLE_TYPE = 'BASE TABLE'
      AND (d.id IS NULL OR d.outcome IS NOT NULL)`
  const rows = await dictionaryRows(session, question)
  return rows
    .flatMap(({ name, deploymentId, recorded, bytes }) => {
      const named = quarantinedUntil(name)
      if (named === null) return []
      const keepUntil = new Date(Math.max(fromSqlTime(recorded).getTime(), named.getTime()))
      return [{ table: name, deploymentId, keepUntil, bytes: Number(bytes ?? 0) }]
    })
    .toSorted((one, other) => one.keepUntil.getTime() - other.keepUntil.getTime())
}

/** What a visit of the janitor came to. */
export type JanitorVisit = {
  readonly dropped: readonly QuarantinedTable[]
  /** Their time is over, and somebody uses them just now: the next visit tries again. */
  readonly busy: readonly QuarantinedTable[]
  readonly waiting: readonly QuarantinedTable[]
}

export type JanitorOptions = {
  readonly clock: Clock
  /** A table to drop before its time. */
  readonly dropNow: string | null
  /** Only says what would be dropped. */
  readonly dryRun: boolean
}

/**
 * Drops the tables of a schema whose quarantine is over, by their record and by their name, and never one of a deployment
 * that is not finished. It waits for nobody for longer than a few seconds.
 *
 * A plain DROP TABLE: MySQL from 8.0.23 on and MariaDB from 10.6 on free the pages of the buffer pool without stalling
 * others, whatever the size of the table (https://dev.mysql.com/doc/relnotes/mysql/8.0/en/news-8-0-23.html).
 *
 * @throws {Refusal} TABLE_MISSING when `dropNow` names no table in quarantine.
 */
export async function visitQuarantine(
  session: Session,
  schema: string,
  { clock, dropNow, dryRun }: JanitorOptions,
): Promise<JanitorVisit> {
  const all = await listQuarantine(session, schema)
  if (dropNow !== null && !all.some(({ table }) => table === dropNow)) {
    throw new Refusal('TABLE_MISSING', `No table ${dropNow} is in quarantine.`, {
      next: 'Run crossfade janitor --dry-run to see which are.',
    })
  }
  const now = clock.now()
  const isDue = ({ table, keepUntil }: QuarantinedTable) =>
    dropNow === null ? keepUntil <= now : table === dropNow
  const due = all.filter(isDue)
  const waiting = all.filter((table) => !isDue(table))
  if (dryRun) return { dropped: due, busy: [], waiting }
  const dropped: QuarantinedTable[] = []
  for (const table of due) if (await isDropped(session, schema, table)) dropped.push(table)
  return { dropped, busy: due.filter((table) => !dropped.includes(table)), waiting }
}

async function isDropped(
  session: Session,
  schema: string,
  { table, deploymentId }: QuarantinedTable,
): Promise<boolean> {
  try {
    await session.run(
      sql`DROP TABLE IF EXISTS ${sql.id(schema, table)} ${sql.raw(ownComment(deploymentId))}`,
    )
  } catch (error) {
    if (isContention(error)) return false
    throw error
  }
  await forget(session, schema, table)
  return true
}
