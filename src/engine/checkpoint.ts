import { sql } from 'kysely'
import type { Key, KeyValue } from '../binlog/key.ts'
import { ENGINE_SCHEMA } from '../mysql/identifier.ts'
import { type Position, positionFromJson, positionToJson } from '../mysql/position.ts'
import { readServerIdentity } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import { openEngineSchema } from './engine-schema.ts'
import type { EngineFailure, EngineOutcome, EngineRequest, RevertImpossible } from './port.ts'
import { engineRequest, type WantedRequest } from './request.ts'

/**
 * What is saved so that a crash loses nothing. It lives in a schema of its own on the *same server* as the
 * tables, so that a failover or a restore takes both back to the same moment.
 *
 * `preparing`: the shadow tables are being made, no row is copied. `forward`: live is the source, until the cutover.
 * `reverse`: the tables are swapped, the old one follows.
 */
export type Checkpoint = {
  readonly id: string
  readonly schema: string
  readonly stage: 'preparing' | 'forward' | 'reverse'
  readonly outcome: EngineOutcome | null
  /** How it is about to end: what is left to do is tidying up, and nothing else may be done any more. */
  readonly ending: EngineOutcome | null
  readonly request: EngineRequest
  /** Every change before it is applied or will be seen again by the copy. */
  readonly position: Position
  /** The server that the position was noted on (`readServerIdentity`): a file and an offset mean nothing on others. */
  readonly server: string
  /** Whether `position` is after the swap's RENAME: changes before it belong to the old table. */
  readonly afterFence: boolean
  readonly revertUntil: Date | null
  /** Since when the old tables no longer follow; once it is written, they never do again. */
  readonly revertImpossible: RevertImpossible | null
  /** Where the copy of each live table ends; null until it is known. A table that was empty has no end. */
  readonly copyEnds: ReadonlyMap<string, Key | null> | null
  /** The definers of the live views that change, by name, as SQL writes an account. */
  readonly definers: ReadonlyMap<string, string>
  /** Whether the views are as they should be after the swap; before it, and while they are being changed, they are not. */
  readonly viewsChanged: boolean
  /** Why it failed; null when it did not. */
  readonly failure: EngineFailure | null
}

const DEPLOYMENT_TABLE = sql.id(ENGINE_SCHEMA, 'deployment')
const CHUNK_TABLE = sql.id(ENGINE_SCHEMA, 'chunk')

type Row = {
  id: string
  schema_name: string
  stage: Checkpoint['stage']
  outcome: EngineOutcome | null
  ending: EngineOutcome | null
  failure: string | null
  request: string
  position: string
  server: string
  after_fence: number
  revert_until: string | null
  revert_impossible: string | null
  copy_ends: string | null
  views: string | null
  views_changed: number
}

/** The checkpoint of a deployment, or null when the server has none. */
export async function findCheckpoint(session: Session, id: string): Promise<Checkpoint | null> {
  if (!(await openEngineSchema(session))) return null
  const row = await session.row(sql<Row>`SELECT * FROM ${DEPLOYMENT_TABLE} WHERE id = ${id}`)
  return row && toCheckpoint(row)
}

/** The deployments of a schema that are not finished. */
export async function unfinishedCheckpoints(
  session: Session,
  schema: string,
): Promise<readonly Checkpoint[]> {
  if (!(await openEngineSchema(session))) return []
  const rows = await session.rows(
    sql<Row>`SELECT * FROM ${DEPLOYMENT_TABLE} WHERE schema_name = ${schema} AND outcome IS NULL`,
  )
  return rows.map(toCheckpoint)
}

function toCheckpoint(row: Row): Checkpoint {
  return {
    id: row.id,
    schema: row.schema_name,
    stage: row.stage,
    outcome: row.outcome,
    ending: row.ending,
    // Sound: only saveOutcome writes this column, from an EngineFailure.
    failure: row.failure === null ? null : (JSON.parse(row.failure) as EngineFailure),
    // Sound: only insertCheckpoint writes this column, from an EngineRequest of this or an earlier version.
    request: engineRequest(JSON.parse(row.request) as WantedRequest),
    position: positionFromJson(row.position),
    server: row.server,
    afterFence: Boolean(row.after_fence),
    revertUntil: row.revert_until === null ? null : fromSqlTime(row.revert_until),
    revertImpossible: row.revert_impossible === null ? null : toImpossible(row.revert_impossible),
    copyEnds: row.copy_ends === null ? null : toCopyEnds(row.copy_ends),
    // Sound: only insertCheckpoint writes this column, from the entries of a map.
    definers: new Map(JSON.parse(row.views ?? '[]') as [string, string][]),
    viewsChanged: Boolean(row.views_changed),
  }
}

