import { sql } from 'kysely'
import { Refusal } from '../errors.ts'
import { connect, type Target } from '../mysql/connect.ts'
import type { Flavour } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'

/** A session for the engine's work; MySQL must not answer questions about tables from an old memory. */
export async function openSession({
  target,
  flavour,
}: {
  readonly target: Target
  readonly flavour: Flavour
}): Promise<Session> {
  const session = await connect(target)
  if (flavour === 'mysql') await session.run(sql`SET SESSION information_schema_stats_expiry = 0`)
  return session
}

/** How long a lost connection of ours may take to be noticed by the server. */
const CLAIM_WITHIN_SECONDS = 5

/**
 * Makes `session` the only one that works on the deployment, until it ends.
 *
 * @throws {Refusal} DEPLOYMENT_BUSY; then nothing of the deployment may be touched.
 */
export async function claimDeployment(session: Session, id: string): Promise<void> {
  const row = await session.row(
    sql<{
      got: number | null
    }>`SELECT GET_LOCK(${`crossfade.${id}`}, ${CLAIM_WITHIN_SECONDS}) AS got`,
  )
  if (Number(row?.got) === 1) return
  throw new Refusal('DEPLOYMENT_BUSY', `Another process is working on the deployment ${id}.`, {
    next: 'Let it go on, or end it first.',
  })
}
