import { sql } from 'kysely'
import { systemClock } from '../../src/clock.ts'
import type { Session } from '../../src/mysql/session.ts'

/** A workload that does nothing for so long has nothing more to do: not every EVENT comes again. */
const PATIENCE_MS = 4_000
const POLL_MS = 50

/** Runs the statements of a workload, round after round, as one session of an application. */
export class Workload {
  readonly errors: string[] = []
  #rounds = 0
  #stopping = false
  readonly #ended: Promise<void>

  constructor(session: Session, statements: readonly string[]) {
    this.#ended = statements.length === 0 ? Promise.resolve() : this.#run(session, statements)
  }

  /** Resolves when `count` more rounds have been written. */
  async written(count: number): Promise<void> {
    const goal = this.#rounds + count
    while (this.#rounds < goal && !this.#stopping) await systemClock.sleep(5)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#ended
  }

  async #run(session: Session, statements: readonly string[]): Promise<void> {
    while (!this.#stopping) {
      for (const statement of statements) {
        // Every statement is tried in every round, so that one failure does not hide another.
        await session.run(sql.raw(statement)).catch((error: unknown) => {
          this.errors.push(`${String(error)} in ${statement}`)
        })
      }
      this.#rounds += 1
      await systemClock.sleep(2)
    }
  }
}

/** Whether the schema has an EVENT that writes. */
export async function hasEvents(session: Session): Promise<boolean> {
  return (await lastRuns(session)).length > 0
}

/** Resolves when every EVENT of the schema has run `times` more, or when nothing has happened for long. */
export async function eventsRan(session: Session, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const before = new Map((await lastRuns(session)).map(({ name, at }) => [name, at]))
    const until = systemClock.now().getTime() + PATIENCE_MS
    while (systemClock.now().getTime() < until) {
      const runs = await lastRuns(session)
      if (runs.every(({ name, at }) => at !== before.get(name))) break
      await systemClock.sleep(POLL_MS)
    }
  }
}

/** Ends every EVENT of the schema and waits for those that are running. */
export async function stopEvents(session: Session): Promise<void> {
  for (const { name } of await lastRuns(session)) {
    await session.run(sql`DROP EVENT IF EXISTS ${sql.id(name)}`)
  }
  const own = await session.row(sql<{ name: string }>`SELECT DATABASE() AS name`)
  for (;;) {
    // Not information_schema.PROCESSLIST: MySQL fails it with 3854 as long as anybody's statement has an emoji in it.
    const threads =
      await session.rows(sql<{ db: string | null; Command: string }>`SHOW PROCESSLIST`)
    if (!threads.some(({ db, Command }) => db === own?.name && Command === 'Connect')) return
    await systemClock.sleep(POLL_MS)
  }
}

async function lastRuns(session: Session) {
  return await session.rows(sql<{ name: string; at: string | null }>`
    SELECT EVENT_NAME AS name, CAST(LAST_EXECUTED AS CHAR) AS at FROM information_schema.EVENTS
    WHERE EVENT_SCHEMA = DATABASE() AND STATUS = 'ENABLED'`)
}
