/** Wakes loops that sleep between two looks at the store, so that a change is seen at once. */
export type Bell = {
  readonly ring: () => void
  /** Resolves when it rings, after `ms`, or when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A bell that wakes everybody who waits for it; who is busy looks again at its next wait's end. */
export function createBell(): Bell {
  const waiting = new Set<() => void>()
  return {
    ring() {
      for (const wake of waiting) wake()
    },
    async wait(ms, signal) {
      if (signal.aborted) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, ms)
      waiting.add(resolve)
      const wake = () => resolve()
      signal.addEventListener('abort', wake, { once: true })
      await promise
      signal.removeEventListener('abort', wake)
      waiting.delete(resolve)
      clearTimeout(timer)
    },
  }
}
