import { placeName } from '../place.ts'
import type { Skipped } from './history.ts'
import type { SkipReason } from './verdict.ts'

const ABOUT: Readonly<Record<SkipReason, string | null>> = {
  rows: 'about rows',
  program: 'about triggers, routines, events or sequences, which are not deployed,',
  account: 'about accounts and rights',
  temporary: 'about temporary tables',
  schema: 'about the schema itself, which the deployment chooses,',
  // Every dump has them, and nobody misses them.
  session: null,
}

/** What of migrations was not run, in sentences; nothing for what is of no interest. */
export function skippedNotes(skipped: readonly Skipped[]): string[] {
  return skipped.flatMap(({ reason, count, place }) => {
    const about = ABOUT[reason]
    if (about === null) return []
    return count === 1
      ? `${placeName(place)}: a statement ${about} was not run.`
      : `${placeName(place)}: this and ${count - 1} more statements ${about} were not run.`
  })
}
