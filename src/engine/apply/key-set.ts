import type { KeysEvent } from '../../binlog/event.ts'
import { type Key, keyId } from '../../binlog/key.ts'
import type { KeyWatch } from './key-watch.ts'

/** What the stream tells of a table's rows. */
export type NotedChange = Pick<KeysEvent, 'change' | 'keys' | 'moves'> & {
  /** Rises with every change. */
  readonly number: number
}

/** A changed key that waits to be applied. */
export type PendingKey = {
  readonly id: string
  readonly key: Key
  /** The number of the change that brought it; a checkpoint must not pass it before it is applied. */
  readonly number: number
  /** How often it was tried in vain. */
  readonly attempts: number
  /** By the stream, the source has no row of this key; always false where nobody asks. */
  readonly gone: boolean
  /** By the stream, its row came after what the target holds at this key; always false where nobody asks. */
  readonly isNew: boolean
}

/** What a change says of the row of a key; `isNew` is null when it is the one that was there. */
export type RowNews = { readonly gone: boolean; readonly isNew: boolean | null }

const NO_NEWS: RowNews = { gone: false, isNew: null }

/** Whether a key, with its id, may be taken now. */
type MayTake = (key: Key, id: string) => boolean

type Parked = { readonly pending: PendingKey; readonly untilMs: number }
type Taken = {
  readonly pending: PendingKey
  changedAgain: { readonly number: number; readonly news: RowNews } | null
}

/** In a statement a key of text takes four times its bytes, and some servers take no statement of more than 4 MiB. */
const MAX_BATCH_BYTES = 512 * 1024

/**
 * The changed keys of one pair that are not applied yet; equal keys merge. A key is in one of four states:
 *
 * - *fresh*: it came from the stream; these are in the order of their numbers.
 * - *again*: it was applied or parked before and may be taken now; these go first.
 * - *parked*: a row of its batch was held by the application; not before a moment.
 * - *taken*: a batch works on it. If it changes meanwhile it goes to *again* when the batch is done, because
 *   the batch may have read the row before the change.
 *
 * {@link oldest} covers all four, so that no checkpoint can pass a key that could still be lost.
 */
export class KeySet {
  readonly #fresh = new Map<string, PendingKey>()
  readonly #again = new Map<string, PendingKey>()
  readonly #parked = new Map<string, Parked>()
  readonly #taken = new Map<string, Taken>()
  readonly #watches = new Set<KeyWatch>()
  /** Searches that did not come to the end of a map: what may be taken can lie behind very many that may not. */
  readonly #cutOff = new Map<Map<string, PendingKey>, MapIterator<PendingKey>>()

  get size(): number {
    return this.#fresh.size + this.#again.size + this.#parked.size + this.#taken.size
  }

  has(id: string): boolean {
    return this.#taken.has(id) || this.#isWaiting(id)
  }

