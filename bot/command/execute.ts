import type { BranchConfig } from '../../src/deploy/config.ts'
import { planOf } from '../../src/deploy/deployment.ts'
import { confirmCode } from '../../src/deploy/digest.ts'
import { isDestructive } from '../../src/deploy/plan.ts'
import {
  type By,
  type CommitSha,
  type DeployRequest,
  parseCommitSha,
} from '../../src/deploy/request.ts'
import { mayHappen } from '../../src/deploy/transition.ts'
import { Refusal } from '../../src/errors.ts'
import { listAudit, recordAction } from '../../src/store/audit.ts'
import { openDeployRequest, projectAgain } from '../../src/store/deploy-requests.ts'
import {
  applyEvent,
  currentDeployment,
  type StoredDeployment,
} from '../../src/store/deployments.ts'
import { findPlan, findSubmission } from '../../src/store/plans.ts'
import { ACCEPTED, type AcceptedDetail, findReview } from '../../src/store/reviews.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { checkAgain, requireSamePlan } from '../deploy-check.ts'
import type { Parts } from '../parts.ts'
import type { RepositoryClient } from '../projector/github.ts'
import { readDatabaseConfig, readFilesDigest } from '../repository-config.ts'
import { authorize, mayWrite } from './authorize.ts'
import { bindHead } from './bind.ts'
import { type Effect, effectOf } from './effect.ts'
import type { Verb } from './grammar.ts'
import type { Command } from './parse.ts'
import { requireFinding, requireNoErrors } from './review.ts'

/** Where a command came from. A comment's id makes sure that it is run once. */
export type CommandSource =
  | { readonly via: 'comment'; readonly commentId: number }
  | { readonly via: 'merge'; readonly mergeSha: CommitSha }

export type CommandCall = {
  readonly command: Command
  readonly request: DeployRequest
  readonly login: string
  readonly source: CommandSource
  /** What is known of the repository now. */
  readonly client: RepositoryClient
}

/** What a line of the record with the action `command` says; the projector makes reactions of it. */
export type CommandDetail = {
  readonly verb: Verb
  readonly commentId: number | null
  /** For a command that asks for the cutover: whether it may end whoever is in the way. */
  readonly force?: boolean
  /** For a command that queues the deployment: how it changes the tables. */
  readonly method?: 'shadow' | 'instant'
}

/**
 * The one way in: binds the command to the plan, asks whether the person may, and moves the deployment on.
 * A command that was run before, as the record says, is not run again.
 *
 * @throws {Refusal} with what was checked; then nothing has changed, but for a new plan in the place of one that would
 *   no longer run.
 */
export async function execute(parts: Parts, call: CommandCall): Promise<void> {
  if (await wasExecuted(parts, call)) return
  const { command, request, client, login } = call
  const config = await readDatabaseConfig(client, request.database)
  const branch = Object.hasOwn(config.branches, request.branch)
    ? config.branches[request.branch]
    : undefined
  if (!branch) throw unconfigured(request)
  await authorizeNow(call, branch)
  const starts = STARTS.has(command.verb)
  const head = BOUND.has(command.verb)
    ? await bindNow(parts, call, (sha) => readFilesDigest(client, config, sha))
    : request.head
  if (starts) await requireApprovals(call, branch, head)
  const by: By = { actor: login, via: call.source.via }
  if (command.verb === 'plan') {
    await checkAgain(parts, request, { config: branch, levels: config.lint, by })
  }
  await inOrder(async () => {
    const current = await currentDeployment(parts.store, request.id)
    if (!current) throw nothingYet()
    const effect = effectOf(command, current.deployment, { config: branch, at: parts.clock.now() })
    const plan = planOf(current.deployment)
    if (plan && isStart(effect) && mayHappen(current.deployment, 'enqueued')) {
      await requireSamePlan(parts, request, { config: branch, levels: config.lint, by, plan })
    }
    await requireReviewed(parts, current, effect)
    await requireConfirmation(parts, command, { current, effect })
    await record(parts, { ...call, head, by, current, effect })
  })
  parts.ring()
}

/** The commands that bring a plan nearer to production. */
const STARTS: ReadonlySet<Verb> = new Set(['stage', 'deploy', 'cutover'])

/** The commands that are for the plan that was reviewed, and for no other. */
const BOUND: ReadonlySet<Verb> = new Set([...STARTS, 'accept'])

async function wasExecuted({ store }: Parts, { source, request, command }: CommandCall) {
  if (source.via !== 'comment') return false
  const audit = await listAudit(store, request.id)
  return audit.some(({ action, detail }) => {
    if (action !== 'command') return false
    // Sound: lines with this action are written by `record` alone.
    const { commentId, verb } = detail as CommandDetail
    return commentId === source.commentId && verb === command.verb
  })
}

async function authorizeNow(
  { client, command, login }: CommandCall,
  { deployers }: BranchConfig,
): Promise<void> {
  const permission = await client.readPermission(login)
  const isDeployer = deployers.length === 0 || (await isListed(client, deployers, login))
  authorize(command.verb, login, { permission, isDeployer })
}

/** Whether a login is named, or is in a team that is: `login` or `organisation/team`. */
async function isListed(
  client: RepositoryClient,
  deployers: readonly string[],
  login: string,
): Promise<boolean> {
  for (const deployer of deployers) {
    const [name = '', team] = deployer.split('/')
    if (team === undefined && name.toLowerCase() === login.toLowerCase()) return true
    if (team !== undefined && (await client.isTeamMember(name, team, login))) return true
  }
  return false
}

