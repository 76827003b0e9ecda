/** A pull request as every event names it. */
export type PullRequestRef = {
  readonly installationId: number
  readonly repositoryId: number
  readonly owner: string
  readonly repo: string
  readonly number: number
}

/** What an event asks of us. */
export type Ask =
  | { readonly kind: 'ignore'; readonly why: string }
  /** The head is new: say at once whether it needs the Action. */
  | { readonly kind: 'head'; readonly pull: PullRequestRef; readonly headSha: string }
  | { readonly kind: 'closed'; readonly pull: PullRequestRef; readonly merged: Merge | null }
  | { readonly kind: 'comment'; readonly pull: PullRequestRef; readonly comment: CommentAsk }
  /** Somebody changed or removed a comment that may be ours: write it again. */
  | { readonly kind: 'rewrite'; readonly pull: PullRequestRef; readonly commentId: number }

export type Merge = { readonly sha: string; readonly by: Person }

export type Person = { readonly login: string; readonly id: number }

export type CommentAsk = {
  readonly id: number
  readonly body: string
  readonly author: Person
  readonly createdAt: Date
}

type Reader = (pull: PullRequestRef, payload: Fields) => Ask

/** `event.action` → what it asks; whatever is not listed is nothing to us. */
const READERS: Readonly<Record<string, Reader>> = {
  'pull_request.opened': readHead,
  'pull_request.synchronize': readHead,
  'pull_request.reopened': readHead,
  'pull_request.closed': readClosed,
  'issue_comment.created': readComment,
  'issue_comment.edited': readRewrite,
  'issue_comment.deleted': readRewrite,
}

/** What the event asks of us. A payload without the fields that matter is ignored, with the reason. */
export function interpretEvent(event: string, payload: unknown): Ask {
  const fields = new Fields(payload)
  const name = `${event}.${fields.text('action') ?? ''}`
  const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined
  if (!reader) return ignore(`${name} is not an event we act on`)
  const pull = readPull(fields)
  return pull
    ? reader(pull, fields)
    : ignore(`${name} is not about a pull request of an installation`)
}

/** What must be handled in order: one pull request's events, or null for an event about none. */
export function orderKeyOf(payload: unknown): string | null {
  const pull = readPull(new Fields(payload))
  return pull && `pull_request:${pull.repositoryId}:${pull.number}`
}

function readHead(pull: PullRequestRef, payload: Fields): Ask {
  const headSha = payload.text('pull_request.head.sha')
  return headSha ? { kind: 'head', pull, headSha } : ignore('the event names no head')
}

function readClosed(pull: PullRequestRef, payload: Fields): Ask {
  if (payload.at('pull_request.merged') !== true) return { kind: 'closed', pull, merged: null }
  const sha = payload.text('pull_request.merge_commit_sha')
  const by = readPerson(payload, 'pull_request.merged_by') ?? readPerson(payload, 'sender')
  return sha && by
    ? { kind: 'closed', pull, merged: { sha, by } }
    : ignore('the merge names no commit or nobody who merged')
}

function readComment(pull: PullRequestRef, payload: Fields): Ask {
  const author = readPerson(payload, 'comment.user')
  if (!author) return ignore('the comment is not by a person')
  const id = payload.number('comment.id')
  const createdAt = new Date(payload.text('comment.created_at') ?? '')
  if (id === null || Number.isNaN(createdAt.getTime()))
    return ignore('the comment has no id or time')
  const body = payload.text('comment.body') ?? ''
  return { kind: 'comment', pull, comment: { id, body, author, createdAt } }
}

function readRewrite(pull: PullRequestRef, payload: Fields): Ask {
  const commentId = payload.number('comment.id')
  if (commentId === null) return ignore('the comment has no id')
  // Our own writing comes back as an event; only somebody else's needs an answer.
  const byPerson = readPerson(payload, 'sender') !== null
  return byPerson ? { kind: 'rewrite', pull, commentId } : ignore('the change is not by a person')
}

/** An account of type User; bots, organisations and apps act for nobody we could ask. */
function readPerson(payload: Fields, path: string): Person | null {
  const login = payload.text(`${path}.login`)
  const id = payload.number(`${path}.id`)
  const isPerson = payload.text(`${path}.type`) === 'User' && !login?.endsWith('[bot]')
  return isPerson && login && id !== null ? { login, id } : null
}

/** Of a pull request's event, or of a comment's, whose issue must be a pull request. */
function readPull(payload: Fields): PullRequestRef | null {
  const installationId = payload.number('installation.id')
  const repositoryId = payload.number('repository.id')
  const owner = payload.text('repository.owner.login')
  const repo = payload.text('repository.name')
  const isPull = payload.at('issue.pull_request') !== undefined
  const number =
    payload.number('pull_request.number') ?? (isPull ? payload.number('issue.number') : null)
  if (installationId === null || repositoryId === null || !owner || !repo || number === null) {
    return null
  }
  return { installationId, repositoryId, owner, repo, number }
}

function ignore(why: string): Ask {
  return { kind: 'ignore', why }
}

/** Reads a payload by path without trusting its shape. */
class Fields {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  at(path: string): unknown {
    let value = this.#value
    for (const key of path.split('.')) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key))
        return undefined
      // Sound: the object was just seen to have this key.
      value = (value as Record<string, unknown>)[key]
    }
    return value
  }

  text(path: string): string | null {
    const value = this.at(path)
    return typeof value === 'string' ? value : null
  }

  number(path: string): number | null {
    const value = this.at(path)
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : null
  }
}
