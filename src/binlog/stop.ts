import { Refusal } from '../errors.ts'

/**
 * The refusal to read on. `what` names the event and the rule it broke, never a value of a row.
 * Going on would mean to skip something, and a skipped change is a lost row.
 */
export function stop(what: string, cause?: unknown): Refusal {
  return new Refusal('STREAM_STOPPED', `The change stream stopped: ${what}.`, {
    next: 'Cancel the deployment, resolve what stopped it, and start it again.',
    cause,
  })
}
