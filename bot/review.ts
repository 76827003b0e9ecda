import type { Review } from '../src/deploy/review.ts'
import type { Submission } from '../src/deploy/submission.ts'
import { lintChange, suppress } from '../src/lint/lint.ts'
import type { Levels } from '../src/lint/rules.ts'
import { diagramOf } from '../src/render/diagram.ts'
import type { Renames } from '../src/schema/renames.ts'
import type { Schema } from '../src/schema/table.ts'

/**
 * What is said of the way from the live schema to the wanted one. The bot looks for itself, at what it would deploy
 * and with the levels of the default branch: a pull request can change what the Action says of it.
 */
export function reviewOf(
  {
    live,
    wanted,
    renames,
  }: Readonly<Record<'live' | 'wanted', Schema>> & { readonly renames: Renames },
  {
    levels,
    suppressions,
  }: { readonly levels: Levels } & Readonly<Pick<Submission, 'suppressions'>>,
): Omit<Review, 'acceptances'> {
  const found = lintChange(
    { schema: live, sources: [] },
    { schema: wanted, sources: [], renames },
    levels,
  )
  return { lint: suppress(found, suppressions), diagram: diagramOf(live, wanted, renames) }
}
