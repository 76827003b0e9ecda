import { type Failure, planOf } from '../src/deploy/deployment.ts'
import type { Plan } from '../src/deploy/plan.ts'
import type { Engine, EngineRun, RunOptions } from '../src/engine/port.ts'
import { engineRequest, type WantedRequest } from '../src/engine/request.ts'
import { Refusal } from '../src/errors.ts'
import type { Target } from '../src/mysql/connect.ts'
import { listAudit } from '../src/store/audit.ts'
import { requireDeployRequest } from '../src/store/deploy-requests.ts'
import { recordFact, requireDeployment, type StoredDeployment } from '../src/store/deployments.ts'
import { findPlan } from '../src/store/plans.ts'
import type { Bell } from './bell.ts'
import type { ConfiguredBranch } from './branch-settings.ts'
import { findBranch } from './config.ts'
import { noTarget, requireUnchanged } from './deploy-check.ts'
import type { Parts } from './parts.ts'
import { type Steering, steeringOf, UNSTEERED } from './steering.ts'
import { ENGINE, Teller } from './teller.ts'
import { readViewOperations } from './view-operations.ts'

/**
 * Drives one deployment: states of the store in, engine, events out. Neither waits for GitHub.
 *
 * 1. What people want is in the store before the engine hears of it, so a crash between the two loses nothing:
 *    the next drive reads the same state and asks the engine again.
 * 2. What the engine did is told as a fact after it happened. A crash between the two is mended by the engine,
 *    which goes on from its checkpoint and tells it again; a fact that is told twice changes nothing.
 * 3. What cannot be told either way is a failure with the code OUTCOME_UNKNOWN, never a guess.
 */

export type DeployerOptions = {
  readonly parts: Parts
  readonly engineFor: (target: Target) => Engine
  /** Rung when a command changed something. */
  readonly bell: Bell
}

const POLL_MS = 500

/**
 * Drives the deployment until it is over or the signal is aborted.
 *
 * Rejects when the world failed (no connection, store away): the caller repeats it later, from the checkpoint.
 */
export async function driveDeployment(
  options: DeployerOptions,
  id: number,
  signal: AbortSignal,
): Promise<void> {
  const teller = new Teller(options.parts, id)
  // A store that does not take a fact ends the drive; the engine is stopped where it is.
  const stop = AbortSignal.any([signal, teller.failed])
  const run = await startRun(options, id, {
    onEvent: (event) => teller.tell(event),
    signal: stop,
  })
  if (run === null) return
  const over = new AbortController()
  const following = followCommands(options, {
    id,
    run,
    signal: AbortSignal.any([stop, over.signal]),
  }).catch((error: unknown) => teller.fail(error))
  try {
    await run.finished
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    over.abort()
    await following
  }
  await teller.done()
}

/** Stages what has not begun, and goes on with what has; null when there is nothing left to drive. */
async function startRun(
  options: DeployerOptions,
  id: number,
  run: RunOptions,
): Promise<EngineRun | null> {
  const { parts, engineFor } = options
  const stored = await requireDeployment(parts.store, id)
  const { repository, database, branch } = await requireDeployRequest(
    parts.store,
    stored.deployRequestId,
  )
  const place = { owner: repository.owner, repo: repository.name, database }
  const configured = findBranch(parts.databases, place, branch)
  try {
    if (!configured) throw noTarget(`${database}/${branch}`)
    const engine = engineFor(configured.target)
    return await begin(
      { engine, configured, parts, stored },
      { ...run, replicas: configured.replicas },
    )
  } catch (error) {
    if (!isFinal(error, stored)) throw error
    await fail(parts, id, error)
    return null
  }
}

/** Whether a refusal ends the deployment; else the drive is repeated. */
function isFinal(error: unknown, { deployment }: StoredDeployment): error is Refusal {
  if (!(error instanceof Refusal)) return false
  // A server that is away for a while must not end what is already being kept in sync.
  return error.code !== 'DATABASE_UNREACHABLE' || deployment.state === 'submitting'
}

type Beginning = {
  readonly engine: Engine
  readonly configured: ConfiguredBranch
  readonly parts: Parts
  readonly stored: StoredDeployment
}

async function begin(beginning: Beginning, run: RunOptions): Promise<EngineRun | null> {
  const { engine, stored } = beginning
  try {
    return await engine.resume(engineId(stored), run)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'CHECKPOINT_MISSING') throw error
    return await beginWithoutCheckpoint(beginning, run)
  }
}

