import type { AuditEntry } from '../src/store/audit.ts'

/** How fast a deployment may copy rows, as people asked for it. It is no state: it is folded from the record. */
export type Steering = { readonly paused: boolean; readonly throttleRatio: number }

/** The lines of the record that steer; `detail` of a throttle is `{ ratio }`. */
export type SteeringAction = 'paused' | 'resumed' | 'throttled'

/** How a deployment that nobody has steered runs. */
export const UNSTEERED: Steering = { paused: false, throttleRatio: 0 }

/** What the record of a deploy request says about the pace of one of its deployments. */
export function steeringOf(audit: readonly AuditEntry[], deploymentId: number): Steering {
  return audit
    .filter((entry) => entry.deploymentId === deploymentId)
    .reduce((steering, { action, detail }) => steer(steering, action, detail), UNSTEERED)
}

function steer(steering: Steering, action: string, detail: unknown): Steering {
  if (action === 'paused') return { ...steering, paused: true }
  if (action === 'resumed') return { ...steering, paused: false }
  // A retry is a new run on the server, and it starts at full pace.
  if (action === 'retried') return UNSTEERED
  if (action !== 'throttled') return steering
  const ratio =
    typeof detail === 'object' && detail !== null && 'ratio' in detail ? detail.ratio : null
  return typeof ratio === 'number' ? { ...steering, throttleRatio: ratio } : steering
}
