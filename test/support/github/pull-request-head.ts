import { ApiError, type Inside } from './emulated.ts'
import { writeMergedTree } from './merged-tree.ts'
import { readChanges } from './pull-request-files.ts'
import type { PullRow, RepositoryRow } from './rows.ts'

/** A branch that has moved. */
export type Push = { readonly branch: string; readonly before: string; readonly after: string }

/**
 * Moves the open pull requests of a pushed branch, which the emulator leaves where they were opened, and those
 * that lead to it. Returns the former: GitHub announces them as `synchronize`.
 */
export async function movePullRequests(
  inside: Inside,
  repository: RepositoryRow,
  push: Push,
): Promise<PullRow[]> {
  const open = inside.rows.pullRequests
    .findBy('repo_id', repository.id)
    .filter(({ state }) => state === 'open')
  const moved = []
  for (const pull of open) {
    const isHead = pull.head_repo_id === repository.id && pull.head_ref === push.branch
    if (isHead) inside.rows.pullRequests.update(pull.id, { head_sha: push.after })
    if (isHead || pull.base_ref === push.branch) await refreshPullRequest(inside, pull.id)
    if (isHead) moved.push(pull)
  }
  return moved
}

/**
 * Brings everything of an open pull request up to its head and the tip of its base: the counts, whether it can be
 * merged, and `refs/pull/N/head` and `refs/pull/N/merge`, from which workflows run.
 */
export async function refreshPullRequest(inside: Inside, id: number): Promise<void> {
  const { pullRequests, repos } = inside.rows
  const found = pullRequests.get(id)
  const repository = found && repos.get(found.base_repo_id)
  if (!found || !repository) throw new ApiError(404, 'Not Found')
  const base = tipOf(inside, repository, found.base_ref)
  const pull = pullRequests.update(id, { base_sha: base }) ?? found
  const { files, ahead_by: commits } = await readChanges(inside, repository, pull)
  const merge = await writeTestMerge(inside, repository, pull)
  pullRequests.update(id, {
    commits,
    changed_files: files.length,
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    merge_commit_sha: merge,
    mergeable: merge !== null,
    mergeable_state: merge === null ? 'dirty' : 'clean',
  })
  setRef(inside, repository, { ref: `refs/pull/${pull.number}/head`, sha: pull.head_sha })
  if (merge) setRef(inside, repository, { ref: `refs/pull/${pull.number}/merge`, sha: merge })
}

/** Where a branch is. */
export function tipOf({ rows }: Inside, repository: RepositoryRow, branch: string): string {
  const tip = rows.branches.findBy('repo_id', repository.id).find(({ name }) => name === branch)
  if (!tip) throw new ApiError(422, `There is no branch ${branch}.`)
  return tip.sha
}

/** Creates or moves a ref that is no branch. */
function setRef(
  { rows }: Inside,
  repository: RepositoryRow,
  { ref, sha }: { readonly ref: string; readonly sha: string },
): void {
  const existing = rows.refs.findBy('repo_id', repository.id).find((row) => row.ref === ref)
  if (existing) rows.refs.update(existing.id, { sha })
  else rows.refs.insert({ repo_id: repository.id, ref, sha, node_id: `REF_${ref}` })
}

/** The commit that a merge would make now, or null on a conflict. */
async function writeTestMerge(
  inside: Inside,
  repository: RepositoryRow,
  { base_sha, head_sha }: PullRow,
): Promise<string | null> {
  const tree = await writeMergedTree(inside, repository.full_name, {
    base: base_sha,
    head: head_sha,
  })
  if (tree === null) return null
  const commit = await inside.call<{ sha: string }>(
    'POST',
    `/repos/${repository.full_name}/git/commits`,
    {
      body: { message: `Merge ${head_sha} into ${base_sha}`, tree, parents: [base_sha, head_sha] },
    },
  )
  return commit.sha
}
