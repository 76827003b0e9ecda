import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import {
  ERRNO,
  errnoOf,
  isAway,
  isConnectionLost,
  isContention,
  isDenied,
  isDiskFull,
} from '../mysql/errno.ts'
import { type TableNames, tableNames } from '../mysql/identifier.ts'
import type { Session } from '../mysql/session.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type ForeignKeys, findForeignKeys } from './cutover/foreign-key.ts'
import { keepForeignKeys, parentInMaking } from './cutover/kept-keys.ts'
import { realTables } from './cutover/sentry.ts'
import type { TableName } from './cutover/table-locks.ts'
import { ownComment } from './follower.ts'
import { dropInstantCopy, readDefinition } from './instant/instant.ts'
import type { EngineRequest, OperationTables, TableOperation } from './port.ts'
import { requireLoggedKeys } from './preflight/row-image.ts'
import { requireNoPeriods } from './preflight/temporal-tables.ts'
import { splitDefaults } from './table/late-default.ts'
import { pairTables, type TablePair } from './table/pair.ts'
import { createCopy, parseAlter } from './table/statement.ts'
import { findTable, readShape, type TableShape } from './table/table-shape.ts'

/** One operation with its tables. Only an ALTER keeps two tables in sync; the pairs of the others are null. */
export type PreparedOperation = {
  readonly operation: TableOperation
  readonly names: TableNames
  /** live → shadow. */
  readonly forward: TablePair | null
  /** After the cutover: live, the former shadow, → old, the former live. */
  readonly reverse: TablePair | null
  readonly foreignKeys: ForeignKeys
}

/** The names that an operation uses, as it tells them. */
export function tablesOf({ operation, names }: PreparedOperation): OperationTables {
  return {
    kind: operation.kind,
    live: names.live,
    shadow: operation.kind === 'drop' ? null : names.shadow,
    old: operation.kind === 'create' ? null : names.old,
  }
}

/**
 * Makes the shadow table of every operation, empty, and pairs it with its live table.
 *
 * @throws {Refusal} ALTER_INVALID, NO_UNIQUE_KEY, TABLE_UNSUPPORTED, BINLOG_FORMAT, FOREIGN_KEY, NAME_CLASH or TABLE_CHANGED; then
 * no shadow table is left behind.
 */
export async function createShadows(
  session: Session,
  schema: string,
  request: EngineRequest,
): Promise<readonly PreparedOperation[]> {
  for (const operation of request.operations)
    await refuseLeftover(session, schema, { id: request.id, operation })
  // A table with foreign keys locks their parents for a moment, and while it waits it holds up their writers.
  await session.run(sql`SET SESSION lock_wait_timeout = 1`)
  const before = await readDefinitions(session, schema, request)
  try {
    for (const operation of parentsFirst(request.operations)) {
      await createShadow(session, schema, { request, operation })
      await keepForeignKeys(session, schema, { request, operation })
    }
    await requireNoPeriods(session, schema, request)
    await tryLock(session, schema, request)
    const operations = await openOperations(session, schema, request, 'forward')
    await requireLoggedKeys(session, operations)
    return operations
  } catch (error) {
    await dropShadows(session, schema, request)
    if (isContention(error) || isAway(error)) throw error
    await requireUnchanged(session, schema, { before, cause: error })
    throw error
  }
}

/** A new table may point to one that is changed: to its shadow, whose columns must be the new ones by then. */
function parentsFirst(operations: readonly TableOperation[]): readonly TableOperation[] {
  const isNew = ({ kind }: TableOperation) => kind === 'create'
  return [...operations.filter((one) => !isNew(one)), ...operations.filter(isNew)]
}

type LiveDefinitions = ReadonlyMap<string, string | null>

/** What the live tables of a request are, as hashes of their definitions. */
async function readDefinitions(
  session: Session,
  schema: string,
  { operations }: EngineRequest,
): Promise<LiveDefinitions> {
  const definitions = new Map<string, string | null>()
  for (const { kind, table } of operations) {
    if (kind === 'alter') definitions.set(table, await readDefinition(session, schema, table))
  }
  return definitions
}

/**
 * Of a live table that somebody changed while its shadow was made, what is wrong with the pair says nothing.
 *
 * @throws {Refusal} TABLE_CHANGED.
 */
async function requireUnchanged(
  session: Session,
  schema: string,
  { before, cause }: { readonly before: LiveDefinitions; readonly cause: unknown },
): Promise<void> {
  for (const [table, definition] of before) {
    if (definition === (await readDefinition(session, schema, table))) continue
    throw new Refusal('TABLE_CHANGED', `Somebody else changed ${table} while it was deployed.`, {
      next: 'Start a new deployment from the table as it is now.',
      cause,
    })
  }
}

