import type { Flavour } from '../../mysql/server.ts'
import type { Session } from '../../mysql/session.ts'
import type { Applier } from '../apply/applier.ts'
import type { Follower } from '../follower.ts'
import { openChain, swapThroughChain } from './cutover-mariadb.ts'
import { openSwapLocks, swapUnderLock } from './cutover-mysql.ts'
import { keysOf } from './key-swap.ts'
import type { SwapContext, SwapPlan } from './swap.ts'
import { keepTrying, type TriesContext, TriesOver } from './tries.ts'

/** A try that takes longer gives the locks back: the application must never wait for a slow stream. */
const HOLD_LOCKS_MS = 3_000
/** More pending keys than this are applied before the locks are taken, not under them. */
const PENDING_KEYS_AT_LOCK = 200

export type CutoverContext = Omit<SwapContext, 'passBarrier' | 'drain'> &
  Omit<TriesContext, 'tables'> & {
    readonly flavour: Flavour
    /** Opens a session for the swap; it lasts as long as all that keeps the tables in sync. */
    readonly session: () => Promise<Session>
    readonly follower: Follower
    /** A session that never holds the tables, for barriers. */
    readonly control: Session
    readonly appliers: readonly Applier[]
  }

type Swap = (context: SwapContext) => Promise<number>

/** How each server family swaps tables; the sessions are opened once, for all tries. */
const SWAPS: Readonly<
  Record<Flavour, (session: () => Promise<Session>, plan: SwapPlan) => Promise<Swap>>
> = {
  mysql: async (session, plan) => {
    const locks = await openSwapLocks(session, plan)
    let attempt = 0
    return (context) => {
      attempt += 1
      return swapUnderLock(locks, context, attempt)
    }
  },
  mariadb: async (session, plan) => {
    const chain = await openChain(session, plan)
    return (context) => swapThroughChain(chain, context)
  },
}

/**
 * Swaps the tables, trying again with growing pauses while the application holds them. A failed try loses nothing: the
 * appliers go on, and the tables stay in sync.
 *
 * @returns for how many milliseconds writers could have waited in the try that succeeded.
 * @throws {TriesOver} when the tables were not to be had for an hour and the tries are not endless.
 */
export async function cutOver(context: CutoverContext): Promise<number> {
  const opened: Session[] = []
  const open = async () => {
    const session = await context.session()
    opened.push(session)
    return session
  }
  const swap = await SWAPS[context.flavour](open, context)
  const parents = keysOf(context).map(({ parent }) => parent)
  const tables = [
    ...context.operations.flatMap(({ names }) => [names.live, names.shadow, names.old]),
    ...parents.filter(({ schema }) => schema === context.schema).map(({ name }) => name),
  ]
  try {
    return await keepTrying(
      { ...context, tables },
      {
        prepare: () => catchUp(context),
        attempt: () => swapOnce(swap, context),
        excuse: (error) =>
          error instanceof DOMException && error.name === 'TimeoutError'
            ? 'the change stream did not catch up in time'
            : null,
        // Not after other errors: it may be that the tables are swapped, and then nothing more must be written the old way.
        giveWay: () => {
          for (const applier of context.appliers) applier.proceed()
        },
      },
    )
  } catch (error) {
    // After other errors all sessions end, when it is known what has become of the swap.
    if (error instanceof TriesOver) await endAll(opened)
    throw error
  }
}

/** None of them holds anything any more; whoever tries again opens its own. */
async function endAll(sessions: readonly Session[]): Promise<void> {
  for (const session of sessions) await session[Symbol.asyncDispose]()
}

/** Waits until hardly anything is left to be applied under the locks. */
async function catchUp(context: CutoverContext): Promise<void> {
  const { control, follower, appliers, clock, signal } = context
  await follower.passBarrier(control, signal)
  while (appliers.some(({ keys }) => keys.size > PENDING_KEYS_AT_LOCK)) {
    await clock.sleep(5, { signal })
  }
}

async function swapOnce(swap: Swap, context: CutoverContext): Promise<number> {
  const { appliers, control, follower, signal } = context
  await Promise.all(appliers.map((applier) => applier.halt()))
  const bounded = () => AbortSignal.any([signal, AbortSignal.timeout(HOLD_LOCKS_MS)])
  return await swap({
    ...context,
    passBarrier: () => follower.passBarrier(control, bounded()),
    drain: async (session, operations) => {
      const tables = new Set(operations.map(({ names }) => names.live))
      for (const applier of appliers) {
        if (tables.has(applier.pair.source.name)) await applier.drain(session)
      }
    },
  })
}
