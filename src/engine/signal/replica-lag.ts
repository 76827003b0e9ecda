import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { connect, type Target } from '../../mysql/connect.ts'
import { ERRNO, errnoOf } from '../../mysql/errno.ts'
import { ENGINE_SCHEMA } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import { type Signal, Unreadable } from './signal.ts'

/** A heartbeat is at most this much younger than now, by which the clocks of two processes may differ. */
const CLOCKS_DIFFER_MS = 1_000

/**
 * How far a replica is behind, by the heartbeats of this deployment that have arrived on it: each is a row whose number is
 * the time of its writing, in microseconds of the clock of the process that runs the deployment. What the server
 * itself says of its lag is not asked: it is 0 or NULL while the connection to the primary is broken.
 */
export function replicaLag(
  replica: Target,
  { id, limit, clock }: { readonly id: string; readonly limit: number; readonly clock: Clock },
): Signal {
  const read = async (session: Session) => {
    const number = await newestHeartbeat(session, id)
    if (number === null) throw new Unreadable('no heartbeat of this deployment has arrived')
    const lagMs = clock.now().getTime() - number / 1_000
    if (lagMs < -CLOCKS_DIFFER_MS) {
      throw new Unreadable('its newest heartbeat was written by a clock that is ahead of this one')
    }
    return Math.max(0, lagMs)
  }
  return {
    name: `replica lag of ${addressOf(replica)}`,
    limit,
    unit: 'milliseconds',
    everyMs: 250,
    // The schema of the URL does not matter, and a replica need not have every one.
    open: () => connect({ ...replica, schema: null }),
    read,
    probe: (session) => newestHeartbeat(session, id),
    next: `Check that the replica answers, and that its account may log in and run SELECT on ${ENGINE_SCHEMA}.barrier.`,
  }
}

/** `host:port` of a server: all of a target that may be shown. */
export function addressOf({ host, port }: Pick<Target, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function newestHeartbeat(session: Session, id: string): Promise<number | null> {
  try {
    const row = await session.row(sql<{ number: string | null }>`
      SELECT MAX(number) AS number FROM ${sql.id(ENGINE_SCHEMA, 'barrier')} WHERE deployment_id = ${id}`)
    return row?.number == null ? null : Number(row.number)
  } catch (error) {
    const errno = errnoOf(error)
    // The first deployment makes the table; it arrives like its rows.
    if (errno === ERRNO.NO_SUCH_TABLE || errno === ERRNO.UNKNOWN_DATABASE) return null
    throw error
  }
}
