import type { BranchConfig, DatabaseConfig } from '../../src/deploy/config.ts'
import { planOf } from '../../src/deploy/deployment.ts'
import { type By, type DeployRequest, parseCommitSha } from '../../src/deploy/request.ts'
import {
  parseSubmission,
  SUBMISSION_LIMITS,
  type Submission,
  type SubmissionAnswer,
} from '../../src/deploy/submission.ts'
import { Refusal } from '../../src/errors.ts'
import type { Levels } from '../../src/lint/rules.ts'
import { listDeployRequests, openDeployRequest } from '../../src/store/deploy-requests.ts'
import { currentDeployment, type StoredDeployment } from '../../src/store/deployments.ts'
import { useTokenOnce } from '../../src/store/oidc-tokens.ts'
import { findPlan, findSubmission, saveSubmission } from '../../src/store/plans.ts'
import { findProjection } from '../../src/store/projections.ts'
import { findTarget } from '../config.ts'
import { busy, checkAgain, noTarget } from '../deploy-check.ts'
import type { PullRequestRef } from '../events.ts'
import type { Parts } from '../parts.ts'
import type { FindInstallation, RepositoryClient } from '../projector/github.ts'
import { commentSubject } from '../projector/reconcile.ts'
import { readDatabaseConfig } from '../repository-config.ts'
import type { VerifyToken, WorkflowIdentity } from './oidc.ts'
import type { Route } from './router.ts'

export type SubmissionOptions = {
  readonly parts: Parts
  readonly verify: VerifyToken
  readonly findInstallation: FindInstallation
}

/** Where the Action opens and updates deploy requests. */
export function submissionRoute(options: SubmissionOptions): Route {
  return {
    method: 'POST',
    path: '/action/deploy-requests',
    // Both schemas, with room for JSON's escapes.
    limitBytes: 2 * SUBMISSION_LIMITS.bytes,
    handle: async ({ headers, body }) => {
      const { authorization } = headers
      const identity = await options.verify(
        typeof authorization === 'string' ? authorization : undefined,
      )
      await useOnce(options, identity)
      const submission = parseSubmission(parseJson(body))
      return { status: 200, body: await submit(options, identity, submission) }
    },
  }
}

async function useOnce({ parts }: SubmissionOptions, identity: WorkflowIdentity): Promise<void> {
  if (await useTokenOnce(parts.store, identity.tokenId, identity.usableUntil)) return
  throw new Refusal('TOKEN_INVALID', 'The workflow’s token was used before.', {
    next: 'Run the job again: it asks for a new token.',
  })
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new Refusal('INPUT_INVALID', 'The submission is not JSON.', {
      next: 'Use versions of the Action and the bot that belong together.',
      cause: error,
    })
  }
}

async function submit(
  options: SubmissionOptions,
  identity: WorkflowIdentity,
  submission: Submission,
): Promise<SubmissionAnswer> {
  const { parts } = options
  const pull = await findPull(options, identity)
  const client = await parts.github(pull)
  const author = await requireHead(client, pull, submission)
  const config = await readDatabaseConfig(client, submission.database)
  const branch = mainBranch(config)
  const place = { ...pull, database: submission.database }
  if (!findTarget(parts.databases, place, branch.name)) {
    throw noTarget(`${pull.owner}/${pull.repo}/${submission.database}, branch ${branch.name}`)
  }
  const by: By = { actor: identity.actor, via: 'action' }
  const change = { pull, submission, author, branch, levels: config.lint, by }
  const deployment = await openOrUpdate(parts, change)
  return await answer(parts, pull, deployment)
}

/** Everything but the pull request's number comes from GitHub itself; the token's ids must be the same. */
async function findPull(
  { parts, findInstallation }: SubmissionOptions,
  { owner, repo, repositoryId, ownerId, pullRequest }: WorkflowIdentity,
): Promise<PullRequestRef> {
  const installationId = await findInstallation({ owner, repo })
  if (installationId === null) throw notInstalled(owner, repo)
  const pull = { installationId, repositoryId, owner, repo, number: pullRequest }
  const client = await parts.github(pull)
  const ids = await client.readIds()
  if (ids.repositoryId !== repositoryId || ids.ownerId !== ownerId) throw notInstalled(owner, repo)
  return pull
}

function notInstalled(owner: string, repo: string): Refusal {
  return new Refusal('TOKEN_INVALID', `The App is not installed on ${owner}/${repo}.`, {
    next: 'Install the GitHub App on the repository, then run the job again.',
  })
}