function toImpossible(json: string): RevertImpossible {
  // Sound: only saveRevertImpossible writes this column.
  const { since, reason } = JSON.parse(json) as { readonly since: string; readonly reason: string }
  return { since: new Date(since), reason }
}

function toCopyEnds(json: string): ReadonlyMap<string, Key | null> {
  // Sound: only saveCopyEnds writes this column.
  const ends = JSON.parse(json) as readonly (readonly [string, string | null])[]
  return new Map(ends.map(([table, key]) => [table, key === null ? null : keyFromJson(key)]))
}

/** Records that every view is as it should be after the swap. */
export async function saveViewsChanged(session: Session, id: string): Promise<void> {
  await session.run(sql`UPDATE ${DEPLOYMENT_TABLE} SET views_changed = TRUE WHERE id = ${id}`)
}

/** Records where the copy of each live table ends, before any row is copied. */
export async function saveCopyEnds(
  session: Session,
  id: string,
  ends: ReadonlyMap<string, Key | null>,
): Promise<void> {
  const json = JSON.stringify([...ends].map(([table, key]) => [table, key && keyToJson(key)]))
  await session.run(sql`UPDATE ${DEPLOYMENT_TABLE} SET copy_ends = ${json} WHERE id = ${id}`)
}

/** The first checkpoint of a deployment, written before anything else of it. */
export async function insertCheckpoint(
  session: Session,
  schema: string,
  { request, position, definers }: Pick<Checkpoint, 'request' | 'position' | 'definers'>,
): Promise<void> {
  const server = await readServerIdentity(session)
  const views = JSON.stringify([...definers])
  await session.run(sql`INSERT INTO ${DEPLOYMENT_TABLE} (id, schema_name, stage, request, position, server, views)
    VALUES (${request.id}, ${schema}, 'preparing', ${JSON.stringify(request)}, ${positionToJson(position)}, ${server}, ${views})`)
}

/** The shadow tables are there: from `position` on, every change is followed. */
export async function savePrepared(
  session: Session,
  id: string,
  position: Position,
): Promise<void> {
  const server = await readServerIdentity(session)
  await session.run(sql`UPDATE ${DEPLOYMENT_TABLE}
    SET stage = 'forward', position = ${positionToJson(position)}, server = ${server} WHERE id = ${id}`)
}

/** Moves the position on. It must never pass a change that is neither applied nor to be seen again. */
export async function savePosition(
  session: Session,
  id: string,
  { position, afterFence }: Pick<Checkpoint, 'position' | 'afterFence'>,
): Promise<void> {
  await session.run(sql`UPDATE ${DEPLOYMENT_TABLE}
    SET position = ${positionToJson(position)}, after_fence = ${afterFence} WHERE id = ${id}`)
}

/** Records that the tables are swapped; runs under LOCK TABLES, right after the RENAME. */
export async function saveSwapped(
  session: Session,
  id: string,
  revertUntil: Date | null,
): Promise<void> {
  await session.run(sql`UPDATE ${DEPLOYMENT_TABLE}
    SET stage = 'reverse', revert_until = ${revertUntil === null ? null : toSqlTime(revertUntil)} WHERE id = ${id}`)
}

/** Records that the old tables no longer follow. From then on the position may pass what could not be applied. */
export async function saveRevertImpossible(
  session: Session,
  id: string,
  impossible: RevertImpossible,
): Promise<void> {
  await session.run(sql`UPDATE ${DEPLOYMENT_TABLE}
    SET revert_impossible = ${JSON.stringify(impossible)} WHERE id = ${id}`)
}

