import type { BranchConfig } from '../src/deploy/config.ts'
import type { CheckResult, DeploymentSettings, Failure } from '../src/deploy/deployment.ts'
import type { PlanDigest } from '../src/deploy/digest.ts'
import type { Plan } from '../src/deploy/plan.ts'
import type { By, DeployRequest } from '../src/deploy/request.ts'
import type { Submission } from '../src/deploy/submission.ts'
import { NEXT_STEP } from '../src/deploy/transition.ts'
import { Refusal } from '../src/errors.ts'
import type { Levels } from '../src/lint/rules.ts'
import { connect, type Target } from '../src/mysql/connect.ts'
import { readSchema } from '../src/schema/canonical.ts'
import type { Schema } from '../src/schema/table.ts'
import { planAgain, recordFact, type StoredDeployment } from '../src/store/deployments.ts'
import { findSubmission, savePlan } from '../src/store/plans.ts'
import { saveReview } from '../src/store/reviews.ts'
import { findTarget } from './config.ts'
import type { Parts } from './parts.ts'
import { digestFor, planFor, whyNotDeployable } from './plan.ts'
import { mergeWithQueue } from './queue-ahead.ts'
import { reviewOf } from './review.ts'

const BOT: By = { actor: 'crossfade', via: 'bot' }

/** What a new deployment starts with. */
export function settingsOf({ cutover, revertWindowMs }: BranchConfig): DeploymentSettings {
  return { autoCutover: cutover === 'auto', revertWindowMs }
}

type CheckOptions = {
  readonly config: BranchConfig
  readonly levels: Levels
  readonly by: By
}

/**
 * Makes the plan anew from the last submission and the production schema of now, with the queue ahead.
 *
 * @throws {Refusal} DEPLOY_STATE while the engine works on the former plan.
 */
export async function checkAgain(
  parts: Parts,
  request: DeployRequest,
  { config, levels, by }: CheckOptions,
): Promise<StoredDeployment> {
  const result = () => check(parts, request, { config, levels })
  return await replace(parts, request, { config, by, result })
}

/** Puts what a check finds in the place of the former plan. */
async function replace(
  parts: Parts,
  request: DeployRequest,
  {
    config,
    by,
    result,
  }: Omit<CheckOptions, 'levels'> & { readonly result: () => Promise<CheckResult> | CheckResult },
): Promise<StoredDeployment> {
  const { store, clock } = parts
  const planned = await planAgain(store, request.id, settingsOf(config), { at: clock.now(), by })
  if (!planned) throw busy()
  const found = await result()
  const at = clock.now()
  const checked = await recordFact(store, planned.id, { type: 'checked', result: found, at }, BOT)
  parts.ring()
  return checked
}

/** @throws {Refusal} DEPLOY_STATE: what a plan that is at work means for a new one. */
export function busy(state?: keyof typeof NEXT_STEP): Refusal {
  return new Refusal(
    'DEPLOY_STATE',
    `The former plan is being deployed${state ? ` (${state})` : ''}, so no other can take its place.`,
    { next: state ? NEXT_STEP[state] : 'Comment `/cancel`, or wait until it is over.' },
  )
}

async function check(
  parts: Parts,
  request: DeployRequest,
  { config, levels }: Omit<CheckOptions, 'by'>,
): Promise<CheckResult> {
  try {
    const submission = await requireSubmission(parts, request)
    const target = targetOf(parts, request)
    const live = await readLive(target)
    const merged = await mergeWithQueue(parts.store, request, { submission, live })
    if (merged.errors.length > 0) return { kind: 'error', errors: merged.errors }
    const { revertWindowMs } = config
    const plan = await planFor(parts, { request, target, revertWindowMs, now: live, ...merged })
    if (plan.operations.length === 0) return { kind: 'no_changes' }
    const errors = whyNotDeployable(plan)
    if (errors.length > 0) return { kind: 'error', errors }
    const at = parts.clock.now()
    await savePlan(parts.store, plan, at)
    const review = reviewOf(merged, { levels, suppressions: submission.suppressions })
    await saveReview(parts.store, { deployRequestId: request.id, digest: plan.digest }, review, at)
    return { kind: 'ready', plan: plan.digest }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { code, message, next } = error
    return { kind: 'error', errors: [{ code, message, next }] }
  }
}

