import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { ERRNO, errnoOf, isConnectionLost } from '../../mysql/errno.ts'
import type { Session } from '../../mysql/session.ts'

export type RenameSessions = {
  /** Runs the RENAME. */
  readonly renamer: Session
  /** Never waits (its `lock_wait_timeout` is 0), and holds no table. */
  readonly observer: Session
  /** Every name of the RENAME, in the order in which it takes its locks. */
  readonly names: readonly string[]
}

type RenameContext = {
  readonly schema: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

const LOOK_EVERY_MS = 1

/**
 * A RENAME that waits for locks which connections of ours hold: `unissued`, `pending`, `done` or `failed`. It tells for
 * which table it waits by what other statements meet, so that neither a plugin nor the performance schema is needed
 * (test/engine/mariadb/pending-rename.mysql.test.ts):
 *
 * - A table whose exclusive lock is *asked* for refuses PREPARE, which a WRITE lock alone does not.
 * - A table whose exclusive lock is *held* refuses SHOW CREATE TABLE, which one that is only asked for does not.
 */
export class PendingRename {
  readonly #sessions: RenameSessions
  readonly #context: RenameContext
  #state: 'unissued' | 'pending' | 'done' | 'failed' = 'unissued'
  #error: unknown = null
  #settled: Promise<void> = Promise.resolve()

  constructor(sessions: RenameSessions, context: RenameContext) {
    this.#sessions = sessions
    this.#context = context
  }

  /**
   * Sends the statement, which is to wait for `tables`; other connections of ours hold them.
   *
   * @throws the server's error 1205 when somebody else already wants one of them for himself: he would come first.
   */
  async issue(statement: RawBuilder<unknown>, tables: readonly string[]): Promise<void> {
    for (const table of tables) await this.#prepare(table)
    this.#state = 'pending'
    this.#settled = this.#sessions.renamer.run(statement).then(
      () => {
        this.#state = 'done'
      },
      (error: unknown) => {
        this.#state = 'failed'
        this.#error = error
      },
    )
  }

  /**
   * Resolves when the RENAME is seen to wait for the table, and for no other.
   *
   * @throws what the RENAME fails with, or the signal's reason.
   */
  async waitsFor(table: string): Promise<void> {
    const { names } = this.#sessions
    const before = names[names.indexOf(table) - 1] ?? null
    for (;;) {
      this.#context.signal.throwIfAborted()
      if (this.#state === 'failed') throw this.#error
      if (this.#state === 'done') throw new TypeError(`the RENAME did not wait for ${table}`)
      // The name before it is taken by now; so a foreign statement that wants the table is not taken for ours.
      const isPast = before === null || (await this.#isHeld(before))
      if (isPast && (await this.#isAskedFor(table)) && (await this.#isWaiting())) return
      await this.#context.clock.sleep(LOOK_EVERY_MS)
    }
  }

  /** Resolves when the RENAME has happened. */
  async done(): Promise<void> {
    await this.#settled
    if (this.#state === 'failed') throw this.#error
  }

  /**
   * How it ended, once it has; nothing of ours must be in its way any more.
   *
   * @throws the loss of its connection: then the dictionary has to tell.
   */
  async outcome(): Promise<'done' | 'failed'> {
    await this.#settled
    if (this.#state === 'failed' && isConnectionLost(this.#error)) throw this.#error
    return this.#state === 'done' ? 'done' : 'failed'
  }

  /** Looks at the table in a way that gives way to whoever asks for its exclusive lock. */
  async #prepare(table: string): Promise<void> {
    const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``
    const statement = `SELECT 1 FROM ${quote(this.#context.schema)}.${quote(table)}`
    await this.#sessions.observer.run(sql`PREPARE crossfade_probe FROM ${statement}`)
  }

  async #isAskedFor(table: string): Promise<boolean> {
    return await isRefused(this.#prepare(table))
  }

  async #isHeld(table: string): Promise<boolean> {
    const look = sql`SHOW CREATE TABLE ${sql.id(this.#context.schema, table)}`
    return await isRefused(this.#sessions.observer.rows(look))
  }

  async #isWaiting(): Promise<boolean> {
    const { observer, renamer } = this.#sessions
    const row = await observer.row(sql<{ state: string | null }>`
      SELECT STATE AS state FROM information_schema.PROCESSLIST WHERE ID = ${renamer.threadId}`)
    return row?.state === 'Waiting for table metadata lock'
  }
}

/** Whether a statement met a lock; a table that is not there meets none. */
async function isRefused(looking: Promise<unknown>): Promise<boolean> {
  try {
    await looking
    return false
  } catch (error) {
    if (errnoOf(error) === ERRNO.LOCK_WAIT_TIMEOUT) return true
    if (errnoOf(error) === ERRNO.NO_SUCH_TABLE) return false
    throw error
  }
}