  /** The number of the oldest change that is not applied; null when there is none. */
  get oldest(): number | null {
    let oldest = Number.POSITIVE_INFINITY
    for (const { number } of this.#fresh.values()) {
      oldest = number
      break
    }
    for (const { number } of this.#again.values()) oldest = Math.min(oldest, number)
    for (const { pending } of this.#parked.values()) oldest = Math.min(oldest, pending.number)
    for (const { pending } of this.#taken.values()) oldest = Math.min(oldest, pending.number)
    return Number.isFinite(oldest) ? oldest : null
  }

  add(key: Key, number: number, news = NO_NEWS): void {
    const id = keyId(key)
    for (const watch of this.#watches) watch.note(id)
    const taken = this.#taken.get(id)
    if (taken) {
      const { changedAgain } = taken
      const isNew = news.isNew ?? changedAgain?.news.isNew ?? null
      const first = changedAgain?.number ?? number
      taken.changedAgain = { number: first, news: { gone: news.gone, isNew } }
      return
    }
    const parked = this.#parked.get(id)
    const waiting = parked?.pending ?? this.#again.get(id) ?? this.#fresh.get(id)
    const { gone } = news
    const isNew = news.isNew ?? waiting?.isNew ?? false
    if (!waiting) this.#fresh.set(id, { id, key, number, attempts: 0, gone, isNew })
    else if (waiting.gone !== gone || waiting.isNew !== isNew) {
      this.#replace({ ...waiting, gone, isNew }, parked)
    }
  }

  /** It keeps its place: the order of a map is that in which the keys came. */
  #replace(pending: PendingKey, parked: Parked | undefined): void {
    const { id } = pending
    if (parked) this.#parked.set(id, { ...parked, pending })
    else if (this.#again.has(id)) this.#again.set(id, pending)
    else this.#fresh.set(id, pending)
  }

  /** Whether the row of a key came after what the target holds there, or will hold when what is taken is applied. */
  isNew(key: Key): boolean {
    const id = keyId(key)
    const taken = this.#taken.get(id)
    if (taken) return taken.changedAgain?.news.isNew ?? false
    const pending = this.#parked.get(id)?.pending ?? this.#again.get(id) ?? this.#fresh.get(id)
    return pending?.isNew ?? false
  }

  /** Tells `watch` of every change from now on, until {@link unwatch}. */
  watch(watch: KeyWatch): void {
    this.#watches.add(watch)
  }

  unwatch(watch: KeyWatch): void {
    this.#watches.delete(watch)
  }

  /** Takes up to `limit` keys of those that `mayTake` allows and that are not parked beyond `nowMs`. */
  take(limit: number, mayTake: MayTake, nowMs: number): readonly PendingKey[] {
    this.#unparkDue(nowMs)
    const batch: PendingKey[] = []
    for (const waiting of [this.#again, this.#fresh]) this.#find(waiting, batch, { limit, mayTake })
    return this.#takeOut(batch)
  }

  /** Takes these keys; all of them may be taken by {@link mayTakeNow}. */
  takeOnly(ids: Iterable<string>): readonly PendingKey[] {
    const batch = [...ids].flatMap((id) => this.#again.get(id) ?? this.#fresh.get(id) ?? [])
    return this.#takeOut(batch)
  }

  /** Whether a key waits and is not parked beyond `nowMs`. */
  mayTakeNow(id: string, nowMs: number): boolean {
    this.#unparkDue(nowMs)
    return this.#again.has(id) || this.#fresh.has(id)
  }

  #takeOut(batch: readonly PendingKey[]): readonly PendingKey[] {
    for (const pending of batch) {
      this.#again.delete(pending.id)
      this.#fresh.delete(pending.id)
      this.#taken.set(pending.id, { pending, changedAgain: null })
    }
    return batch
  }

  #find(
    waiting: Map<string, PendingKey>,
    batch: PendingKey[],
    { limit, mayTake }: { readonly limit: number; readonly mayTake: MayTake },
  ): void {
    // Whoever wants all gets all.
    const wantsAll = !Number.isFinite(limit)
    const search = (wantsAll ? undefined : this.#cutOff.get(waiting)) ?? waiting.values()
    this.#cutOff.delete(waiting)
    let bytes = batch.reduce((sum, { id }) => sum + id.length, 0)
    let looked = 0
    while (batch.length < limit && (wantsAll || bytes < MAX_BATCH_BYTES)) {
      // Many keys may lie in a chunk that is being copied: the search must not become the work, and goes on next time.
      if (looked > limit * 20) {
        this.#cutOff.set(waiting, search)
        return
      }
      const { value: pending, done } = search.next()
      if (done) return
      looked += 1
      if (!mayTake(pending.key, pending.id)) continue
      batch.push(pending)
      bytes += pending.id.length
    }
  }

  /** Parked keys are in the order in which they were parked, each for about as long, so the first are due first. */
  #unparkDue(nowMs: number): void {
    for (const [id, { pending, untilMs }] of this.#parked) {
      if (untilMs > nowMs) break
      this.#parked.delete(id)
      this.#again.set(id, pending)
    }
  }

  /** The batch is committed. A key that changed meanwhile waits again. */
  applied(batch: readonly PendingKey[]): void {
    for (const { id, key } of batch) {
      const again = this.#taken.get(id)?.changedAgain
      this.#taken.delete(id)
      if (!again) continue
      const { gone, isNew } = again.news
      this.#again.set(id, {
        id,
        key,
        number: again.number,
        attempts: 0,
        gone,
        isNew: isNew ?? false,
      })
    }
  }

  /** The batch was rolled back: its keys wait again, not before `untilMs`, and keep their age. */
  park(batch: readonly PendingKey[], untilMs: number): void {
    for (const pending of batch) {
      const again = this.#taken.get(pending.id)?.changedAgain
      this.#taken.delete(pending.id)
      const gone = again?.news.gone ?? pending.gone
      const isNew = again?.news.isNew ?? pending.isNew
      const attempts = pending.attempts + 1
      this.#parked.set(pending.id, { pending: { ...pending, attempts, gone, isNew }, untilMs })
    }
  }

  #isWaiting(id: string): boolean {
    return this.#fresh.has(id) || this.#again.has(id) || this.#parked.has(id)
  }
}
