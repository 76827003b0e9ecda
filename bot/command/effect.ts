import type { BranchConfig } from '../../src/deploy/config.ts'
import type { Deployment, DeploymentEvent } from '../../src/deploy/deployment.ts'
import { Refusal } from '../../src/errors.ts'
import type { SteeringAction } from '../steering.ts'
import type { Command } from './parse.ts'

/** What a command does to a deployment. */
export type Effect =
  | { readonly kind: 'event'; readonly event: DeploymentEvent }
  /** Changes the pace, which is no state. */
  | { readonly kind: 'steer'; readonly action: SteeringAction; readonly detail: unknown }
  /** Lets stand what a rule found in the plan. */
  | ({ readonly kind: 'accept' } & NonNullable<Command['acceptance']>)
  /** Changes nothing here: a new plan is made by the deploy check. */
  | { readonly kind: 'none' }

/**
 * What the command does to a deployment in this state. Whether it may happen is for `transition` to say.
 *
 * @throws {Refusal} COMMAND_INVALID for an option that comes too late, DEPLOY_STATE when nothing runs to steer.
 */
export function effectOf(
  command: Command,
  deployment: Deployment,
  { config, at }: { readonly config: BranchConfig; readonly at: Date },
): Effect {
  switch (command.verb) {
    case 'stage':
      return event({ type: 'enqueued', at, autoCutover: false, ...windowOf(command, config) })
    case 'deploy':
      return deploy(command, deployment, { config, at })
    case 'cutover':
      return event({ type: 'cutover_requested', at })
    case 'cancel':
      return event({ type: 'cancel_requested', at })
    case 'retry':
      return event({ type: 'retried', at })
    case 'revert':
      return event({ type: 'revert_requested', at })
    case 'skip-revert':
      return event({ type: 'skip_revert_requested', at })
    case 'pause':
      return steer(deployment, 'paused', null)
    case 'resume':
      return steer(deployment, 'resumed', null)
    case 'throttle':
      return steer(deployment, 'throttled', { ratio: command.ratio })
    case 'accept':
      return command.acceptance ? { kind: 'accept', ...command.acceptance } : { kind: 'none' }
    case 'plan':
    case 'status':
    case 'help':
      return { kind: 'none' }
  }
}

const UNDER_WAY: ReadonlySet<Deployment['state']> = new Set([
  'queued',
  'submitting',
  'in_progress',
  'pending_cutover',
  'in_progress_cutover',
])

/** Stages what is not staged yet, and lets what is under way go through to the cutover. */
function deploy(
  command: Command,
  deployment: Deployment,
  { config, at }: { readonly config: BranchConfig; readonly at: Date },
): Effect {
  const autoCutover = command.cutover !== 'hold'
  if (!UNDER_WAY.has(deployment.state)) {
    return event({ type: 'enqueued', at, autoCutover, ...windowOf(command, config) })
  }
  if (command.revertWindow !== null || command.method !== null) {
    const what = command.method === null ? 'revert window' : 'method'
    throw new Refusal('COMMAND_INVALID', `The ${what} is chosen before staging begins.`, {
      next: 'Leave `revert=` and `method=` out, or `/cancel` first and `/deploy` again.',
    })
  }
  return event(
    autoCutover ? { type: 'cutover_requested', at } : { type: 'auto_cutover_set', autoCutover, at },
  )
}

function windowOf({ revertWindow, method }: Command, config: BranchConfig) {
  if (method === 'instant') {
    if (revertWindow === null || revertWindow === 'off') return { revertWindowMs: null }
    throw new Refusal('COMMAND_INVALID', 'An instant change keeps no old table to go back to.', {
      next: 'Leave `revert=` or `method=instant` out.',
    })
  }
  if (revertWindow === 'off') return { revertWindowMs: null }
  return { revertWindowMs: revertWindow?.ms ?? config.revertWindowMs }
}

const COPIES: ReadonlySet<Deployment['state']> = new Set(['queued', 'submitting', 'in_progress'])

function steer(deployment: Deployment, action: SteeringAction, detail: unknown): Effect {
  if (COPIES.has(deployment.state)) return { kind: 'steer', action, detail }
  throw new Refusal(
    'DEPLOY_STATE',
    `The deployment is ${deployment.state}: no row copy runs or waits that could be ${action}.`,
    { next: 'Comment `/status` to see where it is.' },
  )
}

function event(value: DeploymentEvent): Effect {
  return { kind: 'event', event: value }
}
