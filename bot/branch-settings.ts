import type { Untrusted } from '../src/deploy/untrusted.ts'
import type { EngineRequest } from '../src/engine/port.ts'
import type { Target } from '../src/mysql/connect.ts'

/** How deployments treat the server of a production branch. */
export type BranchSettings = Pick<EngineRequest, 'profile' | 'limits' | 'quarantineMs'>

/** Where a production branch is, and how deployments treat its server. It holds passwords: never log it. */
export type ConfiguredBranch = {
  readonly target: Target
  /** The servers whose lag the row copy minds. */
  readonly replicas: readonly Target[]
  readonly settings: BranchSettings
}

const NO_LIMITS: BranchSettings['limits'] = {
  replicaLagMs: null,
  threadsRunning: null,
  historyLength: null,
  commitLatencyMs: null,
  query: null,
}

/** A branch of which nothing is said but where it is. */
export function branchAt(target: Target): ConfiguredBranch {
  return {
    target,
    replicas: [],
    settings: { profile: 'polite', limits: NO_LIMITS, quarantineMs: null },
  }
}

/** What the server file may say of a branch besides its URLs. */
export const SETTINGS = ['quarantine', 'profile', 'throttle'] as const

/** @throws what `value` refuses with, naming the place. */
export function parseSettings(
  value: Readonly<Record<(typeof SETTINGS)[number], Untrusted>>,
): BranchSettings {
  return {
    profile: value.profile.or('polite', (given) => given.oneOf(['polite', 'fast'])),
    quarantineMs: value.quarantine.or(null, parseQuarantine),
    limits: value.throttle.or(NO_LIMITS, parseLimits),
  }
}

function parseQuarantine(value: Untrusted): number | null {
  return value.text() === 'off' ? null : parseTime(value, 'must be a time like 12h, 7d or off')
}

const MOST = 1_000_000_000

function parseLimits(value: Untrusted): BranchSettings['limits'] {
  const limits = value.members([
    'max_replica_lag',
    'max_threads_running',
    'max_history',
    'max_commit_latency',
    'query',
  ])
  const time = (given: Untrusted) => parseTime(given, 'must be a time like 200ms, 5s or 2m')
  return {
    replicaLagMs: limits.max_replica_lag.or(null, time),
    threadsRunning: limits.max_threads_running.or(null, (given) => given.whole(1, MOST)),
    historyLength: limits.max_history.or(null, (given) => given.whole(1, MOST)),
    commitLatencyMs: limits.max_commit_latency.or(null, time),
    query: limits.query.or(null, (given) => given.text()),
  }
}

const TIME = /^([1-9]\d{0,5})(ms|[smhd])$/
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function parseTime(value: Untrusted, must: string): number {
  const [, amount, unit] = TIME.exec(value.match(TIME, must)) ?? []
  // Sound: the pattern lets these five through and no others.
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]
}
