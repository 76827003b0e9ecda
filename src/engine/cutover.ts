import type { Clock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import { isContention } from '../mysql/errno.ts'
import type { Session } from '../mysql/session.ts'
import type { Applier } from './applier.ts'
import { type SwapContext, swapTables } from './cutover-mysql.ts'
import type { Follower } from './follower.ts'

/** A try that takes longer gives the locks back: the application must never wait for a slow stream. */
const HOLD_LOCKS_MS = 3_000
const MAX_BACK_OFF_MS = 20_000
/** More pending keys than this are applied before the locks are taken, not under them. */
const PENDING_KEYS_AT_LOCK = 200

export type CutoverContext = Omit<SwapContext, 'passBarrier' | 'drain' | 'clock'> & {
  readonly clock: Clock
  readonly follower: Follower
  readonly appliers: readonly Applier[]
  /** For how long to go on trying; then CUTOVER_BLOCKED. */
  readonly tryForMs: number
  readonly onRetry: (attempt: number, reason: string) => void
  readonly signal: AbortSignal
}

/**
 * Swaps the tables, trying again with growing pauses while the application holds them. A failed try loses nothing:
 * the appliers go on, and the tables stay in sync.
 *
 * @returns for how many milliseconds writers could have waited in the try that succeeded.
 * @throws {Refusal} CUTOVER_BLOCKED when the locks were not to be had in the given time.
 */
export async function cutOver(session: Session, context: CutoverContext): Promise<number> {
  const { clock, signal, appliers } = context
  const begunAt = clock.now().getTime()
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    await catchUp(session, context)
    try {
      return await swapOnce(session, context)
    } catch (error) {
      const reason = reasonToRetry(error)
      // It may be that the tables are swapped: then nothing more must be written the old way.
      if (reason === null) throw error
      for (const applier of appliers) applier.proceed()
      context.onRetry(attempt, reason)
      if (clock.now().getTime() - begunAt > context.tryForMs) throw blocked(reason, error)
      const pauseMs = Math.min(MAX_BACK_OFF_MS, 250 * 2 ** Math.min(attempt, 10))
      await clock.sleep(pauseMs * (0.5 + clock.random() / 2), { signal })
    }
  }
}

/** Why a try failed without harm, or null when trying again would be wrong. */
function reasonToRetry(error: unknown): string | null {
  if (isContention(error)) return 'other transactions hold the tables'
  const timeout = error instanceof DOMException && error.name === 'TimeoutError'
  return timeout ? 'the change stream did not catch up in time' : null
}

/** Waits until hardly anything is left to be applied under the locks. */
async function catchUp(session: Session, context: CutoverContext): Promise<void> {
  const { follower, appliers, clock, signal } = context
  await follower.passBarrier(session, signal)
  while (appliers.some(({ keys }) => keys.size > PENDING_KEYS_AT_LOCK)) {
    await clock.sleep(5, { signal })
  }
}

async function swapOnce(session: Session, context: CutoverContext): Promise<number> {
  const { appliers, follower, signal } = context
  await Promise.all(appliers.map((applier) => applier.halt()))
  const bounded = () => AbortSignal.any([signal, AbortSignal.timeout(HOLD_LOCKS_MS)])
  return await swapTables(session, {
    ...context,
    passBarrier: (locked) => follower.passBarrier(locked, bounded()),
    drain: async (locked) => {
      for (const applier of appliers) await applier.drain(locked)
    },
  })
}

function blocked(reason: string, cause: unknown): Refusal {
  return new Refusal('CUTOVER_BLOCKED', `The tables could not be swapped: ${reason}.`, {
    next: 'End the long transactions on the tables (SHOW PROCESSLIST), then ask for the cutover again.',
    cause,
  })
}
