import type { Store } from './database.ts'
import { insertOnce, serverNow, serverNowPlus } from './transaction.ts'

/** Who may work on something for now, as in `deployment:7`. The database's clock decides when it ends. */
export type Lease = { readonly name: string; readonly owner: string }

/** Takes a lease that is free, over, or `owner`'s already; false when somebody else has it. */
export async function claimLease(
  store: Store,
  { name, owner }: Lease,
  ttlMs: number,
): Promise<boolean> {
  const expires_at = serverNowPlus(ttlMs)
  const { numUpdatedRows } = await store
    .updateTable('lease')
    .set({ owner, expires_at })
    .where('name', '=', name)
    .where(({ or, eb }) => or([eb('owner', '=', owner), eb('expires_at', '<=', serverNow)]))
    .executeTakeFirst()
  if (numUpdatedRows === 1n) return true
  return insertOnce(store.insertInto('lease').values({ name, owner, expires_at }))
}

/** Keeps a lease for another `ttlMs`; false when it is over or somebody else's, so that the work must stop. */
export async function renewLease(
  store: Store,
  { name, owner }: Lease,
  ttlMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await store
    .updateTable('lease')
    .set({ expires_at: serverNowPlus(ttlMs) })
    .where('name', '=', name)
    .where('owner', '=', owner)
    .where('expires_at', '>', serverNow)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Gives a lease back; nothing happens when it is somebody else's by now. */
export async function releaseLease(store: Store, { name, owner }: Lease): Promise<void> {
  await store.deleteFrom('lease').where('name', '=', name).where('owner', '=', owner).execute()
}
