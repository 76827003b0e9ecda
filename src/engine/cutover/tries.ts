import type { Clock } from '../../clock.ts'
import { isContention } from '../../mysql/errno.ts'
import {
  type Blocker,
  findBlockers,
  findHolders,
  findTransactions,
  killConnection,
} from '../../mysql/locks.ts'
import type { Session } from '../../mysql/session.ts'

/** A try that was given up, or in which somebody's connection was ended. */
export type Retry = {
  /** From 1 on. */
  readonly attempt: number
  readonly reason: string
  /** The connections that were ended for this try, as in `KILL`. */
  readonly killed: readonly number[]
}

export type TriesContext = {
  readonly schema: string
  /** The tables that are wanted. */
  readonly tables: readonly string[]
  readonly clock: Clock
  /** Opens a session that looks on while a try waits; this function ends it. */
  readonly open: () => Promise<Session>
  /** The connections that try: they block nobody but the application, and are never ended. */
  readonly own: () => ReadonlySet<number>
  /** Asked in every try: whether those who are in the way may be ended. */
  readonly isForced: () => boolean
  /** Whether it is given up after {@link TRY_FOR_MS}. */
  readonly endless: boolean
  readonly onRetry: (retry: Retry) => void
  readonly signal: AbortSignal
}

export type Tries<T> = {
  /** Goes before each try, while nothing is held; whatever it throws ends the tries. */
  readonly prepare: () => Promise<void>
  /** One try. It must end by itself within seconds, and have changed nothing when it throws. */
  readonly attempt: (attempt: number) => Promise<T>
  /** Why a try failed without harm other than by waiting too long for a lock; null when trying again would be wrong. */
  readonly excuse: (error: unknown) => string | null
  /** Goes after each try that failed without harm. */
  readonly giveWay: () => void
}

/** The tables were not to be had for {@link TRY_FOR_MS}; nothing has changed. */
export class TriesOver extends Error {
  override readonly name = 'TriesOver'
  readonly attempts: number
  readonly reason: string

  constructor(attempts: number, reason: string) {
    super(`gave up after ${attempts} tries`)
    this.attempts = attempts
    this.reason = reason
  }
}

/** How long it is tried before a person has to decide again. */
export const TRY_FOR_MS = 60 * 60_000
/** So many tries give way, even when the cutover is forced. */
const POLITE_TRIES = 3
const MAX_BACK_OFF_MS = 60_000
const LOOK_EVERY_MS = 250

/**
 * Repeats something that needs tables for itself, with growing pauses, while the application holds them.
 *
 * While a try waits, another session looks who is in the way of it: who holds a table that a connection of ours waits
 * for. Once it is forced, and some tries have given way in vain, those are ended whom two looks of one try have found:
 * they held on all the time between, because behind a waiting lock of ours no new one is granted. Nobody else is.
 *
 * @throws {TriesOver} after {@link TRY_FOR_MS}, unless the tries are endless.
 * @throws what a try threw that was no contention.
 */
export async function keepTrying<T>(context: TriesContext, tries: Tries<T>): Promise<T> {
  const { clock, signal } = context
  const begunAt = clock.now().getTime()
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    await tries.prepare()
    const watch = new Watch(context, attempt)
    try {
      return await watch.during(() => tries.attempt(attempt))
    } catch (error) {
      const excuse = tries.excuse(error)
      if (excuse === null && !isContention(error)) throw error
      const reason = excuse ?? (await watch.whoBlocks())
      tries.giveWay()
      context.onRetry({ attempt, reason, killed: [] })
      const tryingForMs = clock.now().getTime() - begunAt
      if (!context.endless && tryingForMs >= TRY_FOR_MS) throw new TriesOver(attempt, reason)
      const pauseMs = Math.min(MAX_BACK_OFF_MS, 250 * 2 ** Math.min(attempt, 10))
      await clock.sleep(pauseMs * (0.5 + clock.random() / 2), { signal })
    }
  }
}

