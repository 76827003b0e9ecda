import type { Clock } from '../../clock.ts'

/** About 300 bytes each for a key of one number. */
const MAX_PENDING_KEYS = 50_000
const POLL_MS = 10
/** So long may all that waits be such that nothing of it can be applied, before a little more is read. */
const STUCK_MS = 1_000

export type Work = {
  /** How many keys wait to be applied. */
  readonly pending: number
  /** How many were applied since the start. */
  readonly applied: number
}

/**
 * Resolves when there is room for more changes. A statement can change millions of rows at once: their keys wait on the
 * server, not in this process.
 *
 * Where nothing at all can be applied, a little more is read all the same: what waits can lie in chunks that are being copied,
 * and those can wait for a value that only a later change takes out of their way.
 */
export async function waitForRoom(
  { clock, work }: { readonly clock: Clock; readonly work: () => Work },
  signal: AbortSignal,
): Promise<void> {
  let applied = -1
  let sinceMs = 0
  for (;;) {
    const now = clock.now().getTime()
    const seen = work()
    if (seen.pending <= MAX_PENDING_KEYS) return
    if (seen.applied !== applied) [applied, sinceMs] = [seen.applied, now]
    else if (now - sinceMs >= STUCK_MS) return
    await clock.sleep(POLL_MS, { signal })
  }
}
