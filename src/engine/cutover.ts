import type { Clock } from '../clock.ts'
import { isContention } from '../mysql/errno.ts'
import { findBlockers } from '../mysql/locks.ts'
import type { Session } from '../mysql/session.ts'
import type { Applier } from './applier.ts'
import { type SwapContext, swapTables } from './cutover-mysql.ts'
import type { Follower } from './follower.ts'

/** A try that takes longer gives the locks back: the application must never wait for a slow stream. */
const HOLD_LOCKS_MS = 3_000
const MAX_BACK_OFF_MS = 60_000
/** More pending keys than this are applied before the locks are taken, not under them. */
const PENDING_KEYS_AT_LOCK = 200

export type CutoverContext = Omit<SwapContext, 'passBarrier' | 'drain' | 'clock'> & {
  readonly clock: Clock
  readonly follower: Follower
  /** A session that never holds the tables, for barriers. */
  readonly control: Session
  readonly appliers: readonly Applier[]
  readonly onRetry: (attempt: number, reason: string) => void
  readonly signal: AbortSignal
}

/**
 * Swaps the tables, trying again with growing pauses while the application holds them. A failed try loses nothing: the
 * appliers go on, and the tables stay in sync. It is tried without end: whoever had enough of it cancels.
 *
 * @returns for how many milliseconds writers could have waited in the try that succeeded.
 */
export async function cutOver(session: Session, context: CutoverContext): Promise<number> {
  const { clock, signal, appliers } = context
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    await catchUp(context)
    try {
      return await swapOnce(session, context)
    } catch (error) {
      const reason = await reasonToRetry(error, session, context)
      // It may be that the tables are swapped: then nothing more must be written the old way.
      if (reason === null) throw error
      for (const applier of appliers) applier.proceed()
      context.onRetry(attempt, reason)
      const pauseMs = Math.min(MAX_BACK_OFF_MS, 250 * 2 ** Math.min(attempt, 10))
      await clock.sleep(pauseMs * (0.5 + clock.random() / 2), { signal })
    }
  }
}

/** Why a try failed without harm, naming who is in the way; null when trying again would be wrong. */
async function reasonToRetry(
  error: unknown,
  session: Session,
  { schema, operations }: CutoverContext,
): Promise<string | null> {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return 'the change stream did not catch up in time'
  }
  if (!isContention(error)) return null
  const tables = operations.flatMap(({ names }) => [names.live, names.shadow, names.old])
  const blockers = await findBlockers(session, schema, tables)
  const named = blockers.map(({ connectionId, table, seconds }) => {
    const age = seconds === null ? '' : ` in a transaction of ${seconds} s`
    return `connection ${connectionId} holds ${table}${age}`
  })
  return named.length > 0 ? named.join('; ') : 'other transactions hold the tables'
}

/** Waits until hardly anything is left to be applied under the locks. */
async function catchUp(context: CutoverContext): Promise<void> {
  const { control, follower, appliers, clock, signal } = context
  await follower.passBarrier(control, signal)
  while (appliers.some(({ keys }) => keys.size > PENDING_KEYS_AT_LOCK)) {
    await clock.sleep(5, { signal })
  }
}

async function swapOnce(session: Session, context: CutoverContext): Promise<number> {
  const { appliers, control, follower, signal } = context
  await Promise.all(appliers.map((applier) => applier.halt()))
  const bounded = () => AbortSignal.any([signal, AbortSignal.timeout(HOLD_LOCKS_MS)])
  return await swapTables(session, {
    ...context,
    passBarrier: () => follower.passBarrier(control, bounded()),
    drain: async (locked) => {
      for (const applier of appliers) await applier.drain(locked)
    },
  })
}
