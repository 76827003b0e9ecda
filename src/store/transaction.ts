import { type RawBuilder, sql, type Transaction } from 'kysely'
import { ERRNO, errnoOf } from '../mysql/errno.ts'
import type { Database, Store } from './database.ts'

/** The time of the database's server, to the millisecond: the one clock that all processes share. */
export const serverNow: RawBuilder<Date> = sql<Date>`UTC_TIMESTAMP(3)`

/** The server's time `ms` milliseconds from now. */
export function serverNowPlus(ms: number): RawBuilder<Date> {
  return sql<Date>`UTC_TIMESTAMP(3) + INTERVAL ${Math.round(ms * 1000)} MICROSECOND`
}

const ATTEMPTS = 5

/**
 * Runs `work` in one transaction, or in the one that `store` already is, so that functions of this room
 * can be put together. The server ends a deadlock by rolling one side back completely: that side starts again.
 *
 * Locks are taken in the order number, deploy request, deployment, so a deadlock is the exception.
 */
export async function inTransaction<T>(
  store: Store,
  work: (transaction: Transaction<Database>) => Promise<T>,
): Promise<T> {
  // Sound: `isTransaction` is true for a Transaction and for nothing else.
  if (store.isTransaction) return work(store as Transaction<Database>)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.transaction().execute(work)
    } catch (error) {
      if (errnoOf(error) !== ERRNO.DEADLOCK || attempt === ATTEMPTS) throw error
    }
  }
}

/**
 * Runs an insert; false when a row with one of its unique keys is there already. `INSERT IGNORE` would say
 * the same, and also cut a text that is too long.
 */
export async function insertOnce(insert: { execute(): Promise<unknown> }): Promise<boolean> {
  try {
    await insert.execute()
    return true
  } catch (error) {
    if (errnoOf(error) === ERRNO.DUPLICATE_ENTRY) return false
    throw error
  }
}
