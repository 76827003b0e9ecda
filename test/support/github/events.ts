import { showUser } from './access.ts'
import type { Inside } from './emulated.ts'
import { movePullRequests, refreshPullRequest } from './pull-request-head.ts'
import type { PullRow, RepositoryRow } from './rows.ts'
import type { Webhooks } from './webhooks.ts'

type Fields = Readonly<Record<string, unknown>>

type Happened = {
  readonly event: string
  readonly action: string | undefined
  readonly payload: Fields
  readonly repository: RepositoryRow
}

/**
 * Turns what happens inside into the webhooks that GitHub sends. A push also moves pull requests, which are
 * announced as `synchronize`; payloads are completed to what an App really gets.
 */
export class Events {
  readonly #inside: Inside
  readonly #webhooks: Webhooks
  #changes: Promise<void> = Promise.resolve()
  #failure: unknown = null

  constructor(inside: Inside, webhooks: Webhooks) {
    this.#inside = inside
    this.#webhooks = webhooks
    inside.announce = (event, action, payload) => {
      const repository = this.#repositoryOf(payload)
      if (!repository) return
      this.#changes = this.#changes.then(() =>
        this.#happen({ event, action, payload, repository }).catch((error: unknown) => {
          this.#failure ??= error
        }),
      )
    }
  }

  /** Resolves when everything that was announced has changed what it changes; rejects if that failed. */
  async settled(): Promise<void> {
    let changes: Promise<void>
    do {
      changes = this.#changes
      await changes
    } while (changes !== this.#changes)
    if (this.#failure !== null) throw this.#failure
  }

  async #happen(happened: Happened): Promise<void> {
    const { event, action, payload, repository } = happened
    const pull = this.#pullOf(happened)
    if (event === 'pull_request' && pull && (action === 'opened' || action === 'reopened')) {
      await refreshPullRequest(this.#inside, pull.id)
    }
    const branch =
      event === 'push' ? /^refs\/heads\/(.+)$/.exec(String(payload.ref))?.[1] : undefined
    const push = {
      branch: branch ?? '',
      before: String(payload.before),
      after: String(payload.after),
    }
    const moved = branch ? await movePullRequests(this.#inside, repository, push) : []
    this.#webhooks.send(event, await this.#complete(happened))
    for (const { number } of moved) {
      const { before, after } = push
      this.#inside.announce('pull_request', 'synchronize', {
        pull_request: { number },
        before,
        after,
        repository,
        sender: payload.sender,
      })
    }
  }

  /** The payload with what the emulator leaves out. */
  async #complete({ action, payload, repository, ...rest }: Happened): Promise<Fields> {
    const { call, rows, url } = this.#inside
    const path = `/repos/${repository.full_name}`
    const pull = this.#pullOf({ action, payload, repository, ...rest })
    const issue = fieldsOf(payload.issue)
    const html = `${url}/${repository.full_name}/pull/${pull?.number}`
    const sender = rows.users.findOneBy('login', String(fieldsOf(payload.sender)?.login))
    const owner = rows.orgs.get(repository.owner_id)
    return {
      ...(action && { action }),
      ...payload,
      ...(pull &&
        rest.event === 'pull_request' && {
          number: pull.number,
          pull_request: await call<Fields>('GET', `${path}/pulls/${pull.number}`),
        }),
      ...(pull &&
        issue && {
          issue: {
            ...issue,
            pull_request: {
              url: `${url}${path}/pulls/${pull.number}`,
              html_url: html,
              diff_url: `${html}.diff`,
              patch_url: `${html}.patch`,
              merged_at: pull.merged_at,
            },
          },
        }),
      repository: await call<Fields>('GET', path),
      ...(owner && { organization: { login: owner.login, id: owner.id } }),
      ...(sender && { sender: await showUser(this.#inside, sender) }),
    }
  }

  #repositoryOf(payload: Fields): RepositoryRow | undefined {
    const name = String(fieldsOf(payload.repository)?.full_name)
    return this.#inside.rows.repos.findOneBy('full_name', name)
  }

  #pullOf({ payload, repository }: Happened): PullRow | undefined {
    const about = fieldsOf(payload.pull_request) ?? fieldsOf(payload.issue)
    return this.#inside.rows.pullRequests
      .findBy('repo_id', repository.id)
      .find(({ number }) => number === about?.number)
  }
}

function fieldsOf(value: unknown): Fields | undefined {
  // Sound: an object that is not null has fields, of which nothing is said.
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined
}