/** The cutover locks the tables: better to learn now than after days of copying that the account may not. */
async function tryLock(session: Session, schema: string, request: EngineRequest): Promise<void> {
  await tryLockParents(session, schema, request)
  const shadows = request.operations
    .filter(({ kind }) => kind !== 'drop')
    .map(({ table }) => sql`${sql.id(schema, tableNames(request.id, table).shadow)} WRITE`)
  if (shadows.length === 0) return
  try {
    await session.run(sql`LOCK TABLES ${sql.join(shadows)}`)
    await session.run(sql`UNLOCK TABLES`)
  } catch (error) {
    if (!isDenied(error)) throw error
    throw privilegeMissing('LOCK TABLES', schema, error)
  }
}

/** Parents in other schemas are locked as well, where the account may have fewer rights. */
async function tryLockParents(
  session: Session,
  schema: string,
  { id, operations }: EngineRequest,
): Promise<void> {
  for (const { table } of operations) {
    const { before, after } = await findForeignKeys(session, { id, table })
    const parents = [...before, ...after].map(({ parent }) => parent)
    for (const parent of parents) {
      if (parent.schema !== schema) await tryLockParent(session, table, parent)
    }
  }
}

async function tryLockParent(session: Session, table: string, parent: TableName): Promise<void> {
  try {
    await session.run(sql`LOCK TABLES ${sql.id(parent.schema, parent.name)} READ`)
    await session.run(sql`UNLOCK TABLES`)
  } catch (error) {
    // Somebody writes to it: that is waited for at the cutover.
    if (isContention(error)) return
    if (!isDenied(error)) throw error
    throw new Refusal(
      'PRIVILEGE_MISSING',
      `The account lacks LOCK TABLES on ${parent.schema}, to which a foreign key of ${table} points.`,
      {
        next: `Run GRANT SELECT, LOCK TABLES ON \`${parent.schema}\`.* TO the account.`,
        cause: error,
      },
    )
  }
}

function privilegeMissing(privilege: string, schema: string, cause: unknown): Refusal {
  return new Refusal('PRIVILEGE_MISSING', `The account lacks ${privilege} on ${schema}.`, {
    next: `Run GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, LOCK TABLES ON \`${schema}\`.* TO the account.`,
    cause,
  })
}

/** The operations of a request whose shadow tables are there; `reverse` when the tables are swapped. */
export async function openOperations(
  session: Session,
  schema: string,
  request: EngineRequest,
  stage: 'forward' | 'reverse',
): Promise<readonly PreparedOperation[]> {
  const prepared: PreparedOperation[] = []
  for (const operation of request.operations) {
    const names = tableNames(request.id, operation.table)
    const pairs =
      operation.kind === 'alter'
        ? await readPairs(session, schema, { operation, names, stage })
        : { forward: null, reverse: null }
    const foreignKeys = await findForeignKeys(session, { id: request.id, table: operation.table })
    prepared.push({ operation, names, ...pairs, foreignKeys })
  }
  return prepared
}

type OneOperation = { readonly id: string; readonly operation: TableOperation }

async function refuseLeftover(
  session: Session,
  schema: string,
  { id, operation }: OneOperation,
): Promise<void> {
  const { shadow } = tableNames(id, operation.table)
  if (operation.kind === 'drop' || !(await findTable(session, schema, shadow))) return
  throw new Refusal('NAME_CLASH', `The table ${shadow} is already there.`, {
    next: `Drop ${shadow} if no deployment is using it.`,
  })
}

async function createShadow(
  session: Session,
  schema: string,
  { request, operation }: { readonly request: EngineRequest; readonly operation: TableOperation },
): Promise<void> {
  if (operation.kind === 'drop') return
  const { id } = request
  const { live, shadow } = tableNames(id, operation.table)
  const comment = sql.raw(ownComment(id))
  if (operation.kind === 'create') {
    await ddl(
      session,
      { schema, live },
      `${createCopy(operation.statement, schema, shadow, parentInMaking(request))} ${ownComment(id)}`,
    )
    return
  }
  const alter = parseAlter(operation.statement)
  const created = await session.row(
    sql<Record<string, string>>`SHOW CREATE TABLE ${sql.id(schema, live)} ${comment}`,
  )
  const createSql = created?.['Create Table'] ?? ''
  await ddl(session, { schema, live }, `${createCopy(createSql, schema, shadow)} ${ownComment(id)}`)
  for (const change of [alter.before(schema, shadow), alter.on(schema, shadow)]) {
    if (change !== null) await changeShadow(session, { schema, live, id }, change)
  }
}

type Place = { readonly schema: string; readonly live: string }

async function changeShadow(
  session: Session,
  { id, ...place }: Place & { readonly id: string },
  change: string,
): Promise<void> {
  try {
    await ddl(session, place, `${change} ${ownComment(id)}`)
  } catch (error) {
    const errno = error instanceof Refusal ? errnoOf(error.cause) : null
    const late = errno === ERRNO.UNSAFE_FUNCTION ? splitDefaults(change) : null
    if (late) {
      await changeShadow(session, { id, ...place }, late.add)
      await ddl(session, place, `${late.set} ${ownComment(id)}`)
      return
    }
    if (errno !== ERRNO.ONE_FULLTEXT_AT_A_TIME) throw error
    // That is a limit of changing a table in place, and this one is empty.
    await ddl(session, place, `${change}, ALGORITHM = COPY ${ownComment(id)}`)
  }
}

