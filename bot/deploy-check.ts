import type { BranchConfig } from '../src/deploy/config.ts'
import type { CheckResult, DeploymentSettings } from '../src/deploy/deployment.ts'
import type { Plan } from '../src/deploy/plan.ts'
import type { By, DeployRequest } from '../src/deploy/request.ts'
import { NEXT_STEP } from '../src/deploy/transition.ts'
import { Refusal } from '../src/errors.ts'
import type { Levels } from '../src/lint/rules.ts'
import { connect, type Target } from '../src/mysql/connect.ts'
import { readSchema } from '../src/schema/canonical.ts'
import { fingerprintSchema } from '../src/schema/fingerprint.ts'
import type { Schema } from '../src/schema/table.ts'
import { planAgain, recordFact, type StoredDeployment } from '../src/store/deployments.ts'
import { findSubmission, savePlan } from '../src/store/plans.ts'
import { saveReview } from '../src/store/reviews.ts'
import { findTarget } from './config.ts'
import type { Parts } from './parts.ts'
import { planFor, whyNotDeployable } from './plan.ts'
import { mergeWithQueue } from './queue-ahead.ts'
import { reviewOf } from './review.ts'

const BOT: By = { actor: 'crossfade', via: 'bot' }

/** What a new deployment starts with. */
export function settingsOf({ cutover, revertWindowMs }: BranchConfig): DeploymentSettings {
  return { autoCutover: cutover === 'auto', revertWindowMs }
}

/**
 * Makes the plan anew from the last submission and the production schema of now.
 *
 * @throws {Refusal} DEPLOY_STATE while the engine works on the former plan.
 */
export async function checkAgain(
  parts: Parts,
  request: DeployRequest,
  {
    config,
    levels,
    by,
  }: { readonly config: BranchConfig; readonly levels: Levels; readonly by: By },
): Promise<StoredDeployment> {
  const { store, clock } = parts
  const planned = await planAgain(store, request.id, settingsOf(config), { at: clock.now(), by })
  if (!planned) throw busy()
  const result = await check(parts, request, { config, levels })
  const at = clock.now()
  const checked = await recordFact(store, planned.id, { type: 'checked', result, at }, BOT)
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
  { config, levels }: { readonly config: BranchConfig; readonly levels: Levels },
): Promise<CheckResult> {
  try {
    const submission = await findSubmission(parts.store, request.id)
    if (!submission) throw new TypeError(`request ${request.id} has no submission`)
    const target = targetOf(parts, request)
    const live = await readLive(target)
    const merged = await mergeWithQueue(parts.store, request, { submission, live })
    if (merged.errors.length > 0) return { kind: 'error', errors: merged.errors }
    const { revertWindowMs } = config
    const plan = await planFor(parts, { request, target, revertWindowMs, ...merged })
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
 * Looks, right before the first statement, whether production is still what the plan was made for.
 *
 * @throws {Refusal} PLAN_CHANGED.
 */
export async function requireUnchanged(target: Target, plan: Plan): Promise<void> {
  if (fingerprintSchema(await readLive(target)) === plan.liveFingerprint) return
  throw new Refusal('PLAN_CHANGED', 'The production schema changed after the plan was made.', {
    next: 'Comment `/plan` to make a new one, look at it, and deploy that.',
  })
}
