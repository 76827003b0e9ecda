import type { DeploymentState } from '../src/deploy/deployment.ts'
import { type By, type DeployRequest, parseCommitSha } from '../src/deploy/request.ts'
import { mayHappen } from '../src/deploy/transition.ts'
import { Refusal } from '../src/errors.ts'
import { renderCheck, renderPendingCheck } from '../src/render/check.ts'
import { closeDeployRequest, listDeployRequests } from '../src/store/deploy-requests.ts'
import { currentDeployment, recordFact } from '../src/store/deployments.ts'
import { findProjection } from '../src/store/projections.ts'
import { execute } from './command/execute.ts'
import { BARE, type Command } from './command/parse.ts'
import type { Ask, Merge, PullRequestRef } from './events.ts'
import type { Parts } from './parts.ts'
import { answerRefusal } from './projector/answers.ts'
import { checkSubject, writeCheck } from './projector/reconcile.ts'
import { listTouchedDatabases, readDatabaseConfig } from './repository-config.ts'

type AskOf<K extends Ask['kind']> = Ask & { readonly kind: K }

const BOT: By = { actor: 'crossfade', via: 'bot' }

/**
 * A new head: green at once when it changes no schema, else waiting for the Action. What was asked for a
 * database that it no longer changes is not wanted any more.
 */
export async function onHead(parts: Parts, { pull, headSha }: AskOf<'head'>): Promise<void> {
  const client = await parts.github(pull)
  const touched = await listTouchedDatabases(client, pull.number)
  const requests = await openRequests(parts, pull)
  for (const request of requests) {
    if (!touched.includes(request.database)) await close(parts, request, BOT)
  }
  const place = { client, pull, headSha }
  if (touched.length === 0) {
    await writeCheck(parts, place, renderCheck([]))
    return
  }
  // The Action may have been quicker than this event: then the check says more than we could here.
  const written = await findProjection(parts.store, checkSubject(pull.repositoryId, headSha))
  if (!written) await writeCheck(parts, place, renderPendingCheck())
}

/** Merged: deploys where the branch says so. Closed without a merge: nothing of it is wanted any more. */
export async function onClosed(parts: Parts, { pull, merged }: AskOf<'closed'>): Promise<void> {
  for (const request of await openRequests(parts, pull)) {
    if (merged) await deployMerged(parts, { request, merged, pull })
    else await close(parts, request, { actor: 'crossfade', via: 'close' })
  }
}

async function openRequests({ store }: Parts, pull: PullRequestRef): Promise<DeployRequest[]> {
  const key = { repositoryId: pull.repositoryId, pullRequest: pull.number }
  const requests = await listDeployRequests(store, key)
  return requests.filter(({ state }) => state === 'open')
}

async function close(parts: Parts, request: DeployRequest, by: By): Promise<void> {
  const { store, clock, ring } = parts
  const current = await currentDeployment(store, request.id)
  if (current && mayHappen(current.deployment, 'closed')) {
    await recordFact(store, current.id, { type: 'closed', at: clock.now() }, by)
  }
  await closeDeployRequest(store, request.id, { at: clock.now(), by })
  ring()
}

type Merged = {
  readonly request: DeployRequest
  readonly merged: Merge
  readonly pull: PullRequestRef
}

/**
 * A merge is the command `/deploy` of the person who merged. What is staged cuts over; what is not is staged
 * first, and then the branch's setting decides whether it waits at the gate.
 */
async function deployMerged(parts: Parts, { request, merged, pull }: Merged): Promise<void> {
  const client = await parts.github(pull)
  try {
    const { branches } = await readDatabaseConfig(client, request.database)
    const branch = Object.hasOwn(branches, request.branch) ? branches[request.branch] : undefined
    const state = await stateOf(parts, request)
    if (branch?.deploy !== 'on-merge' || state === null || isDecided(state)) return
    await execute(parts, {
      command: deployCommand(STAGED.has(state) ? 'auto' : branch.cutover),
      request,
      login: merged.by.login,
      source: { via: 'merge', mergeSha: parseCommitSha(merged.sha) },
      client,
    })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    await answerRefusal(
      parts,
      { client, pull, subject: `merge:${request.id}:${merged.sha}`, command: null },
      error,
    )
  }
}

function deployCommand(cutover: 'auto' | 'hold'): Command {
  return { ...BARE, verb: 'deploy', cutover }
}

async function stateOf({ store }: Parts, { id }: DeployRequest): Promise<DeploymentState | null> {
  return (await currentDeployment(store, id))?.deployment.state ?? null
}

/** Whether a merge decides nothing more: the change is live, on its way there or back, or there is none. */
function isDecided(state: DeploymentState): boolean {
  return state.startsWith('complete') || DECIDED.has(state)
}

const DECIDED: ReadonlySet<DeploymentState> = new Set([
  'no_changes',
  'in_progress_cutover',
  'in_progress_cancel',
  'in_progress_revert',
])

/** The states of a change that somebody had staged before the merge. */
const STAGED: ReadonlySet<DeploymentState> = new Set([
  'queued',
  'submitting',
  'in_progress',
  'pending_cutover',
])
