import type { Store } from './database.ts'
import { insertOnce, serverNow } from './transaction.ts'

/**
 * Marks a token as used; false when it was used before. It is remembered until `expiresAt`, after which its
 * own expiry refuses it.
 */
export async function useTokenOnce(store: Store, jti: string, expiresAt: Date): Promise<boolean> {
  await store.deleteFrom('oidc_token').where('expires_at', '<', serverNow).execute()
  return insertOnce(store.insertInto('oidc_token').values({ jti, expires_at: expiresAt }))
}
