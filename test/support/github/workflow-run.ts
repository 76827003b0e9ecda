import { randomBytes } from 'node:crypto'
import type { Inside } from './emulated.ts'
import type { PullRow, RepositoryRow } from './rows.ts'
import type { TokenRequest, TokenService } from './token-service.ts'

/** One run of a workflow on `pull_request`, as its job sees it. */
export type WorkflowRun = {
  readonly id: number
  readonly number: number
  /** The commit of `ref`: the pull request merged into its base. */
  readonly sha: string
  readonly headSha: string
  readonly ref: string
  readonly headRef: string
  readonly baseRef: string
  readonly actor: string
  readonly workflow: string
  /** The content of GITHUB_EVENT_PATH. */
  readonly event: Readonly<Record<string, unknown>>
  /** The job's GITHUB_TOKEN. */
  readonly token: string
  readonly idToken: TokenRequest
}

/** The App that GitHub Actions is; a job's token makes it comment as `github-actions[bot]`. */
export const ACTIONS_APP = { id: 15368, slug: 'github-actions' } as const

const WORKFLOW = { name: 'schema', path: '.github/workflows/schema.yml' } as const

/** What the workflow's `permissions` allow its token; the token service is always allowed. */
const PERMISSIONS = { contents: 'read', metadata: 'read', pull_requests: 'write' } as const

/** Starts a workflow run for the head of a pull request; nothing is executed by it. */
export async function startWorkflowRun(
  inside: Inside,
  tokenService: TokenService,
  pull: PullRow,
): Promise<WorkflowRun> {
  const { rows, call, tokens } = inside
  const repository = rows.repos.get(pull.base_repo_id)
  const actor = rows.users.get(pull.user_id)
  const sha = pull.merge_commit_sha
  if (!repository || !actor || !sha)
    throw new TypeError('a conflict: GitHub would start no workflow')
  const path = `/repos/${repository.full_name}`
  const run = insertRun(inside, repository, { pull, actorId: actor.id })
  const shown = await call<Readonly<Record<string, unknown>>>('GET', path)
  const owner = rows.orgs.get(repository.owner_id) ?? rows.users.get(repository.owner_id)
  const ref = `refs/pull/${pull.number}/merge`
  const token = `ghs_${randomBytes(18).toString('base64url')}`
  tokens.set(token, {
    login: owner?.login ?? '',
    id: repository.owner_id,
    scopes: [],
    installation: {
      installationId: ACTIONS_APP.id,
      appId: ACTIONS_APP.id,
      accountId: repository.owner_id,
      accountType: repository.owner_type,
      permissions: PERMISSIONS,
      repositoryIds: [repository.id],
      repositorySelection: 'selected',
    },
  })
  return {
    id: run.id,
    number: run.run_number,
    sha,
    headSha: pull.head_sha,
    ref,
    headRef: pull.head_ref,
    baseRef: pull.base_ref,
    actor: actor.login,
    workflow: WORKFLOW.name,
    token,
    event: {
      action: 'synchronize',
      number: pull.number,
      pull_request: await call('GET', `${path}/pulls/${pull.number}`),
      repository: shown,
      sender: await call('GET', `/users/${actor.login}`),
    },
    idToken: tokenService.allow({
      sub: `repo:${repository.full_name}:pull_request`,
      ref,
      ref_type: 'branch',
      sha,
      repository: repository.full_name,
      repository_id: `${repository.id}`,
      repository_owner: owner?.login ?? '',
      repository_owner_id: `${repository.owner_id}`,
      repository_visibility: repository.private ? 'private' : 'public',
      run_id: `${run.id}`,
      run_number: `${run.run_number}`,
      run_attempt: '1',
      runner_environment: 'github-hosted',
      actor: actor.login,
      actor_id: `${actor.id}`,
      workflow: WORKFLOW.name,
      workflow_ref: `${repository.full_name}/${WORKFLOW.path}@${ref}`,
      head_ref: pull.head_ref,
      base_ref: pull.base_ref,
      event_name: 'pull_request',
    }),
  }
}

function insertRun(
  { rows }: Inside,
  repository: RepositoryRow,
  { pull, actorId }: { readonly pull: PullRow; readonly actorId: number },
) {
  const ofRepository = { repo_id: repository.id, name: WORKFLOW.name }
  const workflow =
    rows.workflows.findBy('repo_id', repository.id)[0] ??
    rows.workflows.insert({
      ...ofRepository,
      path: WORKFLOW.path,
      node_id: 'WORKFLOW',
      state: 'active',
      badge_url: null,
    })
  const runs = rows.workflowRuns.findBy('repo_id', repository.id).length
  return rows.workflowRuns.insert({
    ...ofRepository,
    node_id: `RUN_${runs + 1}`,
    workflow_id: workflow.id,
    head_branch: pull.head_ref,
    head_sha: pull.head_sha,
    run_number: runs + 1,
    event: 'pull_request',
    status: 'in_progress',
    conclusion: null,
    actor_id: actorId,
    run_attempt: 1,
    run_started_at: new Date().toISOString(),
  })
}
