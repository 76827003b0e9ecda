import { clausesOf } from '../clauses.ts'
import { findColumn } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const dropColumn: Rule = {
  id: 'drop-column',
  level: 'warning',
  about: 'change',
  summary: 'A change drops a column.',
  why: 'Its values are gone once the revert window has ended. Code that still names the column fails as soon as the change is live; frameworks that read the list of columns at their start name it until they are started again.',
  fix: 'Deploy code that no longer uses the column first, and then this change.',
  *check(change) {
    if (change.kind !== 'alter') return
    for (const { column } of clausesOf(change, 'drop_column')) {
      // One that is dropped and added again in another form: generated-column-change tells that.
      if (column.generated !== null || findColumn(change.to, column.name)) continue
      yield {
        column: column.name,
        message: `The column ${named(change.to.name, column.name)} goes, with all its values.`,
      }
    }
  },
}
