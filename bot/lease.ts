import { claimLease, releaseLease, renewLease } from '../src/store/leases.ts'
import type { Parts } from './parts.ts'

/** How long a process that died holds up what it worked on. */
const LEASE_MS = 10_000
const RENEW_MS = 3_000

export type LeaseOptions = {
  readonly name: string
  /** Names this process. */
  readonly owner: string
  readonly signal?: AbortSignal
}

/**
 * Does `work` while nobody else may, and keeps the lease alive meanwhile; false when somebody else has it.
 *
 * The signal that `work` gets is aborted when the lease is lost: then another process may begin, so it must
 * stop at once.
 */
export async function underLease(
  parts: Parts,
  { name, owner, signal }: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const { store } = parts
  if (!(await claimLease(store, { name, owner }, LEASE_MS))) return false
  const over = new AbortController()
  const lost = new AbortController()
  const renewing = keep(parts, { name, owner, signal: over.signal }, lost)
  try {
    await work(AbortSignal.any([lost.signal, ...(signal ? [signal] : [])]))
  } finally {
    over.abort()
    await renewing
    // Whatever keeps the store from answering, the lease ends by itself.
    await releaseLease(store, { name, owner }).catch(() => undefined)
  }
  return true
}

/** Renews the lease until the signal is aborted; aborts `lost` when somebody else may have it. */
async function keep(
  { store, clock, log }: Parts,
  { name, owner, signal }: LeaseOptions & { readonly signal: AbortSignal },
  lost: AbortController,
): Promise<void> {
  let renewedAt = performance.now()
  while (!signal.aborted) {
    // Being woken early is how it ends.
    await clock.sleep(RENEW_MS, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const isOurs = await renewLease(store, { name, owner }, LEASE_MS).catch(() => null)
    if (isOurs) renewedAt = performance.now()
    // A store that does not answer says nothing: then the lease lasts as long as it was taken for.
    const isOver = isOurs === false || performance.now() - renewedAt >= LEASE_MS - RENEW_MS
    if (!isOver) continue
    log.warn('a lease was lost', { lease: name })
    lost.abort(new Error(`the lease ${name} was lost`))
    return
  }
}
