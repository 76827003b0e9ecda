import type { By } from '../deploy/request.ts'
import { code, count, dayAndTime, details, join, type Markdown, md, NOTHING } from './markdown.ts'

/** One line of the audit record. */
export type TimelineEntry = {
  readonly at: Date
  readonly by: By
  readonly action: string
  /** What else was recorded of it. */
  readonly detail: unknown
}

/** As many lines as are shown: the newest. */
const MOST_LINES = 50

/** What happened so far, folded away. */
export function renderTimeline(timeline: readonly TimelineEntry[]): Markdown {
  const known = timeline.filter(({ action }) => action in ACTION)
  if (known.length === 0) return NOTHING
  const lines = known.slice(-MOST_LINES).map((entry) => {
    const { at, by, action } = entry
    return md`- ${dayAndTime(at)} · ${ACTION[action] ?? NOTHING}${compared(entry)}${who(by)}`
  })
  return details(md`Timeline`, join(lines, md`\n`))
}

/** What the comparison before the gate came to: it stays to be seen when all is over. */
function compared({ action, detail }: TimelineEntry): Markdown {
  if (action !== 'in_sync' || typeof detail !== 'object' || detail === null) return NOTHING
  const rows = 'verifiedRows' in detail ? detail.verifiedRows : null
  return typeof rows === 'number' ? md`: ${count(rows)} rows compared, 0 differences` : NOTHING
}

function who({ actor, via }: By): Markdown {
  return via === 'engine' || via === 'bot' ? NOTHING : md` · ${code(actor)} by ${VIA[via]}`
}

const VIA = {
  comment: md`comment`,
  button: md`button`,
  merge: md`merging`,
  close: md`closing`,
  api: md`API`,
  action: md`push`,
} as const satisfies Record<Exclude<By['via'], 'engine' | 'bot'>, Markdown>

/** The actions that readers want to see; the others are for the audit alone. */
const ACTION: Readonly<Record<string, Markdown>> = {
  opened: md`opened`,
  reopened: md`opened again`,
  head_moved: md`new commits`,
  checked: md`checked`,
  accepted: md`finding of lint accepted`,
  enqueued: md`queued`,
  started: md`started`,
  in_sync: md`in sync`,
  auto_cutover_set: md`auto-apply changed`,
  cutover_requested: md`cutover asked for`,
  cutover_blocked: md`cutover given up: the tables could not be locked`,
  swapped: md`tables swapped`,
  revert_requested: md`revert asked for`,
  reverted: md`reverted`,
  revert_failed: md`revert failed`,
  revert_impossible: md`can no longer be reverted`,
  skip_revert_requested: md`end of the revert window asked for`,
  revert_window_closed: md`revert window closed`,
  cancel_requested: md`cancel asked for`,
  cancelled: md`cancelled`,
  failed: md`failed`,
  retried: md`queued again`,
  closed: md`closed`,
}
