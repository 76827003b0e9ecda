import { Refusal } from '../errors.ts'
import { isAway, isContention } from '../mysql/errno.ts'
import { SwapUnrecorded } from './cutover/swap.ts'

/** Somebody cancelled: not an error, but the way to end every task at once. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

/**
 * What an error means for a run: `away` and `busy` are tried again, `over` is not. After a lost connection the
 * deployment may be busy with ourselves: the server has not noticed yet that the old connection is gone.
 */
export function verdictOf(error: unknown): 'away' | 'busy' | 'over' {
  // Whoever waits for a lock of the engine's own, or could not write a swap down, starts over from the checkpoint.
  if (error instanceof SwapUnrecorded || isAway(error) || isContention(error)) return 'away'
  if (!(error instanceof Refusal)) return 'over'
  if (error.code === 'DATABASE_UNREACHABLE') return 'away'
  return error.code === 'DEPLOYMENT_BUSY' ? 'busy' : 'over'
}
