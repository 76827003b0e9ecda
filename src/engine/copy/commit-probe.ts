import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { ENGINE_SCHEMA } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'

/** Between two whole milliseconds, where no number of a heartbeat is, nor of the throttle's own probe. */
const FIRST_MICROS = 250n
const NUMBERS_PER_MS = 200n

/**
 * Measures how long a commit of one small row takes now. The row is a heartbeat that nobody waits for, and is removed
 * with the old ones of the follower.
 */
export class CommitProbe {
  readonly #session: Session
  readonly #id: string
  readonly #clock: Clock
  #count = 0n

  constructor(session: Session, { id, clock }: { readonly id: string; readonly clock: Clock }) {
    this.#session = session
    this.#id = id
    this.#clock = clock
  }

  /** Milliseconds. */
  async measure(): Promise<number> {
    const begunAt = this.#clock.now().getTime()
    const number = BigInt(begunAt) * 1_000n + FIRST_MICROS + (this.#count++ % NUMBERS_PER_MS)
    await this.#session.run(sql`INSERT INTO ${sql.id(ENGINE_SCHEMA, 'barrier')} (deployment_id, number)
      VALUES (${this.#id}, ${number})`)
    return this.#clock.now().getTime() - begunAt
  }
}
