import type { Failure } from '../src/deploy/deployment.ts'
import type { PlanDigest } from '../src/deploy/digest.ts'
import {
  circumstancesOf,
  isInstantPossible,
  makePlan,
  type Plan,
  planOperation,
  refusalsOf,
} from '../src/deploy/plan.ts'
import type { DeployRequest } from '../src/deploy/request.ts'
import { forecastChanges } from '../src/forecast/forecast.ts'
import { connect, type Target } from '../src/mysql/connect.ts'
import { diffSchemas, tableOf } from '../src/schema/diff/diff.ts'
import { checkCanonical } from '../src/schema/file/allow-list.ts'
import type { Renames } from '../src/schema/renames.ts'
import type { Schema } from '../src/schema/table.ts'
import { requireNoStoredCall } from '../src/schema/view/view-calls.ts'
import { listPastCopies } from '../src/store/past-copies.ts'
import type { Parts } from './parts.ts'

/** The workflow of the pull request waits for it. */
const WITHIN_MS = 15_000

/** A command may choose another one when it queues the deployment; the plan is the same. */
const METHOD = 'shadow'

/** What is planned, where, and with what window to take it back. */
export type WhatToPlan = {
  readonly request: DeployRequest
  readonly target: Target
  readonly revertWindowMs: number | null
  /** Production as it is. */
  readonly now: Schema
  /** Production with everything that goes first. */
  readonly live: Schema
  readonly wanted: Schema
  readonly renames: Renames
}

/**
 * The plan that turns `live` into `wanted`, with what a look at the server says of it.
 *
 * @throws {Refusal} SQL_NOT_ALLOWED when a definition holds what no schema file may hold.
 */
export async function planFor(
  { store, clock }: Parts,
  { request, target, revertWindowMs, now, live, wanted, renames }: WhatToPlan,
): Promise<Plan> {
  const changes = diffSchemas(live, wanted, renames)
  for (const change of changes) {
    if ('to' in change) checkCanonical(change.to.sql, tableOf(change))
    if (change.kind === 'create_view' || change.kind === 'replace_view') {
      requireNoStoredCall(change.to, now.unmanaged)
    }
  }
  await using session = await connect(target)
  const found = await forecastChanges(
    session,
    { schema: target.schema ?? '', now, live, changes },
    {
      clock,
      method: METHOD,
      revertWindowMs,
      past: await listPastCopies(store, request),
      scratch: null,
      withinMs: WITHIN_MS,
      onTable: () => undefined,
    },
  )
  const operations = changes.map((change, at) => planOperation(change, found[at] ?? null))
  return makePlan(operations, circumstancesOf(operations, { live, wanted, method: METHOD }))
}

/** The digest that a plan for this would have now, without a look at the server. */
export function digestFor({
  live,
  wanted,
  renames,
}: Pick<WhatToPlan, 'live' | 'wanted' | 'renames'>): PlanDigest {
  const operations = diffSchemas(live, wanted, renames).map((change) => planOperation(change))
  return makePlan(operations, circumstancesOf(operations, { live, wanted, method: METHOD })).digest
}

/** Why a plan cannot be deployed in any way; empty when one may work, be it `method=instant`. */
export function whyNotDeployable(plan: Plan): readonly Failure[] {
  return isInstantPossible(plan) ? [] : refusalsOf(plan)
}
