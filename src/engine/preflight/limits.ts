import { sql } from 'kysely'
import { Refusal } from '../../errors.ts'
import { connect, type Target } from '../../mysql/connect.ts'
import type { Session } from '../../mysql/session.ts'
import type { EngineRequest } from '../port.ts'
import { addressOf } from '../signal/replica-lag.ts'
import { reasonOf, type Signal } from '../signal/signal.ts'
import type { Check } from './check.ts'

/** Heartbeats are written every half second: a lower limit would pause the copy whatever the replica does. */
const LEAST_LAG_MS = 1_000

/**
 * Whatever has a limit can be read. Else the copy would pause at once and for ever, which nobody who starts a deployment
 * in the evening wants to see the next morning.
 */
export const checkLimits: Check = async ({ session, request, replicas, signals }) => {
  const { replicaLagMs } = request.limits
  const refusals = [...missingReplicas(request, replicas)]
  if (replicaLagMs !== null && replicaLagMs < LEAST_LAG_MS) {
    refusals.push(
      new Refusal('LIMIT_UNREADABLE', `A replica lag of ${replicaLagMs} ms cannot be measured.`, {
        next: 'Give a limit of a second or more.',
      }),
    )
  }
  const primaryId = await readServerId(session)
  const found = await Promise.all([
    ...signals.map(refusalOf),
    ...(replicaLagMs === null ? [] : replicas.map((replica) => samePlace(replica, primaryId))),
  ])
  return [...refusals, ...found.flatMap((refusal) => refusal ?? [])]
}

/** @throws {Refusal} LIMIT_UNREADABLE when a deployment that minds its replicas is taken up without them. */
export function requireReplicas(request: EngineRequest, replicas: readonly Target[]): void {
  for (const refusal of missingReplicas(request, replicas)) throw refusal
}

function missingReplicas(
  { limits }: EngineRequest,
  replicas: readonly Target[],
): readonly Refusal[] {
  if (limits.replicaLagMs === null || replicas.length > 0) return []
  return [
    new Refusal('LIMIT_UNREADABLE', 'The replica lag has a limit, but no replica is named.', {
      next: 'Name every replica whose lag matters, or leave the limit away.',
    }),
  ]
}

async function refusalOf(signal: Signal): Promise<Refusal | null> {
  try {
    await using session = await signal.open()
    await signal.probe(session)
    return null
  } catch (cause) {
    const message = `The ${signal.name} cannot be read: ${reasonOf(cause)}.`
    return new Refusal('LIMIT_UNREADABLE', message, { next: signal.next, cause })
  }
}

/** The primary never lags behind itself: named as its own replica, it would hide every lag there is. */
async function samePlace(replica: Target, primaryId: string): Promise<Refusal | null> {
  try {
    await using session = await connect({ ...replica, schema: null })
    if ((await readServerId(session)) !== primaryId) return null
  } catch {
    // That it cannot be reached is told with the signal itself.
    return null
  }
  return new Refusal(
    'LIMIT_UNREADABLE',
    `The replica ${addressOf(replica)} has the server_id of the primary: it is the primary.`,
    { next: 'Name the replica itself, by an address that no proxy sends to the primary.' },
  )
}

/** A replica must have another than its primary, or the two would not replicate. */
async function readServerId(session: Session): Promise<string> {
  const row = await session.row(sql<{ id: string | number }>`SELECT @@server_id AS id`)
  return String(row?.id)
}
