/** The time as a parameter, so that tests decide what time it is. */
export type Clock = {
  readonly now: () => Date
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason as soon as it is aborted. */
  readonly sleep: (ms: number, options?: { readonly signal?: AbortSignal }) => Promise<void>
  /** A number from 0 up to 1, for jitter and names. */
  readonly random: () => number
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  random: () => Math.random(),
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const abort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }, ms)
      signal?.addEventListener('abort', abort, { once: true })
    }),
}
