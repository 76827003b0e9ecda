import type { Clock } from '../clock.ts'
import { tableNames } from '../mysql/identifier.ts'
import type { Session } from '../mysql/session.ts'
import { type Checkpoint, type Ending, saveEnding, saveOutcome } from './checkpoint.ts'
import { settleForeignKeys } from './cutover/foreign-key.ts'
import { dropTrials } from './cutover/view-change.ts'
import { quarantineTables } from './quarantine.ts'
import { dropShadows } from './shadow.ts'

export type EndingOptions = {
  readonly ending: Ending
  readonly clock: Clock
  /** Aborting leaves the rest to whoever resumes. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Ends a deployment: notes how, tidies up, and records the outcome. A process that dies in between goes on with
 * {@link goOnEnding}; without the note it would find tables gone and take it for somebody's doing.
 *
 * @returns how many bytes the tables had that were dropped.
 */
export async function endDeployment(
  session: Session,
  checkpoint: Checkpoint,
  options: EndingOptions,
): Promise<number> {
  await saveEnding(session, checkpoint.id, options.ending)
  return await goOnEnding(session, checkpoint, options)
}

/** What follows the note, done once more: each step finds out what is left to do. */
export async function goOnEnding(
  session: Session,
  { id, schema, request }: Checkpoint,
  { ending: { outcome, failure }, clock, signal }: EndingOptions,
): Promise<number> {
  let freedBytes = 0
  await dropTrials(session, schema, request)
  if (outcome === 'complete' || outcome === 'reverted') {
    const kept = outcome === 'complete' ? 'old' : 'shadow'
    const tables = request.operations.map(({ table }) => tableNames(id, table)[kept])
    await settleForeignKeys(
      session,
      id,
      tables.map((name) => ({ schema, name })),
      { clock, ...(signal ? { signal } : {}) },
    )
    await quarantineTables(session, { schema, request, outcome }, clock)
  } else {
    freedBytes = await dropShadows(session, schema, request)
  }
  await saveOutcome(session, id, { outcome, failure })
  return freedBytes
}
