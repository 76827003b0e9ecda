import type { Clock } from '../../clock.ts'
import { connect, type Target } from '../../mysql/connect.ts'
import type { Flavour } from '../../mysql/server.ts'
import type { EngineRequest } from '../port.ts'
import { commitLatency } from './commit-latency.ts'
import { historyLength } from './history-length.ts'
import { ownQuery } from './own-query.ts'
import { replicaLag } from './replica-lag.ts'
import type { Signal } from './signal.ts'
import { threadsRunning } from './threads-running.ts'

/** The signals that a request gives a limit for. */
export function signalsOf(
  { id, limits }: Pick<EngineRequest, 'id' | 'limits'>,
  {
    target,
    replicas,
    flavour,
    clock,
  }: {
    readonly target: Target
    readonly replicas: readonly Target[]
    readonly flavour: Flavour
    readonly clock: Clock
  },
): readonly Signal[] {
  const open = () => connect(target)
  const { replicaLagMs, threadsRunning: threads, historyLength: length } = limits
  const { commitLatencyMs, query } = limits
  return [
    ...(replicaLagMs === null
      ? []
      : replicas.map((replica) => replicaLag(replica, { id, limit: replicaLagMs, clock }))),
    ...(threads === null ? [] : [threadsRunning(open, threads)]),
    ...(length === null ? [] : [historyLength(open, length)]),
    ...(commitLatencyMs === null
      ? []
      : [commitLatency(open, { id, limit: commitLatencyMs, clock })]),
    ...(query === null ? [] : [ownQuery(open, { query, flavour })]),
  ]
}