/** Runs DDL on an empty table, where the server's complaint can only be about the statement itself. */
async function ddl(session: Session, { schema, live }: Place, statement: string): Promise<void> {
  try {
    await session.run(sql.raw(statement))
  } catch (error) {
    const errno = errnoOf(error)
    if (isDenied(error)) throw privilegeMissing('CREATE, ALTER or INDEX', schema, error)
    if (errno === null || isConnectionLost(error) || isContention(error)) throw error
    if (isDiskFull(error)) throw error
    const said = error instanceof Error ? error.message : ''
    throw new Refusal(
      'ALTER_INVALID',
      `The server rejects the change of ${live} (error ${errno}): ${said}`,
      {
        next: 'Correct the statement; it was tried on an empty copy, and the live table is untouched.',
        cause: error,
      },
    )
  }
}

async function readPairs(
  session: Session,
  schema: string,
  {
    operation,
    names,
    stage,
  }: {
    readonly operation: TableOperation
    readonly names: TableNames
    readonly stage: 'forward' | 'reverse'
  },
): Promise<{ readonly forward: TablePair; readonly reverse: TablePair }> {
  const before = await shapeOf(session, schema, stage === 'forward' ? names.live : names.old)
  const after = await shapeOf(session, schema, stage === 'forward' ? names.shadow : names.live)
  const { renames, dropped } = parseAlter(operation.statement)
  const back = new Map([...renames].map(([from, to]) => [to, from]))
  const forward = pairTables(
    { ...before, name: names.live },
    { ...after, name: names.shadow },
    { renames, dropped, towardsOld: false },
  )
  const reverse = pairTables(
    { ...after, name: names.live },
    { ...before, name: names.old },
    { renames: back, dropped, towardsOld: true },
  )
  return { forward, reverse }
}

async function shapeOf(session: Session, schema: string, name: string): Promise<TableShape> {
  const shape = await readShape(session, schema, name)
  if (shape) return shape
  throw new Refusal('TABLE_CHANGED', `The table ${name} is gone.`, {
    next: 'Find out who dropped or renamed it; then start a new deployment.',
  })
}

/** Drops what a request has made beside the live tables, as far as it is there, and returns how many bytes the shadows took. */
export async function dropShadows(
  session: Session,
  schema: string,
  request: EngineRequest,
): Promise<number> {
  let bytes = 0
  for (const operation of request.operations) {
    if (operation.kind === 'drop') continue
    const { shadow } = tableNames(request.id, operation.table)
    bytes += (await findTable(session, schema, shadow))?.bytes ?? 0
    await dropShadow(session, schema, { id: request.id, operation })
    await dropInstantCopy(session, schema, { id: request.id, operation })
  }
  return bytes
}

async function dropShadow(
  session: Session,
  schema: string,
  { id, operation }: OneOperation,
): Promise<void> {
  if (operation.kind === 'drop') return
  const { shadow } = tableNames(id, operation.table)
  await session.run(
    // MariaDB logs a DROP in its own words, and keeps a comment only in this place.
    sql`DROP TABLE IF EXISTS ${sql.raw(ownComment(id))} ${sql.id(schema, shadow)}`,
  )
}

/**
 * Whether the tables are swapped, as the server's own dictionary says: the only witness when a connection was
 * lost in the middle of the RENAME. One RENAME swaps all tables or none, so one table tells. Best one that has an old
 * table, whose name nobody else uses; where all are created, a live table alone could be somebody else's, so the
 * shadow must be gone too. A sentry (sentry.ts) stands for no table.
 *
 * Once the swap is recorded, the question is whether it was taken back: that an old table is gone says nothing of it, as
 * somebody may have dropped it.
 */
export async function isSwapped(
  session: Session,
  { schema, stage, request: { id, operations } }: Pick<Checkpoint, 'schema' | 'stage' | 'request'>,
): Promise<boolean> {
  const witness =
    operations.find(({ kind }) => kind === 'alter') ??
    operations.find(({ kind }) => kind === 'drop') ??
    operations[0]
  if (!witness) return false
  const { live, shadow, old } = tableNames(id, witness.table)
  const there = await realTables(session, schema, [live, shadow, old])
  const isThere = { live: there.has(live), shadow: there.has(shadow), old: there.has(old) }
  return WITNESSES[witness.kind][stage === 'reverse' ? 'stillSwapped' : 'swapped'](isThere)
}

type There = { readonly live: boolean; readonly shadow: boolean; readonly old: boolean }

/** What the names of one operation say: before the swap is recorded, and after. */
const WITNESSES: Readonly<
  Record<
    TableOperation['kind'],
    Readonly<Record<'swapped' | 'stillSwapped', (there: There) => boolean>>
  >
> = {
  alter: { swapped: ({ old }) => old, stillSwapped: ({ shadow }) => !shadow },
  create: {
    swapped: ({ live, shadow }) => live && !shadow,
    stillSwapped: ({ shadow }) => !shadow,
  },
  drop: { swapped: ({ old }) => old, stillSwapped: ({ live, old }) => old || !live },
}
