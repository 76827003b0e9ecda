import type { AuditEntry } from '../src/store/audit.ts'
import type { CommandDetail } from './command/execute.ts'

/** How a deployment runs, as people asked for it. It is no state: it is folded from the record. */
export type Steering = {
  readonly paused: boolean
  readonly throttleRatio: number
  /** Whether whoever is in the way of the cutover may be ended. */
  readonly forced: boolean
  readonly method: 'shadow' | 'instant'
}

/** The lines of the record that steer; `detail` of a throttle is `{ ratio }`. */
export type SteeringAction = 'paused' | 'resumed' | 'throttled'

/** How a deployment that nobody has steered runs. */
export const UNSTEERED: Steering = {
  paused: false,
  throttleRatio: 0,
  forced: false,
  method: 'shadow',
}

/** What the record of a deploy request says about the pace of one of its deployments. */
export function steeringOf(audit: readonly AuditEntry[], deploymentId: number): Steering {
  return audit
    .filter((entry) => entry.deploymentId === deploymentId)
    .reduce((steering, { action, detail }) => steer(steering, action, detail), UNSTEERED)
}

function steer(steering: Steering, action: string, detail: unknown): Steering {
  if (action === 'paused') return { ...steering, paused: true }
  if (action === 'resumed') return { ...steering, paused: false }
  // A retry is a new run on the server, and it starts at full pace, in the way that was chosen.
  if (action === 'retried') return { ...UNSTEERED, method: steering.method }
  // Sound: lines with this action are written by the commands alone.
  if (action === 'command') return afterCommand(steering, detail as CommandDetail)
  if (action !== 'throttled') return steering
  const ratio =
    typeof detail === 'object' && detail !== null && 'ratio' in detail ? detail.ratio : null
  return typeof ratio === 'number' ? { ...steering, throttleRatio: ratio } : steering
}

/** The last one who asked for the cutover says whether it is forced; how it is deployed is said when it is queued. */
function afterCommand(steering: Steering, { verb, force, method }: CommandDetail): Steering {
  const asksForCutover = verb === 'cutover' || verb === 'deploy'
  return {
    ...steering,
    forced: asksForCutover ? force === true : steering.forced,
    method: method ?? steering.method,
  }
}
