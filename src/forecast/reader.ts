import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../clock.ts'
import { ERRNO, errnoOf, isConnectionLost, isDenied } from '../mysql/errno.ts'
import { type Flavour, readServer } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'

/** The rows, or why there are none, in words that follow a colon. */
export type Answer<Row> =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'none'; readonly reason: string }

/** How long one question may take. Whoever waits for a lock of the server's meanwhile waits no longer than that. */
const STATEMENT_MS = 2_000

const COLUMN_DENIED = 1143

/**
 * Reads a production server without getting in its way: the session can only read, the server itself ends a statement
 * that takes longer than two seconds, and after `withinMs` nothing more is asked.
 */
export class Reader {
  readonly session: Session
  readonly flavour: Flavour
  readonly clock: Clock
  readonly #untilMs: number

  private constructor(
    session: Session,
    { flavour, clock, untilMs }: { flavour: Flavour; clock: Clock; untilMs: number },
  ) {
    this.session = session
    this.flavour = flavour
    this.clock = clock
    this.#untilMs = untilMs
  }

  /** Makes `session` a reading one; it stays so. */
  static async open(session: Session, clock: Clock, withinMs: number): Promise<Reader> {
    const { flavour } = await readServer(session)
    await session.run(sql`SET SESSION TRANSACTION READ ONLY`)
    await session.run(
      flavour === 'mariadb'
        ? sql`SET SESSION max_statement_time = ${STATEMENT_MS / 1_000}`
        : // Statistics from the tables themselves: old ones would be brought up to date, which is a write.
          sql`SET SESSION max_execution_time = ${STATEMENT_MS}, information_schema_stats_expiry = 0`,
    )
    return new Reader(session, { flavour, clock, untilMs: clock.now().getTime() + withinMs })
  }

  /**
   * What `question` selects. That it is denied, takes too long or cannot be asked of these columns is an answer too.
   *
   * @throws when the connection is lost.
   */
  async ask<Row>(question: RawBuilder<Row>): Promise<Answer<Row>> {
    if (this.clock.now().getTime() >= this.#untilMs) return none('the time for the plan is over')
    try {
      return { kind: 'rows', rows: await this.session.rows(question) }
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === null || isConnectionLost(error)) throw error
      return none(reasonOf(error, errno))
    }
  }
}

function none(reason: string): { readonly kind: 'none'; readonly reason: string } {
  return { kind: 'none', reason }
}

/** Why a question has no answer. The server's own text may hold values of rows. */
function reasonOf(error: unknown, errno: number): string {
  if (isDenied(error) || errno === COLUMN_DENIED) return 'the account may not read it'
  if (errno === ERRNO.STATEMENT_TIMEOUT || errno === ERRNO.QUERY_TIMEOUT) {
    return `too large to look at within ${STATEMENT_MS / 1_000} seconds`
  }
  if (errno === ERRNO.NO_SUCH_TABLE) return 'the table is not there yet'
  if (errno === ERRNO.BAD_FIELD) return 'the column is not there yet'
  return `the server says error ${errno}`
}
