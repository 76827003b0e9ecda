import { type Clock, systemClock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import type { Target } from '../mysql/connect.ts'
import { connect } from '../mysql/connect.ts'
import { readPosition } from '../mysql/position.ts'
import { readServer, type Server } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import {
  type Checkpoint,
  findCheckpoint,
  insertCheckpoint,
  prepareEngineSchema,
  saveOutcome,
  savePrepared,
} from './checkpoint.ts'
import { finishedRun } from './finished-run.ts'
import type { Engine, EngineRequest, EngineRun, RunOptions } from './port.ts'
import { preflight } from './preflight/preflight.ts'
import { failureOf, ShadowRun } from './run.ts'
import { createShadows, dropShadows } from './shadow.ts'
import { parseAlter } from './statement.ts'
import { openSession } from './sync.ts'
import { readShape } from './table-shape.ts'

/**
 * The shadow engine for one schema on one server.
 *
 * The phases, in the order in which a deployment goes through them: preflight (here) → shadow tables (shadow.ts) →
 * row copy (copy.ts) beside the change stream (follower.ts, applier.ts) → verification (verify.ts) → gate and cutover
 * (run.ts, cutover.ts) → reverse sync and revert (run.ts).
 */
export function createEngine(target: Target, clock: Clock = systemClock): Engine {
  return {
    stage: (request, options) => stage({ target, clock, options }, request),
    resume: (id, options) => resume({ target, clock, options }, id),
  }
}

type Deps = { readonly target: Target; readonly clock: Clock; readonly options: RunOptions }

async function stage({ target, clock, options }: Deps, request: EngineRequest): Promise<EngineRun> {
  requireId(request.id)
  const schema = requireSchema(target)
  const server = await askServer(target)
  await using session = await openSession({ target, flavour: server.flavour })
  await check(session, { server, schema, request })
  await prepareEngineSchema(session)
  await insertCheckpoint(session, schema, { request, position: await readPosition(session) })
  const checkpoint = await prepare(session, schema, request)
  return new ShadowRun(checkpoint, {
    target,
    flavour: server.flavour,
    clock,
    options,
    resumed: false,
  })
}

async function resume({ target, clock, options }: Deps, id: string): Promise<EngineRun> {
  const server = await askServer(target)
  await using session = await openSession({ target, flavour: server.flavour })
  const found = await findCheckpoint(session, id)
  if (!found) {
    throw new Refusal('CHECKPOINT_MISSING', `The server knows no deployment ${id}.`, {
      next: 'Start a new deployment.',
    })
  }
  if (found.outcome !== null) return finishedRun(found, found.outcome, { clock, options })
  const { schema, request } = found
  if (found.stage === 'preparing') await dropShadows(session, schema, request)
  const checkpoint = found.stage === 'preparing' ? await prepare(session, schema, request) : found
  return new ShadowRun(checkpoint, {
    target,
    flavour: server.flavour,
    clock,
    options,
    resumed: true,
  })
}

/** Makes the shadow tables and fixes the position from which on changes are followed. */
async function prepare(
  session: Session,
  schema: string,
  request: EngineRequest,
): Promise<Checkpoint> {
  try {
    await createShadows(session, schema, request)
    const position = await readPosition(session)
    await savePrepared(session, request.id, position)
    const checkpoint = await findCheckpoint(session, request.id)
    if (checkpoint) return checkpoint
    throw new TypeError('the checkpoint that was just written is gone')
  } catch (error) {
    if (error instanceof Refusal) {
      await saveOutcome(session, request.id, { outcome: 'failed', failure: failureOf(error) })
    }
    throw error
  }
}

async function askServer(target: Target): Promise<Server> {
  await using session = await connect(target)
  return await readServer(session)
}

async function check(
  session: Session,
  context: { readonly server: Server; readonly schema: string; readonly request: EngineRequest },
): Promise<void> {
  const { request, schema } = context
  if (request.operations.length === 0) {
    throw new Refusal('ALTER_INVALID', 'The deployment changes nothing.', {
      next: 'Give at least one statement.',
    })
  }
  for (const { kind, statement } of request.operations) {
    if (kind === 'alter') parseAlter(statement)
  }
  const tables = []
  for (const operation of request.operations) {
    tables.push({ operation, shape: await readShape(session, schema, operation.table) })
  }
  await preflight({ ...context, session, tables })
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
