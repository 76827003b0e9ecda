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

  /** Runs `work` to its end, then ends the other tasks and waits for them. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
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
      await Promise.all(this.#tasks)
    }
  }
}
