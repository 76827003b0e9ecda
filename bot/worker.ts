import {
  claimDelivery,
  failDelivery,
  finishDelivery,
  type InboxItem,
  renewDelivery,
} from '../src/store/inbox.ts'
import type { Bell } from './bell.ts'
import type { Parts } from './parts.ts'

/** What is done with a delivery; a rejection makes it come again after a rest. */
export type HandleDelivery = (item: InboxItem) => Promise<void>

export type WorkerOptions = {
  readonly parts: Parts
  readonly bell: Bell
  readonly owner: string
  readonly handle: HandleDelivery
  readonly signal: AbortSignal
}

const LEASE_MS = 15_000
const RENEW_MS = 5_000
const POLL_MS = 500
/** Deliveries of different pull requests that are worked off at once. */
const CONCURRENCY = 4

/**
 * Works off the inbox until the signal is aborted, each pull request's deliveries in their order. What is
 * being worked on then is finished; what a process that died had claimed comes again when the claim is over.
 */
export async function runWorkers(options: WorkerOptions): Promise<void> {
  await Promise.all(
    Array.from({ length: CONCURRENCY }, (_, index) =>
      runWorker({ ...options, owner: `${options.owner}:${index}` }),
    ),
  )
}

async function runWorker({ parts, bell, owner, handle, signal }: WorkerOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      const item = await claimDelivery(parts.store, { owner, leaseMs: LEASE_MS })
      if (item) await work({ parts, owner, handle }, item)
      else await bell.wait(POLL_MS, signal)
    } catch (error) {
      parts.log.error('the inbox could not be read', error)
      await bell.wait(POLL_MS, signal)
    }
  }
}

async function work(
  { parts, owner, handle }: Pick<WorkerOptions, 'parts' | 'owner' | 'handle'>,
  item: InboxItem,
): Promise<void> {
  const { store, log } = parts
  const { id, event, attempts } = item
  const renewing = setInterval(() => {
    // A claim that cannot be renewed ends by itself, and the delivery comes again.
    renewDelivery(store, { id, owner, leaseMs: LEASE_MS }).catch(() => undefined)
  }, RENEW_MS)
  try {
    await handle(item)
    await finishDelivery(store, { id, owner })
  } catch (error) {
    log.error('a delivery could not be handled', error, { event, attempts })
    await failDelivery(store, { id, attempts, owner }, nameOf(error))
  } finally {
    clearInterval(renewing)
  }
}

/** What kind of failure it was; the text stays in the log, because it may hold a server's own words. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name
}