async function requireSubmission({ store }: Parts, { id }: DeployRequest): Promise<Submission> {
  const submission = await findSubmission(store, id)
  if (!submission) throw new TypeError(`request ${id} has no submission`)
  return submission
}

function targetOf({ databases }: Parts, { repository, database, branch }: DeployRequest): Target {
  const place = { owner: repository.owner, repo: repository.name, database }
  const target = findTarget(databases, place, branch)
  if (!target) throw noTarget(`${database}/${branch}`)
  return target
}

/** The production schema as it is now. */
async function readLive(target: Target): Promise<Schema> {
  await using session = await connect(target)
  return await readSchema(session, schemaOf(target))
}

function schemaOf({ schema }: Target): string {
  if (schema === null)
    throw new TypeError('the configuration lets no target without a schema through')
  return schema
}

/** The server's configuration does not know this branch. */
export function noTarget(branch: string): Refusal {
  return new Refusal('CONFIG_INVALID', `The bot knows no server for ${branch}.`, {
    next: 'Add the branch to the server’s configuration (CROSSFADE_CONFIG) and start the bot again.',
  })
}

/**
 * Makes the check again right before a plan is queued: production, or the queue, may have moved on.
 *
 * @throws {Refusal} PLAN_CHANGED when another plan would run, which takes the place of this one; SCHEMA_CONFLICT or
 *   whatever else the check found when none would.
 */
export async function requireSamePlan(
  parts: Parts,
  request: DeployRequest,
  { config, levels, by, plan }: CheckOptions & { readonly plan: PlanDigest },
): Promise<void> {
  const result = await check(parts, request, { config, levels })
  if (result.kind === 'ready' && result.plan === plan) return
  const [error, ...others] = result.kind === 'error' ? result.errors : []
  // A server that is away says nothing against the plan.
  if (error?.code !== 'DATABASE_UNREACHABLE') {
    await replace(parts, request, { config, by, result: () => result })
  }
  if (result.kind === 'no_changes') throw nothingLeft()
  throw error ? toRefusal(error, others) : planChanged(NEW_PLAN)
}

/**
 * Makes the check again right before the first statement: whether what would run now is what was approved.
 *
 * @throws {Refusal} PLAN_CHANGED or SCHEMA_CONFLICT.
 */
export async function requireUnchanged(
  parts: Parts,
  request: DeployRequest,
  plan: Plan,
): Promise<void> {
  const submission = await requireSubmission(parts, request)
  const live = await readLive(targetOf(parts, request))
  const merged = await mergeWithQueue(parts.store, request, { submission, live })
  const [error, ...others] = merged.errors
  if (error) throw toRefusal(error, others)
  if (digestFor(merged) !== plan.digest) throw planChanged(PLAN_AGAIN)
}

function nothingLeft(): Refusal {
  const message =
    'Since the plan was made, production or the queue ahead has got all that it changes.'
  return new Refusal('PLAN_CHANGED', message, { next: 'Nothing has to be deployed: merge it.' })
}

const NEW_PLAN =
  'Look at the new plan in the comment of the deploy request, then give the command again.'
const PLAN_AGAIN = 'Comment `/plan` to make a new one, look at it, and deploy that.'

function planChanged(next: string): Refusal {
  const message =
    'Since the plan was made, production or the queue ahead has changed in what the plan is about.'
  return new Refusal('PLAN_CHANGED', message, { next })
}

/** The first of several problems; all of them are in the deploy request’s comment. */
function toRefusal({ code, message, next }: Failure, others: readonly Failure[]): Refusal {
  if (code === 'INTERNAL') throw new TypeError(message)
  const more = others.length > 0 ? ` (And ${others.length} more.)` : ''
  return new Refusal(code, `${message}${more}`, { next })
}
