import type { Clock } from '../clock.ts'
import type { Checkpoint } from './checkpoint.ts'
import { requirePhase } from './commands.ts'
import type { EngineEvent, EngineOutcome, EngineRun, RunOptions, RunStatus } from './port.ts'

/** What a deployment that copies nothing has to say of itself. */
export const NO_STATUS: RunStatus = {
  phase: 'finished',
  rowsCopied: 0,
  rowsEstimated: 0,
  rowsPerSecond: 0,
  etaSeconds: null,
  lagMs: 0,
  pendingKeys: 0,
  paused: false,
  throttleRatio: 0,
  throttledBy: null,
  verified: null,
  revertImpossible: null,
  tables: [],
}

/**
 * A deployment that ended while nobody listened: it tells again how, so that whoever drives it can go on from there.
 * A process that dies between the end of a deployment and the moment its listener knows of it needs nothing else.
 */
export function finishedRun(
  checkpoint: Checkpoint,
  outcome: EngineOutcome,
  { clock, options }: { readonly clock: Clock; readonly options: RunOptions },
): EngineRun {
  const refuse = (command: Parameters<typeof requirePhase>[0]) => () =>
    requirePhase(command, 'finished')
  return {
    finished: tell(endEvents(checkpoint, outcome, clock.now()), options).then(() => outcome),
    status: () => ({ ...NO_STATUS, revertImpossible: checkpoint.revertImpossible }),
    cutover: ({ force } = { force: false }) =>
      requirePhase(force ? 'force' : 'cutover', 'finished'),
    pause: refuse('pause'),
    resume: refuse('resume'),
    throttle: refuse('throttle'),
    cancel: refuse('cancel'),
    revert: refuse('revert'),
    skipRevert: refuse('skipRevert'),
  }
}

/** The caller gets its run before the first event. */
async function tell(events: readonly EngineEvent[], { onEvent }: RunOptions): Promise<void> {
  await Promise.resolve()
  for (const event of events) onEvent(event)
}

/** How a deployment ended, told to somebody who may have missed what came before. */
export function endEvents(
  { stage, revertUntil, failure }: Checkpoint,
  outcome: EngineOutcome,
  at: Date,
): readonly EngineEvent[] {
  const swapped: EngineEvent[] =
    stage === 'reverse' ? [{ event: 'cutover', stalledMs: 0, revertUntil, at }] : []
  if (outcome === 'failed') return [{ event: 'failed', ...(failure ?? LOST), cause: null, at }]
  if (outcome === 'cancelled') return [{ event: 'cancelled', freedBytes: 0, at }]
  return [...swapped, { event: outcome, at }]
}

const LOST = {
  code: 'OUTCOME_UNKNOWN',
  message: 'The deployment failed, and why was not recorded.',
  next: 'Look into the log, then start a new deployment.',
} as const
