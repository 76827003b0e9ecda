import { type DeploymentProgress, percentCopied } from '../deploy/progress.ts'
import { unreachable } from '../errors.ts'
import { count, duration, type Markdown, md, NOTHING, shorten, text, time } from './markdown.ts'

/**
 * One line: bar, percentage, rows, rate, end. The numbers say all that the bar says, for screen readers and
 * for mail. `at` is when the engine said so; the end is told as a time of day, so that it stays true.
 */
export function renderProgress(progress: DeploymentProgress, at: Date): Markdown {
  const { phase, rowsCopied, lagMs } = progress
  const lag = md`${renderLag(lagMs)} behind`
  switch (phase) {
    case 'starting':
      return md`${bar(0)} building the shadow tables`
    case 'copying':
      return renderCopy(progress, at)
    case 'catching_up':
      return md`${bar(100)} ${count(rowsCopied)} rows copied · catching up, ${lag}`
    case 'verifying':
      return md`${bar(100)} ${count(rowsCopied)} rows copied · comparing both tables`
    case 'in_sync':
      return md`${bar(100)} ${count(rowsCopied)} rows in sync · ${lag}${renderVerified(progress)}`
    case 'cutting_over':
      return md`${bar(100)} ${count(rowsCopied)} rows in sync · swapping the tables${renderHeldUp(progress)}`
    case 'revert_window':
      return md`The old tables are kept in sync · ${lag}${renderVerified(progress)}${renderHeldUp(progress)}`
    case 'reverting':
      return md`Swapping the old tables back${renderHeldUp(progress)}`
    case 'finished':
      return NOTHING
    default:
      return unreachable(phase)
  }
}

function renderCopy(progress: DeploymentProgress, at: Date): Markdown {
  const { rowsCopied, rowsEstimated, rowsPerSecond } = progress
  const percent = percentCopied(progress)
  const total = Math.max(rowsCopied, rowsEstimated)
  return md`${bar(percent)} ${percent} % · ${count(rowsCopied)} of ${count(total)} rows · ${count(rowsPerSecond)} rows/s · ${renderEnd(progress, at)}`
}

/** Several signals can hold the copy up at once; the comment has room for a few. */
const LONGEST_REASON = 300

function renderEnd({ etaSeconds, throttledBy }: DeploymentProgress, at: Date): Markdown {
  if (throttledBy !== null) return md`held up by ${text(shorten(throttledBy, LONGEST_REASON))}`
  if (etaSeconds === null) return md`estimating`
  return md`ETA ${time(new Date(at.getTime() + etaSeconds * 1000))} UTC`
}

/** After the copy it is a swap that is held up, or the change of views: by whom, and with which statement. */
function renderHeldUp({ throttledBy }: DeploymentProgress): Markdown {
  return throttledBy === null ? NOTHING : md` · ${text(shorten(throttledBy, LONGEST_REASON))}`
}

/** What the last comparison of all rows came to; drift is no progress but an end. */
function renderVerified({ verified }: DeploymentProgress): Markdown {
  if (!verified) return NOTHING
  const { at, rows, lagging } = verified
  const lagged = lagging === 0 ? NOTHING : md`, ${count(lagging)} had lagged`
  return md` · ${count(rows)} rows compared at ${time(new Date(at))} UTC, 0 differences${lagged}`
}

function renderLag(lagMs: number): Markdown {
  return lagMs < 10_000 ? md`${Math.round(lagMs / 100) / 10} s` : duration(lagMs / 1000)
}

function bar(percent: number): Markdown {
  const filled = Math.floor(percent / 10)
  return text('🟦'.repeat(filled) + '⬜'.repeat(10 - filled))
}
