/** How far a deployment is, as the engine last said; counts are of all tables together. */
export type DeploymentProgress = {
  readonly phase: ProgressPhase
  readonly rowsCopied: number
  /** The server's estimate; it can be too low or too high until the copy is done. */
  readonly rowsEstimated: number
  readonly rowsPerSecond: number
  /** Seconds until the copy is done at this rate; null while there is no rate yet. */
  readonly etaSeconds: number | null
  /** The age of the newest change that was read, in milliseconds. */
  readonly lagMs: number
  /** What holds the copy up now, in the engine's words; null when nothing does. */
  readonly throttledBy: string | null
  /** The last comparison of all rows of both tables; null before the first. */
  readonly verified: VerifiedProgress | null
  readonly tables: readonly TableProgress[]
}

export type VerifiedProgress = {
  /** An instant as ISO 8601 writes it. */
  readonly at: string
  readonly rows: number
  /** Rows that differed because a change was on its way. */
  readonly lagging: number
}

export type TableProgress = {
  readonly table: string
  readonly rowsCopied: number
  readonly rowsEstimated: number
}

export type ProgressPhase =
  | 'starting'
  | 'copying'
  | 'catching_up'
  | 'verifying'
  | 'in_sync'
  | 'cutting_over'
  | 'revert_window'
  | 'reverting'
  | 'finished'

/** The part of the rows that is copied, 0–100; never 100 while rows are still being copied. */
export function percentCopied({
  phase,
  rowsCopied,
  rowsEstimated,
}: Pick<DeploymentProgress, 'phase' | 'rowsCopied' | 'rowsEstimated'>): number {
  if (phase === 'starting') return 0
  if (phase !== 'copying') return 100
  return Math.min(99, Math.floor((100 * rowsCopied) / Math.max(1, rowsEstimated)))
}
