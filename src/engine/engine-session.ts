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
    }>`SELECT GET_LOCK(${nameOfClaim(id)}, ${CLAIM_WITHIN_SECONDS}) AS got`,
  )
  if (Number(row?.got) === 1) return
  const holder = await findHolder(session, id)
  const who = holder
    ? `: the server's connection ${holder.threadId}, which sent its last statement ${holder.silentSeconds} s ago`
    : ''
  const gone = holder
    ? ` Of a process whose machine is gone the server learns late: if you are sure that it is, run KILL ${holder.threadId}.`
    : ''
  throw new Refusal(
    'DEPLOYMENT_BUSY',
    `Another process is working on the deployment ${id}${who}.`,
    {
      next: `Let it go on, or end it first.${gone}`,
    },
  )
}

/** Who works on the deployment; null when it has just ended, or is another account that we may not see. */
async function findHolder(
  session: Session,
  id: string,
): Promise<{ readonly threadId: number; readonly silentSeconds: number } | null> {
  const lock = sql<{
    holder: string | number | null
  }>`SELECT IS_USED_LOCK(${nameOfClaim(id)}) AS holder`
  const holder = (await session.row(lock))?.holder
  if (!holder) return null
  type Thread = { readonly Id: string | number; readonly Time: string | number }
  const threads = await session.rows(sql<Thread>`SHOW PROCESSLIST`)
  const thread = threads.find(({ Id }) => Number(Id) === Number(holder))
  return thread ? { threadId: Number(holder), silentSeconds: Number(thread.Time) } : null
}

function nameOfClaim(id: string): string {
  return `crossfade.${id}`
}
