import { systemClock } from '../clock.ts'
import { Refusal } from '../errors.ts'
import { connect, type Target } from '../mysql/connect.ts'
import { type Ending, findCheckpoint, unfinishedCheckpoints } from './checkpoint.ts'
import { clearSentries } from './cutover/sentry.ts'
import { endDeployment } from './ending.ts'
import { claimDeployment } from './engine-session.ts'
import { findChanged } from './instant/instant-plan.ts'
import type { TableOperation } from './port.ts'
import { isSwapped } from './shadow.ts'

/** The id of an unfinished deployment of exactly these statements, or null: what a process that died has left. */
export async function findUnfinished(
  target: Target,
  operations: readonly TableOperation[],
): Promise<string | null> {
  await using session = await connect(target)
  const wanted = JSON.stringify(operations)
  const found = await unfinishedCheckpoints(session, target.schema ?? '')
  return found.find(({ request }) => JSON.stringify(request.operations) === wanted)?.id ?? null
}

/**
 * Gives up a deployment that no process works on: drops its shadow tables.
 *
 * @throws {Refusal} CHECKPOINT_MISSING, DEPLOYMENT_BUSY while a process works on it, or DEPLOY_STATE when its tables are swapped already.
 */
export async function discardDeployment(target: Target, id: string): Promise<void> {
  await using session = await connect(target)
  await claimDeployment(session, id)
  // Not before: another process may end the deployment while we wait for it.
  const checkpoint = await findCheckpoint(session, id)
  if (!checkpoint || checkpoint.outcome !== null) {
    throw new Refusal('CHECKPOINT_MISSING', `The server knows no unfinished deployment ${id}.`, {
      next: 'Check the id; a refusal with NAME_CLASH names it.',
    })
  }
  const { schema, request } = checkpoint
  await clearSentries(session, { schema, request }, systemClock)
  if (await isSwapped(session, checkpoint)) {
    throw new Refusal('DEPLOY_STATE', `The tables of the deployment ${id} are swapped already.`, {
      next: 'Run the same migrate command again to go on with its revert window.',
    })
  }
  // Of views alone only the checkpoint tells.
  const begun = checkpoint.stage === 'reverse' ? request.views.map(({ name }) => name) : []
  const changed =
    request.method === 'instant' ? [...(await findChanged(session, schema, request)), ...begun] : []
  if (changed.length > 0) {
    throw new Refusal(
      'DEPLOY_STATE',
      `The deployment ${id} has changed already: ${changed.join(', ')}.`,
      { next: 'Run the same migrate command again to go on with it.' },
    )
  }
  const ending: Ending = { outcome: 'cancelled', failure: null }
  await endDeployment(session, checkpoint, { ending, clock: systemClock })
}
