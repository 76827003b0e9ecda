import { sql } from 'kysely'
import { type Key, keyId } from '../../binlog/key.ts'
import type { Clock } from '../../clock.ts'
import type { Session } from '../../mysql/session.ts'
import type { KeySet } from '../apply/key-set.ts'
import { KeyWatch } from '../apply/key-watch.ts'
import type { TablePair } from '../table/pair.ts'
import { differingKeys, driftRefusal, rowsByKey } from './difference.ts'

export type SettleContext = {
  readonly clock: Clock
  /** The pair's changes that are not applied yet; every change that the stream delivers is told to it. */
  readonly keys: KeySet
  /** Resolves when the stream has delivered everything that was committed before the call. */
  readonly passBarrier: (signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
}

/** So many rows are looked at together: the longest keys there are make 1.2 MiB of a statement. */
const AT_ONCE = 200
/** A row that still changes between any two looks after so many is taken for lag: what it becomes is still to come. */
const LOOKS = 4
/** A change that waits for so long waits for a row that the application holds: it explains the difference. */
const PENDING_MS = 2_000
const POLL_MS = 5

/**
 * Decides for rows that were seen to differ whether they only lag, and throws when one does not. No row of the
 * application is locked for it.
 *
 * Why lag is never taken for drift, nor drift for lag (invariant VERIFY-1 in docs/invariants.md). One look at a key:
 * 1. A barrier is written. When it is delivered, every change of the key that was committed before is known.
 * 2. As soon as no change of the key waits to be applied, new ones are noted. At this moment the target's row is what an
 *    apply has read from the source, under a lock, after the last known change.
 * 3. Both rows are read in one snapshot, and a second barrier is passed. A change that this snapshot could see in the
 *    source, or its apply in the target, is in the stream before that barrier: it was noted.
 * 4. Rows that differ although nothing was noted have no change that could explain it: drift.
 * 5. Where a change waits or was noted, the row will be written anew from the source, whatever it holds now: lag. Rows
 *    whose types differ are compared again as they are written (apply.ts), so even a row that is never at rest is compared.
 *
 * What step 4 says of a key has to be so in two looks one after the other.
 *
 * A row that is not there cannot be locked under READ COMMITTED. So the earlier way, to lock the rows, pass one barrier and
 * compare, took rows that come and go for drift, however often it looked (test/engine/verify.mysql.test.ts).
 *
 * @throws {Refusal} VALUE_DOES_NOT_FIT when a change of type altered values, DRIFT_FOUND for anything else.
 */
export async function settle(
  session: Session,
  pair: TablePair,
  suspects: readonly Key[],
  context: SettleContext,
): Promise<void> {
  for (let at = 0; at < suspects.length; at += AT_ONCE) {
    await settleSome(session, pair, suspects.slice(at, at + AT_ONCE), context)
  }
}

async function settleSome(
  session: Session,
  pair: TablePair,
  suspects: readonly Key[],
  context: SettleContext,
): Promise<void> {
  let open = suspects
  let before: ReadonlySet<string> = new Set()
  for (let look = 1; open.length > 0; look += 1) {
    const { unexplained, changed } = await lookAt(session, pair, open, context)
    const drifted = unexplained.filter((key) => before.has(keyId(key)))
    if (drifted.length > 0) throw await driftRefusal(session, pair, drifted)
    before = new Set(unexplained.map(keyId))
    open = look < LOOKS ? [...unexplained, ...changed] : unexplained
  }
}

type Look = {
  /** They differ, and no change of them is known that is not applied. */
  readonly unexplained: readonly Key[]
  /** They differ, and changed while they were looked at. */
  readonly changed: readonly Key[]
}

async function lookAt(
  session: Session,
  pair: TablePair,
  suspects: readonly Key[],
  context: SettleContext,
): Promise<Look> {
  const { keys, passBarrier, signal } = context
  const watch = new KeyWatch()
  keys.watch(watch)
  try {
    await passBarrier(signal)
    const applied = await whenApplied(suspects, watch, context)
    if (applied.length === 0) return { unexplained: [], changed: [] }
    const differing = await compare(session, pair, applied)
    if (differing.length === 0) return { unexplained: [], changed: [] }
    await passBarrier(signal)
    // A row whose key only counts as equal to one of these was not watched: it is looked at next.
    const isUnexplained = (key: Key) => watch.isUnchanged(keyId(key))
    return {
      unexplained: differing.filter(isUnexplained),
      changed: differing.filter((key) => !isUnexplained(key)),
    }
  } finally {
    keys.unwatch(watch)
  }
}

/** Watches each key from a moment on at which no change of it waits, and returns those that had such a moment. */
async function whenApplied(
  suspects: readonly Key[],
  watch: KeyWatch,
  { clock, keys, signal }: SettleContext,
): Promise<readonly Key[]> {
  const until = clock.now().getTime() + PENDING_MS
  const applied: Key[] = []
  let pending = suspects
  for (;;) {
    // Asked and watched in one go: no change can come in between.
    const isPending = (key: Key) => keys.has(keyId(key))
    for (const key of pending.filter((some) => !isPending(some))) {
      watch.begin(keyId(key))
      applied.push(key)
    }
    pending = pending.filter(isPending)
    if (pending.length === 0 || clock.now().getTime() >= until) return applied
    await clock.sleep(POLL_MS, { signal })
  }
}

async function compare(
  session: Session,
  pair: TablePair,
  keys: readonly Key[],
): Promise<readonly Key[]> {
  await session.run(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`)
  return await session.transaction(() =>
    differingKeys(session, pair, (side) => rowsByKey(pair, side, keys), sql``),
  )
}
