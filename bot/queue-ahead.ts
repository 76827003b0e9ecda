import { conflictFailure, type Origin } from '../src/deploy/conflict.ts'
import type { DeploymentState, Failure } from '../src/deploy/deployment.ts'
import type { DeployRequest } from '../src/deploy/request.ts'
import type { Submission } from '../src/deploy/submission.ts'
import { requirePossible } from '../src/schema/file/server-limits.ts'
import { mergeSchemas } from '../src/schema/merge/merge.ts'
import { type Part, textOf } from '../src/schema/merge/part.ts'
import type { Touch } from '../src/schema/merge/touch.ts'
import { schemaFromSql } from '../src/schema/parse.ts'
import { type Renames, renamesFromJson } from '../src/schema/renames.ts'
import type { Schema } from '../src/schema/table.ts'
import type { Store } from '../src/store/database.ts'
import { requireDeployRequest } from '../src/store/deploy-requests.ts'
import { listDeploymentsIn } from '../src/store/deployments.ts'
import { findSubmission } from '../src/store/plans.ts'

/** What a deploy request would be deployed to, and what production would be then. */
export type MergedWithQueue = {
  /** Production with everything that goes first. */
  readonly live: Schema
  /** Equal to `live` when there are conflicts. */
  readonly wanted: Schema
  /** The columns that the request renames, for the difference of the two. */
  readonly renames: Renames
  readonly errors: readonly Failure[]
}

/** The states of a deployment whose change goes first and is not in production yet. */
const AHEAD = [
  'queued',
  'submitting',
  'in_progress',
  'pending_cutover',
  'in_progress_cutover',
] as const satisfies readonly DeploymentState[]

/** The states of a deployment whose change is in production. */
const LIVE = ['complete_pending_revert', 'complete'] as const satisfies readonly DeploymentState[]

/** As many of those that are live as are asked whether they have brought a conflict: the newest. */
const MOST_ASKED = 50

/**
 * The wanted change applied to production as it will be: with the change of every deploy request of the branch that
 * is queued or being deployed. Conflicts name who brought them.
 */
export async function mergeWithQueue(
  store: Store,
  request: DeployRequest,
  { submission, live }: { readonly submission: Submission; readonly live: Schema },
): Promise<MergedWithQueue> {
  const ahead = await listChanges(store, request, { states: AHEAD, until: 'own' })
  const theirs = ahead.reduce(withChange, live)
  const { base, wanted, renames } = schemasOf(submission)
  const merged = mergeSchemas(base, theirs, wanted, renames)
  if (merged.kind === 'merged') return { live: theirs, wanted: merged.schema, renames, errors: [] }
  const deployed = (await listChanges(store, request, { states: LIVE, until: 'end' })).slice(
    -MOST_ASKED,
  )
  const origin = (touch: Touch) => originOf(touch, theirs, { ahead, deployed })
  const errors = merged.conflicts.map((conflict) =>
    conflictFailure(conflict, origin(conflict.theirs)),
  )
  return { live: theirs, wanted: theirs, renames, errors }
}

type Change = {
  readonly request: DeployRequest
  readonly base: Schema
  readonly wanted: Schema
  readonly renames: Renames
}

type Which = {
  readonly states: readonly DeploymentState[]
  /** All of them, or those that were queued before the request itself was. */
  readonly until: 'own' | 'end'
}

/** What other deploy requests of the same branch change, those that were queued first first. */
async function listChanges(
  store: Store,
  request: DeployRequest,
  { states, until }: Which,
): Promise<Change[]> {
  const changes: Change[] = []
  for (const { deployRequestId } of await listDeploymentsIn(store, states)) {
    const isOwn = deployRequestId === request.id
    if (isOwn && until === 'own') break
    if (isOwn) continue
    const other = await requireDeployRequest(store, deployRequestId)
    if (!isSameBranch(other, request)) continue
    const submission = await findSubmission(store, deployRequestId)
    if (submission) changes.push({ request: other, ...schemasOf(submission) })
  }
  return changes
}

function isSameBranch(one: DeployRequest, other: DeployRequest): boolean {
  return (
    one.repository.id === other.repository.id &&
    one.database === other.database &&
    one.branch === other.branch
  )
}

function schemasOf({ baseSchema, wantedSchema, renames }: Submission): Omit<Change, 'request'> {
  const [base, wanted] = [schemaFromSql(baseSchema), schemaFromSql(wantedSchema)]
  requirePossible(base)
  requirePossible(wanted)
  return { base, wanted, renames: renamesFromJson(renames) }
}

/** One that is in conflict itself by now will not be deployed as it is: nobody has to wait for it. */
function withChange(schema: Schema, { base, wanted, renames }: Change): Schema {
  const merged = mergeSchemas(base, schema, wanted, renames)
  return merged.kind === 'merged' ? merged.schema : schema
}

type Others = { readonly ahead: readonly Change[]; readonly deployed: readonly Change[] }

/** The last one that made the part what it is; nobody when none did. */
function originOf(touch: Touch, theirs: Schema, { ahead, deployed }: Others): Origin {
  const queued = ahead.findLast((change) => hasBrought(change, touch, theirs))
  const live = deployed.findLast((change) => hasBrought(change, touch, theirs))
  const found = queued ?? live
  if (!found) return { kind: 'direct' }
  const { number, pullRequest } = found.request
  return { kind: queued ? 'ahead' : 'deployed', number, pullRequest }
}

function hasBrought({ base, wanted }: Change, { part, did }: Touch, theirs: Schema): boolean {
  // An order is no part of its own; a table may have been changed by more than one; a view has other rights when it is live.
  const isWhole =
    did === 'moves' || part.kind === 'view' || (part.kind === 'table' && did === 'changes')
  const about: Part = did === 'moves' ? { table: part.table, kind: 'table', name: '' } : part
  const [before, after] = [textOf(base, about), textOf(wanted, about)]
  return before !== after && (isWhole || after === textOf(theirs, about))
}
