import type { DeploymentState } from '../../src/deploy/deployment.ts'
import type { DeployRequest } from '../../src/deploy/request.ts'
import {
  type Check,
  type CheckView,
  renderCheck,
  renderPendingCheck,
} from '../../src/render/check.ts'
import { renderComments } from '../../src/render/comment.ts'
import type { Markdown } from '../../src/render/markdown.ts'
import type { AuditEntry } from '../../src/store/audit.ts'
import type { CommandDetail } from '../command/execute.ts'
import type { Verb } from '../command/grammar.ts'
import type { Reaction } from './github.ts'

/** What GitHub should show of one pull request. */
export type Desired = {
  readonly comment: Markdown
  /** Nothing changes in any schema, as far as is known: a comment is kept up to date, but none is begun for it. */
  readonly quiet: boolean
  readonly checks: readonly { readonly headSha: string; readonly check: Check }[]
  readonly reactions: readonly { readonly commentId: number; readonly content: Reaction }[]
}

/** One deploy request of the pull request with its record. */
export type Shown = { readonly view: CheckView; readonly audit: readonly AuditEntry[] }

const QUIET: readonly DeploymentState[] = ['pending', 'no_changes']

/** What GitHub should show of a pull request's deploy requests; there is at least one. */
export function desiredOf(shown: readonly Shown[]): Desired {
  const views = shown.map(({ view }) => view)
  return {
    comment: renderComments(views),
    quiet: views.every(({ deployment }) => QUIET.includes(deployment.state)),
    checks: checksOf(views.filter(({ request }) => isWanted(request))),
    reactions: shown.flatMap(({ audit }) => reactionsOf(audit)),
  }
}

/** A closed request asks for nothing; its commit has the check that it had. */
function isWanted({ state }: DeployRequest): boolean {
  return state === 'open'
}

/** One check per head: while one request is of another commit, nobody knows what this one would bring. */
function checksOf(views: readonly CheckView[]): Desired['checks'] {
  const heads = [...new Set(views.map(({ request }) => request.head))]
  return heads.map((headSha) => ({
    headSha,
    check: heads.length === 1 ? renderCheck(views) : renderPendingCheck(),
  }))
}

/** What must have happened after a command for it to be done; nothing for what is done at once. */
const GOALS: Readonly<Record<Verb, readonly string[]>> = {
  stage: ['in_sync'],
  deploy: ['swapped'],
  cutover: ['swapped'],
  cancel: ['cancelled'],
  retry: ['in_sync'],
  revert: ['reverted'],
  'skip-revert': ['revert_window_closed'],
  pause: [],
  resume: [],
  throttle: [],
  accept: [],
  plan: [],
  status: [],
  help: [],
}

/** 🚀 for every command that was carried out, 🎉 when what it asked for has happened. */
export function reactionsOf(audit: readonly AuditEntry[]): Desired['reactions'] {
  return audit.flatMap((entry, index) => {
    if (entry.action !== 'command') return []
    // Sound: lines with this action are written by command/execute.ts alone.
    const { verb, commentId } = entry.detail as CommandDetail
    if (commentId === null) return []
    const done = isDone(verb, entry, audit.slice(index + 1))
    const contents: readonly Reaction[] = done ? ['rocket', 'hooray'] : ['rocket']
    return contents.map((content) => ({ commentId, content }))
  })
}

function isDone(verb: Verb, command: AuditEntry, later: readonly AuditEntry[]): boolean {
  const goals = GOALS[verb]
  if (goals.length === 0) return true
  return later.some(({ deploymentId, action, state }) => {
    if (deploymentId !== command.deploymentId) return false
    // What leaves the queue is cancelled by the command itself.
    return goals.includes(action) || (verb === 'cancel' && state === 'cancelled')
  })
}
