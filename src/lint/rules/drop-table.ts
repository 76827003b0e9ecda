import { named, type Rule } from '../rule.ts'

export const dropTable: Rule = {
  id: 'drop-table',
  level: 'warning',
  about: 'change',
  summary: 'A change drops a table.',
  why: 'Code that still uses it fails from that moment, reports and exports included. Crossfade does not delete the table at once but keeps it under another name, and for the length of the revert window it can come back.',
  fix: 'Deploy code that no longer uses the table first, and look whether anything still reads it. If it was renamed, see `rename-as-drop-add`.',
  *check(change) {
    if (change.kind !== 'drop') return
    yield { message: `The table ${named(change.from.name)} goes, with all its rows.` }
  },
}