/** The server knows nothing of this deployment: it has not begun, or it is over and that was never told. */
async function beginWithoutCheckpoint(
  { engine, configured, parts, stored }: Beginning,
  run: RunOptions,
): Promise<EngineRun | null> {
  const { deployment, id } = stored
  switch (deployment.state) {
    case 'submitting':
    case 'in_progress':
    case 'pending_cutover': {
      const plan = await requirePlan(parts, stored)
      const deployRequest = await requireDeployRequest(parts.store, stored.deployRequestId)
      const views = await readViewOperations(configured.target, plan.operations)
      await requireUnchanged(parts, deployRequest, plan)
      const request = { ...(await requestOf(parts, stored, plan)), views }
      return await engine.stage(engineRequest({ ...request, ...configured.settings }), run)
    }
    case 'in_progress_cancel':
      await recordFact(parts.store, id, { type: 'cancelled', at: parts.clock.now() }, ENGINE)
      parts.ring()
      return null
    case 'complete_pending_revert':
      if (deployment.revertUntil > parts.clock.now()) break
      await recordFact(
        parts.store,
        id,
        { type: 'revert_window_closed', at: parts.clock.now() },
        ENGINE,
      )
      parts.ring()
      return null
    default:
      break
  }
  throw new Refusal(
    'OUTCOME_UNKNOWN',
    `The deployment was ${deployment.state} and the server holds no checkpoint of it.`,
    { next: 'Compare the live tables with the plan, then comment `/plan` to start again.' },
  )
}

async function requirePlan({ store }: Parts, { id, deployment }: StoredDeployment): Promise<Plan> {
  const digest = planOf(deployment)
  const plan = digest && (await findPlan(store, digest))
  if (!plan) throw new TypeError(`deployment ${id} runs without a plan`)
  return plan
}

async function requestOf(
  parts: Parts,
  stored: StoredDeployment,
  plan: Plan,
): Promise<WantedRequest> {
  const steering = steeringOf(await listAudit(parts.store, stored.deployRequestId), stored.id)
  const isInstant = steering.method === 'instant'
  return {
    id: engineId(stored),
    operations: plan.operations.flatMap(({ kind, table, statement }) =>
      kind === 'create' || kind === 'alter' || kind === 'drop' ? [{ kind, table, statement }] : [],
    ),
    // Auto-apply can be changed while it runs, so the deployer decides at the gate.
    cutover: 'hold',
    revertWindowMs: isInstant ? null : stored.deployment.revertWindowMs,
    throttleRatio: steering.throttleRatio,
    method: steering.method,
  }
}

/**
 * Each attempt is a run of its own on the server. The time is in the name because the server may hold runs of
 * another store, whose deployments have the same numbers.
 */
function engineId({ id, deployment }: StoredDeployment): string {
  return `d${id}_${deployment.attempt}_${deployment.clocks.createdAt.getTime().toString(36)}`
}

type Following = { readonly id: number; readonly run: EngineRun; readonly signal: AbortSignal }

/** Gives the engine what people decided, as the store says it, until the signal is aborted. */
async function followCommands(
  { parts, bell }: DeployerOptions,
  { id, run, signal }: Following,
): Promise<void> {
  let pace = UNSTEERED
  let asked: string | null = null
  while (!signal.aborted) {
    const stored = await requireDeployment(parts.store, id)
    const wanted = steeringOf(await listAudit(parts.store, stored.deployRequestId), id)
    const order = orderIn(stored, wanted, parts.clock.now())
    // A cutover that was given up and asked for again is another one.
    const asking = `${order} ${stored.deployment.clocks.cutoverAt?.getTime()}`
    if (order && asked !== asking && obeys(() => ORDERS[order](run))) asked = asking
    if (obeys(() => steer(run, pace, wanted))) pace = wanted
    await bell.wait(POLL_MS, signal)
  }
}

function steer(run: EngineRun, pace: Steering, wanted: Steering): void {
  if (wanted.throttleRatio !== pace.throttleRatio) run.throttle(wanted.throttleRatio)
  if (wanted.paused === pace.paused) return
  if (wanted.paused) run.pause()
  else run.resume()
}

type Order = 'cutover' | 'force' | 'cancel' | 'revert' | 'skipRevert'

const ORDERS: Readonly<Record<Order, (run: EngineRun) => void>> = {
  cutover: (run) => run.cutover(),
  force: (run) => run.cutover({ force: true }),
  cancel: (run) => run.cancel(),
  revert: (run) => run.revert(),
  skipRevert: (run) => run.skipRevert(),
}

/** What the engine should do in this state; null while it should go on as it is. */
function orderIn({ deployment }: StoredDeployment, { forced }: Steering, now: Date): Order | null {
  switch (deployment.state) {
    case 'in_progress_cutover':
      return forced ? 'force' : 'cutover'
    case 'in_progress_cancel':
      return 'cancel'
    case 'in_progress_revert':
      return 'revert'
    case 'complete_pending_revert':
      return deployment.revertUntil <= now ? 'skipRevert' : null
    default:
      return null
  }
}

/** Whether the engine took an order. It refuses what is not its time: the next event or poll settles that. */
function obeys(order: () => void): boolean {
  try {
    order()
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

async function fail(parts: Parts, id: number, { code, message, next }: Failure): Promise<void> {
  const failure: Failure = { code, message, next }
  await recordFact(parts.store, id, { type: 'failed', failure, at: parts.clock.now() }, ENGINE)
  parts.ring()
}
