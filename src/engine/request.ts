import type { EngineRequest, ThrottleLimits } from './port.ts'

const NO_LIMITS: ThrottleLimits = {
  replicaLagMs: null,
  threadsRunning: null,
  historyLength: null,
  commitLatencyMs: null,
  query: null,
}

/** What a request need not say. */
const DEFAULTS = {
  views: [],
  cutover: 'hold',
  revertWindowMs: null,
  chunkRows: null,
  throttleRatio: 0,
  profile: 'polite',
  method: 'shadow',
  quarantineMs: null,
} satisfies Partial<EngineRequest>

/** A request as far as somebody has decided on it. */
export type WantedRequest = Pick<EngineRequest, 'id' | 'operations'> &
  Partial<Omit<EngineRequest, 'limits'>> & { readonly limits?: Partial<ThrottleLimits> }

/** The request with what it leaves open filled in; also one that an earlier version of the engine has written down. */
export function engineRequest(wanted: WantedRequest): EngineRequest {
  return { ...DEFAULTS, ...wanted, limits: { ...NO_LIMITS, ...wanted.limits } }
}
