import { sql } from 'kysely'
import { type Clock, systemClock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import type { Target } from '../mysql/connect.ts'
import { connect } from '../mysql/connect.ts'
import { type Position, readPosition } from '../mysql/position.ts'
import { readServer, type Server } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import {
  type Checkpoint,
  findCheckpoint,
  insertCheckpoint,
  saveOutcome,
  savePrepared,
} from './checkpoint.ts'
import { whileHeld } from './cutover/foreign-key.ts'
import { planOfViews, readDefiners, tryViews } from './cutover/view-change.ts'
import { prepareEngineSchema } from './engine-schema.ts'
import { claimDeployment, openSession } from './engine-session.ts'
import { asDiskFull, failureOf } from './failure.ts'
import { finishedRun } from './finished-run.ts'
import { findInstantAnswers } from './instant/instant.ts'
import { planInstant } from './instant/instant-plan.ts'
import { InstantRun } from './instant/instant-run.ts'
import type {
  Engine,
  EngineRequest,
  EngineRun,
  InstantAnswer,
  Prospects,
  RunOptions,
} from './port.ts'
import type { PreflightContext } from './preflight/check.ts'
import { requireReplicas } from './preflight/limits.ts'
import { preflight } from './preflight/preflight.ts'
import { readProspects } from './prospects.ts'
import { ShadowRun, type ShadowRunContext } from './run.ts'
import { createShadows, dropShadows } from './shadow.ts'
import { signalsOf } from './signal/signals.ts'
import { parseAlter } from './table/statement.ts'
import { findTable } from './table/table-shape.ts'

/**
 * The shadow engine for one schema on one server.
 *
 * The phases, in the order in which a deployment goes through them: preflight (here) → shadow tables (shadow.ts) →
 * row copy (copy.ts) beside the change stream (follower.ts, applier.ts) → verification (verify.ts) → gate and cutover
 * (run.ts, cutover.ts) → reverse sync and revert (run.ts). An instant deployment has its own, shorter way
 * (instant.ts, instant-run.ts).
 */
export function createEngine(target: Target, clock: Clock = systemClock): Engine {
  return {
    stage: (request, options) => told(stage({ target, clock, options }, request)),
    resume: (id, options) => told(resume({ target, clock, options }, id)),
  }
}

/** A run, or why there is none, as far as that is not for the log alone. */
async function told(run: Promise<EngineRun>): Promise<EngineRun> {
  try {
    return await run
  } catch (error) {
    throw asDiskFull(error)
  }
}

type Deps = { readonly target: Target; readonly clock: Clock; readonly options: RunOptions }

async function stage({ target, clock, options }: Deps, wanted: EngineRequest): Promise<EngineRun> {
  requireId(wanted.id)
  const request = withoutCopy(wanted)
  const given = requireSchema(target)
  const server = await askServer(target)
  await using session = await openSession({ target, flavour: server.flavour })
  const schema = await spellSchema(session, given)
  const begin = async () => {
    const replicas = options.replicas ?? []
    const signals = signalsOf(request, { target, replicas, flavour: server.flavour, clock })
    const found = await check(session, { server, schema, request, replicas, signals })
    const definers = await readDefiners(session, schema, found)
    await prepareEngineSchema(session)
    // Whoever finds the record before everything is made ready must not take it for a dead process's.
    await claimDeployment(session, request.id)
    const position = request.method === 'shadow' ? await readPosition(session) : NOWHERE
    await insertCheckpoint(session, schema, { request: found, position, definers })
    return found
  }
  const spelled = await whileHeld(() => inTurn(session, begin), { clock, tries: CREATE_TRIES })
  const prepared = await prepare(session, schema, spelled, clock)
  const context = { target, flavour: server.flavour, clock, options }
  return runOf(prepared, { ...context, resumed: false })
}

async function resume({ target, clock, options }: Deps, id: string): Promise<EngineRun> {
  const server = await askServer(target)
  await using session = await openSession({ target, flavour: server.flavour })
  const found = await findToResume(session, id)
  if (found.outcome !== null) return finishedRun(found, found.outcome, { clock, options })
  const { schema, request } = found
  // After the swap nothing is copied any more.
  if (found.stage !== 'reverse') requireReplicas(request, options.replicas ?? [])
  const isPreparing = found.stage === 'preparing' && found.ending === null
  if (isPreparing) await dropShadows(session, schema, request)
  const prepared = isPreparing
    ? await prepare(session, schema, request, clock)
    : { checkpoint: found, prospects: unknownProspects(request) }
  const context = { target, flavour: server.flavour, clock, options }
  return runOf(prepared, { ...context, resumed: true })
}

/** @throws {Refusal} CHECKPOINT_MISSING, or DEPLOYMENT_BUSY while another process makes it ready. */
async function findToResume(session: Session, id: string): Promise<Checkpoint> {
  const found = await findCheckpoint(session, id)
  if (!found) {
    throw new Refusal('CHECKPOINT_MISSING', `The server knows no deployment ${id}.`, {
      next: 'Start a new deployment.',
    })
  }
  if (found.stage !== 'preparing' || found.outcome !== null) return found
  await claimDeployment(session, id)
  // It may have been made ready while we waited.
  return (await findCheckpoint(session, id)) ?? found
}

/** What is made ready for a run: its checkpoint, and what is told of the deployment when it starts. */
type Prepared = { readonly checkpoint: Checkpoint; readonly prospects: Prospects }

function runOf(
  { checkpoint, prospects }: Prepared,
  context: Omit<ShadowRunContext, 'prospects'>,
): EngineRun {
  return checkpoint.request.method === 'instant'
    ? new InstantRun(checkpoint, { ...context, prospects })
    : new ShadowRun(checkpoint, { ...context, prospects })
}

/** A deployment that was interrupted does not ask again. */
function unknownProspects({ operations }: EngineRequest): Prospects {
  const reason = 'it was asked when the deployment began'
  const instant = operations.map(({ table }) => ({ table, eligible: null, reason }))
  return { instant, disk: null, transactions: [] }
}

/** Views alone are changed at once and have no rows: there is nothing to copy, and nothing that a revert would keep. */
function withoutCopy(request: EngineRequest): EngineRequest {
  if (request.operations.length > 0 || request.views.length === 0) return request
  return { ...request, method: 'instant', revertWindowMs: null }
}

/** Nothing is followed from it: an instant deployment reads no binlog, and may run without one. */
const NOWHERE: Position = { kind: 'file', file: '', offset: 0n }

/**
 * Makes the shadow tables and fixes the position from which on changes are followed. It is one before the live tables
 * are read, so that a change of their columns in between is noticed like any later one.
 */
async function prepare(
  session: Session,
  schema: string,
  request: EngineRequest,
  clock: Clock,
): Promise<Prepared> {
  try {
    const prospects = await readProspects(session, schema, request)
    const instant = await prepareTables(session, schema, request, clock)
    const checkpoint = await findCheckpoint(session, request.id)
    if (checkpoint) return { checkpoint, prospects: { ...prospects, instant } }
    throw new TypeError('the checkpoint that was just written is gone')
  } catch (cause) {
    const error = asDiskFull(cause)
    const failed = saveOutcome(session, request.id, {
      outcome: 'failed',
      failure: failureOf(error),
    })
    // Without a connection it cannot be told; whoever deploys next is told of the rest.
    await failed.catch(() => null)
    throw error
  }
}

/** The parents of a table with foreign keys may be in use for a while, and a backup lets nobody change anything. */
const CREATE_TRIES = 6

async function prepareTables(
  session: Session,
  schema: string,
  request: EngineRequest,
  clock: Clock,
): Promise<readonly InstantAnswer[]> {
  if (request.method === 'instant') {
    if (request.operations.length === 0) await tryAll(session, request)
    const answers = await planInstant(session, schema, request)
    await savePrepared(session, request.id, NOWHERE)
    return answers
  }
  const held = { clock, tries: CREATE_TRIES }
  const answers = await whileHeld(() => findInstantAnswers(session, schema, request), held)
  const create = async () => {
    const position = await readPosition(session)
    await createShadows(session, schema, request)
    await tryAll(session, request).catch(async (error: unknown) => {
      await dropShadows(session, schema, request)
      throw error
    })
    await savePrepared(session, request.id, position)
  }
  await whileHeld(create, held)
  return answers
}

async function tryAll(session: Session, request: EngineRequest): Promise<void> {
  if (request.views.length === 0) return
  const checkpoint = await findCheckpoint(session, request.id)
  if (checkpoint) await tryViews(session, request, planOfViews(checkpoint))
}

async function askServer(target: Target): Promise<Server> {
  await using session = await connect(target)
  return await readServer(session)
}

/** Checks everything, and returns the request with its tables spelled as the server spells them. */
async function check(
  session: Session,
  context: Omit<PreflightContext, 'session' | 'tables'>,
): Promise<EngineRequest> {
  const { request, schema } = context
  if (request.operations.length === 0 && request.views.length === 0) {
    throw new Refusal('ALTER_INVALID', 'The deployment changes nothing.', {
      next: 'Give at least one statement.',
    })
  }
  if (request.method === 'instant' && request.revertWindowMs !== null) {
    throw new Refusal('INPUT_INVALID', 'An instant change keeps no old table to go back to.', {
      next: 'Leave the revert window out, or deploy without --instant.',
    })
  }
  for (const { kind, statement } of request.operations) {
    if (kind === 'alter') parseAlter(statement)
  }
  const tables = []
  for (const operation of request.operations) {
    tables.push({ operation, shape: await findTable(session, schema, operation.table) })
  }
  await preflight({ ...context, session, tables })
  const operations = tables.map(({ operation, shape }) => ({
    ...operation,
    table: shape?.name ?? operation.table,
  }))
  return { ...request, operations }
}

/** How the server itself spells the schema: the change stream does, even where upper and lower case do not matter. */
async function spellSchema(session: Session, given: string): Promise<string> {
  const row = await session.row(sql<{ name: string }>`
    SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()`)
  return row?.name ?? given
}

/** How long another deployment may take from its first check to its first record. */
const TURN_WITHIN_SECONDS = 30

/** Lets one deployment after the other look for others and make itself known: two at once would see nobody. */
async function inTurn<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const row = await session.row(
    sql<{ got: number | null }>`SELECT GET_LOCK('crossfade.stage', ${TURN_WITHIN_SECONDS}) AS got`,
  )
  if (Number(row?.got) !== 1) {
    throw new Refusal('NAME_CLASH', 'Another deployment is just being started on this server.', {
      next: 'Try again in a minute.',
    })
  }
  try {
    return await work()
  } finally {
    // A session that is gone holds no lock.
    await session.rows(sql`SELECT RELEASE_LOCK('crossfade.stage')`).catch(() => null)
  }
}

function requireSchema({ schema }: Target): string {
  if (schema !== null) return schema
  throw new Refusal('BAD_URL', 'The database URL names no schema.', {
    next: 'Add the schema to the URL: mysql://user:password@host:3306/schema',
  })
}

function requireId(id: string): void {
  if (!/^[a-z0-9_]{1,24}$/.test(id)) throw new TypeError(`not a deployment id: ${id}`)
}