/** Looks on during one try. */
class Watch {
  readonly #context: TriesContext
  readonly #attempt: number
  /** Whom the last look that found anybody has found. */
  #blockers: readonly Blocker[] = []
  /** Who may not be ended by our account. */
  readonly #denied = new Set<number>()

  constructor(context: TriesContext, attempt: number) {
    this.#context = context
    this.#attempt = attempt
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const over = new AbortController()
    const watching = this.#look(over.signal)
    try {
      return await work()
    } finally {
      over.abort()
      await watching
    }
  }

  /** Names who was in the way of the try, or who holds the tables now when nobody was seen. */
  async whoBlocks(): Promise<string> {
    const blockers = this.#blockers.length > 0 ? this.#blockers : await this.#holders()
    if (blockers.length === 0) return await this.#whoMayBlock()
    const told = blockers.map(sentenceOf).join('; ')
    if (this.#denied.size === 0) return told
    const ids = [...this.#denied].join(', ')
    return `${told}; the account may not end ${ids} (it needs CONNECTION_ADMIN, or SUPER)`
  }

  /** On a server that does not tell who holds a table. */
  async #whoMayBlock(): Promise<string> {
    const found = await this.#ask((session) => findTransactions(session, this.#context.own()))
    const told = found.map(
      ({ connectionId, seconds }) => `connection ${connectionId} has a transaction of ${seconds} s`,
    )
    if (told.length === 0) return 'other transactions hold the tables'
    const spared = this.#mayEnd ? '; nobody is ended on a guess' : ''
    return `the server does not tell who holds the tables; ${told.join('; ')}${spared}`
  }

  async #look(over: AbortSignal): Promise<void> {
    const { clock } = this.#context
    try {
      await clock.sleep(LOOK_EVERY_MS, { signal: over })
      await using session = await this.#context.open()
      while (!over.aborted) {
        const before = new Set(this.#blockers.map(identityOf))
        const found = await findBlockers(session, { ...this.#context, own: this.#context.own() })
        if (found.length > 0) this.#blockers = found
        const stay = found.filter((blocker) => before.has(identityOf(blocker)))
        if (this.#mayEnd && !over.aborted) await this.#end(session, stay)
        await clock.sleep(LOOK_EVERY_MS, { signal: over })
      }
    } catch {
      // The end of the try, or a server that does not answer: that is told by the try itself.
    }
  }

  get #mayEnd(): boolean {
    return this.#attempt > POLITE_TRIES && this.#context.isForced()
  }

  async #end(session: Session, blockers: readonly Blocker[]): Promise<void> {
    const killed: Blocker[] = []
    for (const blocker of blockers) {
      if (killed.some(({ connectionId }) => connectionId === blocker.connectionId)) continue
      const outcome = await killConnection(session, blocker.connectionId)
      if (outcome === 'killed') killed.push(blocker)
      if (outcome === 'denied') this.#denied.add(blocker.connectionId)
    }
    if (killed.length === 0) return
    this.#context.onRetry({
      attempt: this.#attempt,
      reason: `ended by force: ${killed.map(sentenceOf).join('; ')}`,
      killed: killed.map(({ connectionId }) => connectionId),
    })
  }

  async #holders(): Promise<readonly Blocker[]> {
    return await this.#ask((session) =>
      findHolders(session, { ...this.#context, own: this.#context.own() }),
    )
  }

  async #ask<T>(question: (session: Session) => Promise<readonly T[]>): Promise<readonly T[]> {
    try {
      await using session = await this.#context.open()
      return await question(session)
    } catch {
      // It only makes a message better; a server that does not answer is told of by the next try.
      return []
    }
  }
}

function identityOf({ connectionId, table }: Blocker): string {
  return `${connectionId} ${table}`
}

function sentenceOf({ connectionId, table, seconds, statement }: Blocker): string {
  const age = seconds === null ? '' : ` in a transaction of ${seconds} s`
  const last = statement === null ? '' : `, last statement ${statement}`
  return `connection ${connectionId} holds ${table}${age}${last}`
}
