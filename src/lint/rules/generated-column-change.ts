import { findColumn } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const generatedColumnChange: Rule = {
  id: 'generated-column-change',
  level: 'warning',
  about: 'change',
  summary: 'A column becomes computed, or ceases to be.',
  why: 'When a column becomes computed, the values that it has now are replaced by what the expression gives, and every write that names the column fails. When it ceases to be, nobody fills it any more but the application.',
  fix: 'Add a new column instead, and let the code go over to it. If it is meant, deploy code that no longer writes the column first.',
  *check(change) {
    if (change.kind !== 'alter') return
    for (const column of change.to.columns) {
      const before = findColumn(change.from, column.name)
      if (!before || (before.generated === null) === (column.generated === null)) continue
      yield {
        column: column.name,
        message:
          column.generated === null
            ? `${named(change.to.name, column.name)} ceases to be computed.`
            : `${named(change.to.name, column.name)} becomes computed; the values it has now are replaced.`,
      }
    }
  },
}
