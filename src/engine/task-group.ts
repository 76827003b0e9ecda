import type { Clock } from '../clock.ts'

/** So long a task may still take when the group has ended. */
const ENDS_WITHIN_MS = 20_000

/** Ends what tasks wait for that do not see that the group has ended. */
type Cut = { readonly clock: Clock; readonly cut: () => void }

/**
 * Tasks that live and die together: the first that fails aborts the others, and {@link run} throws its error.
 * Nothing outlives `run`: it returns once every task has ended.
 */
export class TaskGroup {
  readonly #controller = new AbortController()
  readonly #tasks = new Set<Promise<unknown>>()
  #failure: { readonly error: unknown } | null = null

  readonly #outer: AbortSignal | undefined
  readonly #abortByOuter = () => this.abort(this.#outer?.reason)

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer
    if (outer?.aborted) this.abort(outer.reason)
    else outer?.addEventListener('abort', this.#abortByOuter, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Ends every task; `run` throws `reason`, unless a task has failed before. */
  abort(reason: unknown): void {
    this.#failure ??= { error: reason }
    this.#controller.abort(reason)
  }

  /** Runs a task beside the others until the group ends. */
  spawn(task: (signal: AbortSignal) => Promise<unknown>): void {
    const running = task(this.signal).catch((error: unknown) => this.abort(error))
    this.#tasks.add(running)
    // `abort` never throws, so neither does what follows it.
    void running.then(() => this.#tasks.delete(running))
  }

  /**
   * Runs `work` to its end, then ends the other tasks and waits for them. One that waits for an answer of a server sees no
   * signal, and after a connection was lost without a word no answer comes: then it is cut off.
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>, how?: Cut): Promise<T> {
    const { promise: failed, reject } = Promise.withResolvers<never>()
    const fail = () => reject(this.#failure?.error)
    this.signal.addEventListener('abort', fail, { once: true })
    try {
      this.signal.throwIfAborted()
      const working = work(this.signal)
      // When a task fails first, `work` ends by the signal; its own error then says nothing new.
      this.#tasks.add(working.catch(() => null))
      return await Promise.race([working, failed])
    } catch (error) {
      // What failed first is the cause; what failed because of it is not.
      throw this.#failure ? this.#failure.error : error
    } finally {
      this.signal.removeEventListener('abort', fail)
      // The outer signal may live for days, and see many groups.
      this.#outer?.removeEventListener('abort', this.#abortByOuter)
      this.#controller.abort(new DOMException('The group has ended.', 'AbortError'))
      await this.#ended(how)
    }
  }

  async #ended(how: Cut | undefined): Promise<void> {
    const over = new AbortController()
    const late = how?.clock.sleep(ENDS_WITHIN_MS, { signal: over.signal }).then(how.cut)
    // That it was not needed is told as an error.
    const ignored = late?.catch(() => undefined)
    await Promise.all(this.#tasks)
    over.abort()
    await ignored
  }
}
