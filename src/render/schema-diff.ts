import type { PlannedOperation } from '../deploy/plan.ts'
import { COMMENT_LIMIT } from './budget.ts'
import { details, fence, type Markdown, md, NOTHING } from './markdown.ts'

/** As many lines as are shown unfolded. */
const OPEN_LINES = 60

/** Stands for a schema diff that does not fit. */
export const DIFF_TOO_LONG = md`The schema diff is too long to be shown here.`

/** The schema diff, one hunk per table and view; folded away when it is long. */
export function renderSchemaDiff(operations: readonly PlannedOperation[]): Markdown {
  const diff = operations
    .filter((operation) => operation.diff !== '')
    .map((operation) => `${TITLE[operation.kind]} ${operation.table}\n${operation.diff.trimEnd()}`)
    .join('\n')
  if (diff === '') return NOTHING
  if (diff.length > COMMENT_LIMIT) return DIFF_TOO_LONG
  const block = fence('diff', diff)
  const lines = diff.split('\n').length
  if (lines <= OPEN_LINES) return md`**Schema diff**\n\n${block}`
  return details(md`Schema diff, ${lines} lines`, block)
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
