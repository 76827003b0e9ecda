import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { ENGINE_SCHEMA } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import type { Signal } from './signal.ts'

/**
 * How long a commit of one small row takes now. The row is a heartbeat like those of the follower, which also removes
 * it; half a millisecond after a whole one, where no number of the follower's is.
 */
export function commitLatency(
  open: () => Promise<Session>,
  { id, limit, clock }: { readonly id: string; readonly limit: number; readonly clock: Clock },
): Signal {
  const read = async (session: Session) => {
    const startMs = clock.now().getTime()
    await session.run(sql`INSERT INTO ${sql.id(ENGINE_SCHEMA, 'barrier')} (deployment_id, number)
      VALUES (${id}, ${BigInt(startMs) * 1_000n + 500n})`)
    return clock.now().getTime() - startMs
  }
  return {
    name: 'commit latency',
    limit,
    unit: 'milliseconds',
    everyMs: 500,
    open,
    read,
    // The table is made by the first deployment; that its rows may be written is checked with it.
    probe: () => Promise.resolve(),
    next: 'Check that the server answers.',
  }
}
