import { getOctokit } from '@actions/github'

export type Octokit = ReturnType<typeof getOctokit>

/** Where a repository is, as the API's parameters name it. */
export type RepositoryName = { readonly owner: string; readonly repo: string }

/** Files by path; null removes one. */
export type Files = Readonly<Record<string, string | null>>

/** A pull request as the person who opens it gets it. */
export type OpenedPullRequest = { readonly number: number; readonly headSha: string }

/** What somebody does on GitHub by hand, each over HTTP with a token of their own. */
export class Person {
  readonly login: string
  readonly token: string
  readonly octokit: Octokit
  readonly #repository: RepositoryName

  constructor(
    login: string,
    token: string,
    { url, repository }: { readonly url: string; readonly repository: RepositoryName },
  ) {
    this.login = login
    this.token = token
    this.octokit = getOctokit(token, { baseUrl: url })
    this.#repository = repository
  }

  /** Commits to a branch, which is created from `from` when it does not exist, and returns the commit's SHA. */
  async commit(
    branch: string,
    files: Files,
    { from = 'main', message = `Change ${Object.keys(files).join(', ')}` } = {},
  ): Promise<string> {
    const { git } = this.octokit.rest
    const tip = await this.#tipOf(branch)
    const parent = tip ?? (await this.#tipOf(from))
    if (!parent) throw new TypeError(`there is no branch ${from}`)
    const parentCommit = await git.getCommit({ ...this.#repository, commit_sha: parent })
    const tree = await git.createTree({
      ...this.#repository,
      base_tree: parentCommit.data.tree.sha,
      tree: Object.entries(files).map(([path, content]) => ({
        path,
        mode: '100644' as const,
        type: 'blob' as const,
        ...(content === null ? { sha: null } : { content }),
      })),
    })
    const { data: commit } = await git.createCommit({
      ...this.#repository,
      message,
      tree: tree.data.sha,
      parents: [parent],
    })
    if (tip) await git.updateRef({ ...this.#repository, ref: `heads/${branch}`, sha: commit.sha })
    else await git.createRef({ ...this.#repository, ref: `refs/heads/${branch}`, sha: commit.sha })
    return commit.sha
  }

  /** Opens a pull request from a branch of the same repository. */
  async openPullRequest(
    head: string,
    { base = 'main', title = `Change the schema: ${head}`, body = '' } = {},
  ): Promise<OpenedPullRequest> {
    const opened = await this.octokit.rest.pulls.create({
      ...this.#repository,
      head,
      base,
      title,
      body,
    })
    return { number: opened.data.number, headSha: opened.data.head.sha }
  }

  /** Comments on a pull request and returns the comment's id. */
  async comment(pull: number, body: string): Promise<number> {
    const { data } = await this.octokit.rest.issues.createComment({
      ...this.#repository,
      issue_number: pull,
      body,
    })
    return data.id
  }

  async editComment(id: number, body: string): Promise<void> {
    await this.octokit.rest.issues.updateComment({ ...this.#repository, comment_id: id, body })
  }

  /** Presses the merge button and returns the merge commit's SHA. */
  async merge(pull: number, method: 'merge' | 'squash' | 'rebase' = 'merge'): Promise<string> {
    const { data } = await this.octokit.rest.pulls.merge({
      ...this.#repository,
      pull_number: pull,
      merge_method: method,
    })
    return data.sha
  }

  async close(pull: number): Promise<void> {
    await this.#setState(pull, 'closed')
  }

  async reopen(pull: number): Promise<void> {
    await this.#setState(pull, 'open')
  }

  async #setState(pull: number, state: 'open' | 'closed'): Promise<void> {
    await this.octokit.rest.pulls.update({ ...this.#repository, pull_number: pull, state })
  }

  async #tipOf(branch: string): Promise<string | null> {
    const { data } = await this.octokit.rest.git.listMatchingRefs({
      ...this.#repository,
      ref: `heads/${branch}`,
    })
    return data.find(({ ref }) => ref === `refs/heads/${branch}`)?.object.sha ?? null
  }
}
