import { Refusal } from '../src/errors.ts'

/** The pull request that the workflow runs for. */
export type PullRequest = {
  readonly owner: string
  readonly repo: string
  readonly number: number
  /** The tip of the base branch when the event happened; not where the pull request branched off. */
  readonly baseSha: string
  readonly headSha: string
  /** From another repository: its jobs get no OIDC token and may not write. */
  readonly isFork: boolean
}

/** Events that run with the rights of the repository although what triggered them may come from anybody. */
const UNSAFE: readonly string[] = ['pull_request_target', 'workflow_run', 'issue_comment']

const NEXT = 'Run this step on `pull_request`:\n\non:\n  pull_request:'

/**
 * The pull request that an event is about.
 *
 * @throws {Refusal} EVENT_UNSAFE when files of a stranger would meet the rights of the repository,
 *   INPUT_INVALID when the event is about no pull request.
 */
export function parseEvent(name: string, payload: unknown): PullRequest {
  if (UNSAFE.includes(name)) {
    throw new Refusal(
      'EVENT_UNSAFE',
      `The event ${name} gives files from anybody the rights of this repository.`,
      { next: NEXT },
    )
  }
  if (name !== 'pull_request') {
    throw new Refusal('INPUT_INVALID', `The event ${name} is about no pull request.`, {
      next: NEXT,
    })
  }
  const pull = at(payload, 'pull_request')
  const repository = at(payload, 'repository')
  return {
    owner: string(at(at(repository, 'owner'), 'login')),
    repo: string(at(repository, 'name')),
    number: number(at(pull, 'number')),
    baseSha: sha(at(at(pull, 'base'), 'sha')),
    headSha: sha(at(at(pull, 'head'), 'sha')),
    // The head's repository is null once the fork is deleted.
    isFork: idOf(at(at(pull, 'head'), 'repo')) !== number(at(repository, 'id')),
  }
}

function at(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) throw unreadable()
  return (value as Readonly<Record<string, unknown>>)[key]
}

function string(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw unreadable()
  return value
}

function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw unreadable()
  return value
}

function sha(value: unknown): string {
  const text = string(value)
  if (!/^[0-9a-f]{40}$/.test(text)) throw unreadable()
  return text
}

function idOf(repository: unknown): number | null {
  return repository === null ? null : number(at(repository, 'id'))
}

function unreadable(): Refusal {
  return new Refusal('INPUT_INVALID', 'The event file holds no pull request that can be read.', {
    next: 'Run this as a step of a workflow on `pull_request`; the runner writes the file.',
  })
}
