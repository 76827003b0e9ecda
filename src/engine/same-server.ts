import { Refusal } from '../errors.ts'
import { readServerIdentity } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import type { Checkpoint } from './checkpoint.ts'

/**
 * A file of the same name on another server holds other changes: those of this deployment would be missed unseen. A
 * GTID means the same on both.
 *
 * @throws {Refusal} POSITION_GONE.
 */
export async function requireSameServer(
  session: Session,
  { position, server }: Pick<Checkpoint, 'position' | 'server'>,
): Promise<void> {
  if (position.kind === 'gtid' || server === (await readServerIdentity(session))) return
  throw new Refusal(
    'POSITION_GONE',
    'This is another server than the one the deployment began on, and without GTIDs its binary log cannot be followed here.',
    { next: 'Start a new deployment. With gtid_mode=ON the next one survives a failover.' },
  )
}
