import { authorise, repositoryOf } from './access.ts'
import { ApiError, type Inside, type RequestContext } from './emulated.ts'
import { writeMergedTree } from './merged-tree.ts'
import { pullOf } from './pull-request-files.ts'
import { tipOf } from './pull-request-head.ts'
import type { PullRow, RepositoryRow, UserRow } from './rows.ts'

type MergeBody = {
  readonly sha?: string
  readonly merge_method?: string
  readonly commit_title?: string
}

/**
 * The merge button. The emulator writes the tree that the head had, which undoes whatever the base got since;
 * here the head's changes go onto the tip of the base. A rebase becomes one commit, as a squash does.
 */
export function addMerge(inside: Inside): void {
  inside.app.put('/repos/:owner/:repo/pulls/:pull_number/merge', async (context) => {
    const repository = repositoryOf(inside, context)
    const user = authorise(inside, context, { role: 'write', permission: 'contents' })
    const pull = pullOf(inside, context)
    const body = await context.req.json<MergeBody>()
    assertMergeable(inside, repository, pull)
    if (body.sha !== undefined && body.sha !== pull.head_sha) {
      throw new ApiError(409, 'Head branch was modified. Review and try the merge again.')
    }
    const base = tipOf(inside, repository, pull.base_ref)
    const parents =
      body.merge_method === 'squash' || body.merge_method === 'rebase' ? [] : [pull.head_sha]
    const message = body.commit_title ?? `Merge pull request #${pull.number} from ${pull.head_ref}`
    const sha = await writeMerge(inside, context, { repository, pull, base, parents, message })
    moveBranch(inside, repository, { branch: pull.base_ref, sha })
    close(inside, pull, { user, sha })
    const sender = { login: user.login }
    inside.announce('pull_request', 'closed', {
      pull_request: { number: pull.number },
      repository,
      sender,
    })
    inside.announce('push', undefined, {
      ref: `refs/heads/${pull.base_ref}`,
      before: base,
      after: sha,
      repository,
      sender,
    })
    return context.json({ sha, merged: true, message: 'Pull Request successfully merged' })
  })
}

function assertMergeable({ rows }: Inside, repository: RepositoryRow, pull: PullRow): void {
  if (pull.merged || pull.state === 'closed' || pull.draft) {
    throw new ApiError(405, 'Pull Request is not mergeable')
  }
  const protection = rows.branchProtections
    .findBy('repo_id', repository.id)
    .find(({ branch_name }) => branch_name === pull.base_ref)
  const runs = rows.checkRuns
    .findBy('repo_id', repository.id)
    .filter(({ head_sha }) => head_sha === pull.head_sha)
  for (const name of protection?.required_status_checks?.contexts ?? []) {
    const latest = runs.findLast((run) => run.name === name)
    if (!['success', 'neutral', 'skipped'].includes(latest?.conclusion ?? '')) {
      throw new ApiError(405, `Required status check "${name}" is expected.`)
    }
  }
}

async function writeMerge(
  inside: Inside,
  context: RequestContext,
  merge: {
    readonly repository: RepositoryRow
    readonly pull: PullRow
    readonly base: string
    readonly parents: readonly string[]
    readonly message: string
  },
): Promise<string> {
  const { repository, pull, base, parents, message } = merge
  const tree = await writeMergedTree(inside, repository.full_name, { base, head: pull.head_sha })
  if (tree === null) throw new ApiError(405, 'Pull Request is not mergeable')
  const { sha } = await inside.call<{ sha: string }>(
    'POST',
    `/repos/${repository.full_name}/git/commits`,
    // The commit is by the person who merges.
    { body: { message, tree, parents: [base, ...parents] }, token: context.get('authToken') },
  )
  return sha
}

function moveBranch(
  { rows }: Inside,
  repository: RepositoryRow,
  { branch, sha }: { readonly branch: string; readonly sha: string },
): void {
  for (const row of rows.branches.findBy('repo_id', repository.id)) {
    if (row.name === branch) rows.branches.update(row.id, { sha })
  }
  for (const row of rows.refs.findBy('repo_id', repository.id)) {
    if (row.ref === `refs/heads/${branch}`) rows.refs.update(row.id, { sha })
  }
}

function close(
  { rows }: Inside,
  pull: PullRow,
  { user, sha }: { readonly user: UserRow; readonly sha: string },
): void {
  const closed = { state: 'closed', closed_at: new Date().toISOString() } as const
  rows.pullRequests.update(pull.id, {
    ...closed,
    merged: true,
    merged_at: closed.closed_at,
    merged_by_id: user.id,
    merge_commit_sha: sha,
    mergeable: null,
    mergeable_state: 'unknown',
  })
  for (const issue of rows.issues.findBy('repo_id', pull.repo_id)) {
    if (issue.number === pull.number)
      rows.issues.update(issue.id, { ...closed, closed_by_id: user.id })
  }
}
