import type { EngineEvent } from '../src/engine/port.ts'
import { Refusal } from '../src/errors.ts'
import { errnoOf } from '../src/mysql/errno.ts'
import type { Log, LogFields } from './log.ts'

/**
 * Logs what has caused an event of the engine's: nobody is shown it, and whoever has to mend it needs it. A refusal says all in
 * its message; of a server's error it is the number, because its words may hold row values.
 */
export function logCause(log: Log, event: EngineEvent, fields: LogFields): void {
  if (!('cause' in event) || event.cause === null || event.cause instanceof Refusal) return
  const errno = errnoOf(event.cause)
  if (errno === null) log.error(event.event, event.cause, fields)
  else log.warn('the server refused a statement', { ...fields, errno })
}
