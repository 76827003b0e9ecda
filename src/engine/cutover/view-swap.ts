import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { Refusal } from '../../errors.ts'
import type { Session } from '../../mysql/session.ts'
import { parseView } from '../../schema/view/view.ts'
import { type Checkpoint, findCheckpoint, saveViewsChanged } from '../checkpoint.ts'
import type { NewEvent } from '../lifecycle.ts'
import type { ViewOperation } from '../port.ts'
import { keepTrying } from './tries.ts'
import { changeViews, planOfViews, type ViewDirection } from './view-change.ts'

export type ViewSwapContext = {
  readonly clock: Clock
  readonly open: () => Promise<Session>
  readonly emit: (event: NewEvent) => void
  readonly isForced: () => boolean
  /** Asked before each try: somebody wants the former tables, and with them the former views. */
  readonly isGivenUp: () => boolean
  readonly signal: AbortSignal
}

/** Whoever waits for a view holds up those who come after. */
const LOCK_WAIT_SECONDS = 2

/**
 * Changes the views after the tables were swapped, and tries again without end: the tables are what the views are to be made
 * for, and stay so.
 *
 * Why no death leaves a view behind (invariant VIEW-1 in docs/invariants.md):
 * 1. That the tables are swapped is in the server's dictionary, and in the checkpoint; that the views are changed only in
 *    the checkpoint, written after the last statement.
 * 2. Whoever finds the first without the second makes every change again; each can be made twice.
 * 3. A revert ends only after the former views were made again, in the same way.
 */
export async function swapViews(
  checkpoint: Checkpoint,
  direction: ViewDirection,
  { clock, open, emit, isForced, isGivenUp, signal }: ViewSwapContext,
): Promise<void> {
  const plan = planOfViews(checkpoint)
  const { id, schema, views } = plan
  if (views.length === 0) return
  await using session = await open()
  const own = new Set([session.threadId])
  await session.run(sql`SET SESSION lock_wait_timeout = ${sql.lit(LOCK_WAIT_SECONDS)}`)
  const changed = await keepTrying(
    {
      schema,
      tables: [...new Set(views.flatMap(namesOf))],
      clock,
      open,
      own: () => own,
      isForced,
      endless: true,
      onRetry: ({ reason, ...retry }) =>
        emit({ event: 'cutover_retry', ...retry, reason: `${BEHIND[direction]}: ${reason}` }),
      signal,
    },
    {
      prepare: async () => undefined,
      attempt: async () => {
        if (isGivenUp()) return false
        await changeViews(session, plan, direction)
        return true
      },
      excuse: (error) => (error instanceof Refusal ? sentencesOf(error) : null),
      giveWay: () => undefined,
    },
  )
  if (changed && direction === 'forward') await saveViewsChanged(session, id)
}

/**
 * Changes the views that are not changed yet, before a deployment ends: those that belong to the tables that are live,
 * whatever else has failed.
 */
export async function settleViews(
  session: Session,
  checkpoint: Checkpoint,
  outcome: 'complete' | 'reverted',
  context: Omit<ViewSwapContext, 'isGivenUp'>,
): Promise<void> {
  if (checkpoint.request.views.length === 0) return
  const found = (await findCheckpoint(session, checkpoint.id)) ?? checkpoint
  if (outcome === 'complete' && found.viewsChanged) return
  const direction = outcome === 'complete' ? 'forward' : 'back'
  await swapViews(found, direction, { ...context, isGivenUp: () => false })
}

/** The view itself, and what it reads. */
function namesOf({ name, before, after }: ViewOperation): readonly string[] {
  const texts = [before, after].filter((text) => text !== null)
  return [name, ...texts.flatMap((text) => parseView(text).uses)]
}

/** What has happened when a view cannot be changed yet. */
const BEHIND = {
  forward: 'the tables are swapped, the views are not changed yet',
  back: 'the tables are swapped back, the former views are not there yet',
} as const

function sentencesOf({ message, next }: Refusal): string {
  return `${message} ${next}`.replace(/\.$/, '')
}
