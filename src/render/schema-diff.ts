import type { PlannedOperation } from '../deploy/plan.ts'
import { details, fence, type Markdown, md, NOTHING } from './markdown.ts'

/** As many lines as are shown unfolded. */
const OPEN_LINES = 60

/** Stands for a schema diff that does not fit. */
export const DIFF_TOO_LONG = md`The schema diff is too long to be shown here.`

/** As many characters as are shown, and where there is little room. */
const MOST = 30_000
export const SHORT_DIFF = 6_000

/** The schema diff, one hunk per table and view; folded away when it is long, and cut at a line. */
export function renderSchemaDiff(
  operations: readonly PlannedOperation[],
  most: number = MOST,
): Markdown {
  const diff = operations
    .filter((operation) => operation.diff !== '')
    .map((operation) => `${TITLE[operation.kind]} ${operation.table}\n${operation.diff.trimEnd()}`)
    .join('\n')
  if (diff === '') return NOTHING
  const lines = diff.split('\n').length
  const shown = firstLines(diff, most)
  if (shown === '') return DIFF_TOO_LONG
  const block = fence('diff', shown)
  if (lines <= OPEN_LINES) return md`**Schema diff**\n\n${block}`
  return details(md`Schema diff, ${lines} lines`, block)
}

/** As many whole lines as fit; the others are counted. */
function firstLines(text: string, most: number): string {
  if (text.length <= most) return text
  const end = text.lastIndexOf('\n', most)
  if (end === -1) return ''
  const left = text.slice(end + 1).split('\n').length
  return `${text.slice(0, end)}\n… and ${left} more lines, which crossfade diff --format diff shows`
}

/** A line that a diff colours as a place, not as a change. */
const TITLE = {
  create: '@@ new table',
  alter: '@@ table',
  drop: '@@ dropped table',
  create_view: '@@ new view',
  replace_view: '@@ view',
  drop_view: '@@ dropped view',
} as const satisfies Record<PlannedOperation['kind'], string>
