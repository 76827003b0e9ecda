import type { Clock } from '../src/clock.ts'
import { visitQuarantine } from '../src/engine/quarantine.ts'
import { Refusal } from '../src/errors.ts'
import { connect, type Target } from '../src/mysql/connect.ts'
import type { Log } from './log.ts'

/** Tables wait for days: an hour more does not matter. */
const EVERY_MS = 3_600_000

type Options = {
  /** The production branches. */
  readonly targets: readonly Target[]
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Drops what deployments have left and whose time is over, at once and then every hour, until the signal is aborted.
 * A server that does not answer is tried again the next time, and holds up no other.
 */
export async function runJanitor({ targets, clock, log, signal }: Options): Promise<void> {
  while (!signal.aborted) {
    for (const target of targets) {
      if (signal.aborted) return
      await visit(target, { clock, log })
    }
    // The pause ends with the signal, and with it the loop.
    await clock.sleep(EVERY_MS, { signal }).catch(() => null)
  }
}

async function visit(target: Target, { clock, log }: Pick<Options, 'clock' | 'log'>) {
  const { schema } = target
  if (schema === null) return
  try {
    await using session = await connect(target)
    const { dropped, busy } = await visitQuarantine(session, schema, {
      clock,
      dropNow: null,
      dryRun: false,
    })
    for (const { table, bytes, deploymentId } of dropped) {
      log.info('dropped a table after its quarantine', { schema, table, bytes, deploymentId })
    }
    for (const { table } of busy) log.warn('a table in quarantine is in use', { schema, table })
  } catch (error) {
    if (error instanceof Refusal) log.warn('the janitor was refused', { schema, code: error.code })
    else log.error('the janitor could not go on', error, { schema })
  }
}