/** Records how a deployment is about to end, before anything is tidied up: a crash must not make it end otherwise. */
export async function saveEnding(
  session: Session,
  id: string,
  { outcome, failure }: Ending,
): Promise<void> {
  await session.run(sql`UPDATE ${DEPLOYMENT_TABLE}
    SET ending = ${outcome}, failure = ${failure && JSON.stringify(failure)} WHERE id = ${id}`)
}

/** How a deployment ends. */
export type Ending = { readonly outcome: EngineOutcome; readonly failure: EngineFailure | null }

/** Ends a deployment: what is left of it are its outcome and the table it keeps, if any. */
export async function saveOutcome(
  session: Session,
  id: string,
  {
    outcome,
    failure = null,
  }: { readonly outcome: EngineOutcome; readonly failure?: EngineFailure | null },
): Promise<void> {
  await session.transaction(async () => {
    await session.run(sql`UPDATE ${DEPLOYMENT_TABLE}
      SET outcome = ${outcome}, failure = ${failure && JSON.stringify(failure)} WHERE id = ${id}`)
    for (const table of ['chunk', 'barrier', 'foreign_key', 'instant']) {
      await session.run(
        sql`DELETE FROM ${sql.id(ENGINE_SCHEMA, table)} WHERE deployment_id = ${id}`,
      )
    }
  })
}

/** An instant as the server's DATETIME holds it, in UTC. */
export function toSqlTime(at: Date): string {
  return at.toISOString().replace('T', ' ').replace('Z', '')
}

/** {@link toSqlTime}, backwards. */
export function fromSqlTime(text: string): Date {
  return new Date(`${text.replace(' ', 'T')}Z`)
}

/** Which table of which deployment a chunk belongs to. */
export type ChunkOwner = { readonly id: string; readonly table: string }

/** Records a copied chunk; runs in the transaction that wrote its rows. */
export async function insertChunk(
  session: Session,
  { id, table }: ChunkOwner,
  chunk: { readonly number: number; readonly upTo: Key | null; readonly rows: number },
): Promise<void> {
  await session.run(sql`INSERT INTO ${CHUNK_TABLE} (deployment_id, table_name, number, up_to, row_count)
    VALUES (${id}, ${table}, ${chunk.number}, ${chunk.upTo && keyToJson(chunk.upTo)}, ${chunk.rows})`)
}

/** How far the copy of a table is proven complete. */
export type CopiedPrefix = {
  /** The number of the next chunk. */
  readonly number: number
  /** The last key that is copied, null when nothing is. */
  readonly after: Key | null
  readonly rows: number
  readonly complete: boolean
}

/**
 * The chunks without a gap from the first on. What was copied beyond a gap is forgotten here and must be
 * cleared before it is copied again.
 */
export async function readCopiedPrefix(
  session: Session,
  { id, table }: ChunkOwner,
): Promise<CopiedPrefix> {
  const rows = await session.rows(sql<{ number: string; up_to: string | null; row_count: string }>`
    SELECT number, up_to, row_count FROM ${CHUNK_TABLE}
    WHERE deployment_id = ${id} AND table_name = ${table} ORDER BY number`)
  let prefix: CopiedPrefix = { number: 0, after: null, rows: 0, complete: false }
  for (const row of rows) {
    if (Number(row.number) !== prefix.number) break
    prefix = {
      number: prefix.number + 1,
      after: row.up_to === null ? null : keyFromJson(row.up_to),
      rows: prefix.rows + Number(row.row_count),
      complete: row.up_to === null,
    }
  }
  await session.run(sql`DELETE FROM ${CHUNK_TABLE}
    WHERE deployment_id = ${id} AND table_name = ${table} AND number >= ${prefix.number}`)
  return prefix
}

function keyToJson(key: Key): string {
  return JSON.stringify(
    key.map((value) => {
      if (value === null) throw new TypeError('no boundary of a chunk is NULL')
      if (typeof value === 'bigint') return { n: value.toString() }
      return typeof value === 'string' ? { s: value } : { b: Buffer.from(value).toString('hex') }
    }),
  )
}

function keyFromJson(json: string): Key {
  // Sound: only keyToJson writes this column.
  const parts = JSON.parse(json) as ({ n: string } | { s: string } | { b: string })[]
  return parts.map((part): KeyValue => {
    if ('n' in part) return BigInt(part.n)
    return 's' in part ? part.s : Buffer.from(part.b, 'hex')
  })
}
