import { createHash } from 'node:crypto'
import type { UpdateObject } from 'kysely'
import type { Database, Store } from './database.ts'
import { insertOnce, inTransaction, serverNow, serverNowPlus } from './transaction.ts'

/** A webhook as it came in, after its signature was verified. */
export type Delivery = {
  /** GitHub's id of the delivery; the same when it is sent again. */
  readonly deliveryId: string
  readonly event: string
  /** What it is about, as in `pull_request:42:7`: deliveries of one subject are worked off in order. */
  readonly subject: string
  /** The raw body. */
  readonly body: string
}

/** A delivery that this worker has claimed. */
export type InboxItem = Delivery & {
  readonly id: number
  /** 1 at the first processing. */
  readonly attempts: number
  readonly receivedAt: Date
}

/** After so many attempts a delivery is given up. */
export const MAX_ATTEMPTS = 8

/** How long a delivery rests after its `attempts`-th attempt: 1 s, 2 s, 4 s … at most 5 minutes. */
export function retryDelayMs(attempts: number): number {
  return Math.min(300_000, 1000 * 2 ** (attempts - 1))
}

/**
 * Keeps a delivery; false when it is known already, by its id or by its body: a body that was recorded and
 * is played back under a new id is the same delivery.
 */
export async function receiveDelivery(store: Store, delivery: Delivery): Promise<boolean> {
  const { deliveryId, event, subject, body } = delivery
  return insertOnce(
    store.insertInto('inbox').values({
      delivery_id: deliveryId,
      body_hash: createHash('sha256').update(`${event}\n${body}`).digest('hex'),
      event,
      subject,
      body,
      received_at: serverNow,
      available_at: serverNow,
    }),
  )
}

/**
 * Claims the oldest delivery that is due and has no unfinished one of its subject before it; null when there
 * is none. The claim ends by itself after `leaseMs`, so a worker that died holds up its subject no longer.
 */
export async function claimDelivery(
  store: Store,
  { owner, leaseMs }: { readonly owner: string; readonly leaseMs: number },
): Promise<InboxItem | null> {
  return inTransaction(store, async (trx) => {
    const row = await trx
      .selectFrom('inbox as i')
      .selectAll('i')
      .where('i.state', '=', 'pending')
      .where('i.available_at', '<=', serverNow)
      .where(({ or, eb }) =>
        or([eb('i.lease_until', 'is', null), eb('i.lease_until', '<=', serverNow)]),
      )
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('inbox as earlier')
              .select('earlier.id')
              .whereRef('earlier.subject', '=', 'i.subject')
              .whereRef('earlier.id', '<', 'i.id')
              .where('earlier.state', '=', 'pending'),
          ),
        ),
      )
      .orderBy('i.id')
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
    if (!row) return null
    await trx
      .updateTable('inbox')
      .set({
        attempts: row.attempts + 1,
        lease_owner: owner,
        lease_until: serverNowPlus(leaseMs),
      })
      .where('id', '=', row.id)
      .execute()
    return {
      id: row.id,
      deliveryId: row.delivery_id,
      event: row.event,
      subject: row.subject,
      body: row.body,
      attempts: row.attempts + 1,
      receivedAt: row.received_at,
    }
  })
}

/** Keeps the claim for another `leaseMs`; false when it is no longer this worker's. */
export async function renewDelivery(
  store: Store,
  { id, owner, leaseMs }: { readonly id: number; readonly owner: string; readonly leaseMs: number },
): Promise<boolean> {
  return settle(store, { id, owner }, { lease_until: serverNowPlus(leaseMs) })
}

/** The delivery is worked off; false when the claim is no longer this worker's. */
export async function finishDelivery(
  store: Store,
  claim: { readonly id: number; readonly owner: string },
): Promise<boolean> {
  return settle(store, claim, { state: 'done', finished_at: serverNow, lease_until: null })
}

/**
 * The delivery could not be worked off: it comes again after a rest, or is given up after
 * {@link MAX_ATTEMPTS}. `error` is kept for the operator.
 */
export async function failDelivery(
  store: Store,
  { id, attempts, owner }: Pick<InboxItem, 'id' | 'attempts'> & { readonly owner: string },
  error: string,
): Promise<boolean> {
  const last_error = error.slice(0, 1000)
  const rest =
    attempts >= MAX_ATTEMPTS
      ? { state: 'failed' as const, finished_at: serverNow }
      : { available_at: serverNowPlus(retryDelayMs(attempts)) }
  return settle(store, { id, owner }, { ...rest, last_error, lease_until: null })
}

/** Changes a delivery that `owner` has still claimed; false when somebody else has it now. */
async function settle(
  store: Store,
  { id, owner }: { readonly id: number; readonly owner: string },
  values: UpdateObject<Database, 'inbox'>,
): Promise<boolean> {
  const { numUpdatedRows } = await store
    .updateTable('inbox')
    .set(values)
    .where('id', '=', id)
    .where('lease_owner', '=', owner)
    .where('lease_until', 'is not', null)
    .where('state', '=', 'pending')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