/** The author of the pull request, whose head must be what was submitted. */
async function requireHead(
  client: RepositoryClient,
  { number }: PullRequestRef,
  { headSha }: Submission,
): Promise<string> {
  const { headSha: head, author, state } = await client.readPullRequest(number)
  if (state !== 'open') throw outdated(`The pull request ${number} is closed.`)
  if (head === headSha) return author
  const moved = `The pull request is at \`${head.slice(0, 7)}\`, the submission is for \`${headSha.slice(0, 7)}\`.`
  throw outdated(moved)
}

function outdated(message: string): Refusal {
  return new Refusal('PLAN_CHANGED', message, {
    next: 'Nothing has to be done when a newer run is on its way; else run the job again.',
  })
}

type Branch = { readonly name: string; readonly config: BranchConfig }

/** The branch that a deploy request is for: `production`, or the first one where there is none. */
function mainBranch({ branches }: DatabaseConfig): Branch {
  const names = Object.keys(branches)
  const name = names.find((candidate) => candidate === 'production') ?? names[0]
  const config = name === undefined ? undefined : branches[name]
  if (name === undefined || !config) throw new TypeError('a database without a branch')
  return { name, config }
}

type ChangeOfSchema = {
  readonly pull: PullRequestRef
  readonly submission: Submission
  readonly author: string
  readonly branch: Branch
  readonly levels: Levels
  readonly by: By
}

type Updated = { readonly request: DeployRequest; readonly stored: StoredDeployment }

/** The same submission again, or a head that moved without a change of the schema, plans nothing anew. */
async function openOrUpdate(parts: Parts, change: ChangeOfSchema): Promise<Updated> {
  const { store, clock } = parts
  const { pull, submission, author, branch, levels, by } = change
  const before = await findBefore(parts, change)
  const isSame = before !== null && hasSameSchema(before.submission, submission)
  if (before && !isSame && AT_WORK.has(before.stored.deployment.state)) {
    throw busy(before.stored.deployment.state)
  }
  const at = clock.now()
  const { request, change: opened } = await openDeployRequest(
    store,
    {
      repository: { owner: pull.owner, name: pull.repo, id: pull.repositoryId },
      installationId: pull.installationId,
      pullRequest: pull.number,
      database: submission.database,
      branch: branch.name,
      head: parseCommitSha(submission.headSha),
      base: parseCommitSha(submission.baseSha),
      author,
    },
    { at, by },
  )
  await saveSubmission(store, request.id, submission, at)
  parts.ring()
  const keeps = isSame && opened !== 'reopened' && !UNDECIDED.has(before.stored.deployment.state)
  if (keeps) return { request, stored: before.stored }
  const stored = await checkAgain(parts, request, { config: branch.config, levels, by })
  return { request, stored }
}

async function findBefore({ store }: Parts, { pull, submission, branch }: ChangeOfSchema) {
  const key = { repositoryId: pull.repositoryId, pullRequest: pull.number }
  const request = (await listDeployRequests(store, key)).find(
    (one) => one.database === submission.database && one.branch === branch.name,
  )
  const stored = request && (await currentDeployment(store, request.id))
  const known = request && (await findSubmission(store, request.id))
  return stored && known ? { stored, submission: known } : null
}

/** That the files are the same says nothing: whoever sends the digest of them can send anything beside it. */
function hasSameSchema(one: Submission, other: Submission): boolean {
  return SAYS.every((field) => JSON.stringify(one[field]) === JSON.stringify(other[field]))
}

const SAYS = ['filesDigest', 'baseSchema', 'wantedSchema', 'renames', 'suppressions'] as const

type States = ReadonlySet<StoredDeployment['deployment']['state']>

/** The states in which the check has to be made again although nothing changed: it was not made, or it failed. */
const UNDECIDED: States = new Set(['pending', 'error'])

/** The states in which the engine holds tables of the plan, so that no other plan can take its place. */
const AT_WORK: States = new Set([
  'submitting',
  'in_progress',
  'pending_cutover',
  'in_progress_cutover',
  'in_progress_cancel',
  'complete_pending_revert',
  'in_progress_revert',
  'complete_revert_error',
])

async function answer(
  { store, pullRequestUrl }: Parts,
  pull: PullRequestRef,
  { request, stored }: Updated,
): Promise<SubmissionAnswer> {
  const { deployment } = stored
  const digest = planOf(deployment)
  const plan = digest && (await findPlan(store, digest))
  const comment = await findProjection(store, commentSubject(pull))
  const url = pullRequestUrl(pull)
  return {
    version: 1,
    number: request.number,
    branch: request.branch,
    state: deployment.state,
    url,
    digest,
    operations: plan?.operations ?? [],
    errors: deployment.state === 'error' ? deployment.errors : [],
    commentUrl: comment?.githubId ? `${url}#issuecomment-${comment.githubId}` : null,
  }
}