async function bindNow(
  { store }: Parts,
  { request, command, client, source }: CommandCall,
  readDigest: (sha: string) => Promise<string | null>,
): Promise<CommitSha> {
  const submission = await findSubmission(store, request.id)
  if (!submission) throw nothingYet()
  const reviewed = { head: submission.headSha, filesDigest: submission.filesDigest }
  const sha =
    source.via === 'merge'
      ? source.mergeSha
      : parseCommitSha((await client.readPullRequest(request.pullRequest)).headSha)
  const head = await bindHead(reviewed, { sha, filesDigest: () => readDigest(sha) }, command.at)
  // The merge commit proves the plan, but the request stays at the head that people saw.
  return source.via === 'merge' ? request.head : head
}

/** Approvals count for the commit they were given for, from people who may write, and not from the author. */
async function requireApprovals(
  { client, request }: CommandCall,
  { approvals }: BranchConfig,
  head: CommitSha,
): Promise<void> {
  if (approvals === 0) return
  const given = await client.listApprovals(request.pullRequest)
  const ofOthers = given.filter(
    ({ login, commitSha }) => login !== request.author && commitSha === head,
  )
  const permissions = await Promise.all(ofOthers.map(({ login }) => client.readPermission(login)))
  const counted = permissions.filter(mayWrite)
  if (counted.length >= approvals) return
  throw new Refusal(
    'APPROVAL_MISSING',
    `The branch ${request.branch} needs ${approvals} approvals of \`${head.slice(0, 7)}\` and has ${counted.length}.`,
    { next: 'Ask for a review of the newest commit, then give the command again.' },
  )
}

/** A plan starts without errors of lint, and only what lint found can be accepted. */
async function requireReviewed(
  { store }: Parts,
  { deployRequestId, deployment }: StoredDeployment,
  effect: Effect,
): Promise<void> {
  const accepts = effect.kind === 'accept'
  if (!accepts && !isStart(effect)) return
  const digest = planOf(deployment)
  const review = digest && (await findReview(store, { deployRequestId, digest }))
  if (accepts) requireFinding(review, effect.rule)
  else if (review) requireNoErrors(review)
}

function isStart(effect: Effect): boolean {
  return effect.kind === 'event' && effect.event.type === 'enqueued'
}

/** A plan that drops data starts only with the code that is made of its digest; a code given later must fit, too. */
async function requireConfirmation(
  { store }: Parts,
  { verb, confirm }: Command,
  { current, effect }: { readonly current: StoredDeployment; readonly effect: Effect },
): Promise<void> {
  const digest = planOf(current.deployment)
  const plan = digest && (await findPlan(store, digest))
  if (!plan || !isDestructive(plan)) return
  const code = confirmCode(plan.digest)
  const starts = isStart(effect)
  if (confirm === code || (confirm === null && !starts)) return
  throw new Refusal(
    'CONFIRM_REQUIRED',
    confirm === null
      ? 'The plan drops data, and the command does not confirm that.'
      : 'The plan drops data, and the code in the command is not the one of this plan.',
    { next: `Look at what is dropped, then comment \`/${verb} confirm=${code}\`.` },
  )
}

type Recorded = CommandCall & {
  readonly head: CommitSha
  readonly by: By
  readonly current: StoredDeployment
  readonly effect: Effect
}

/** The command and what it does, in one transaction: a crash leaves both or neither. */
async function record({ store, clock }: Parts, recorded: Recorded): Promise<void> {
  const { request, command, source, head, by, current, effect } = recorded
  const at = clock.now()
  const commentId = source.via === 'comment' ? source.commentId : null
  const queues = isStart(effect)
  const detail: CommandDetail = {
    verb: command.verb,
    commentId,
    ...(command.force ? { force: true } : {}),
    ...(queues ? { method: command.method ?? 'shadow' } : {}),
  }
  const line = { deployRequestId: request.id, deploymentId: current.id, at, by }
  await inTransaction(store, async (trx) => {
    if (head !== request.head) await openDeployRequest(trx, { ...request, head }, { at, by })
    await projectAgain(trx, request.id)
    await recordAction(trx, { ...line, action: 'command', detail })
    if (effect.kind === 'event') await applyEvent(trx, current, effect.event, by)
    if (effect.kind === 'accept') {
      const accepted: AcceptedDetail = { rule: effect.rule, reason: effect.reason }
      const digest = planOf(current.deployment)
      await recordAction(trx, { ...line, action: ACCEPTED, digest, detail: accepted })
    }
    if (effect.kind === 'steer') {
      await recordAction(trx, { ...line, action: effect.action, detail: effect.detail })
    }
  })
}

const ATTEMPTS = 5

/** Repeats a decision that was made on a state which the deployer has just moved on. */
async function inOrder(decide: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await decide()
      return
    } catch (error) {
      const stale = error instanceof Refusal && error.code === 'STALE_WRITE'
      if (!stale || attempt === ATTEMPTS) throw error
    }
  }
}

function nothingYet(): Refusal {
  return new Refusal('NOT_FOUND', 'There is no plan of this pull request yet.', {
    next: 'Wait until the Action has run, then give the command again.',
  })
}

function unconfigured({ database, branch }: DeployRequest): Refusal {
  return new Refusal(
    'CONFIG_INVALID',
    `The default branch no longer configures ${database}/${branch}.`,
    { next: 'Add the branch to `.github/crossfade.yml` of the default branch.' },
  )
}
