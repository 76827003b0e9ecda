import { named, type Rule } from '../rule.ts'
import { changedValues, isReordered } from '../value-list.ts'

export const enumReorder: Rule = {
  id: 'enum-reorder',
  level: 'warning',
  about: 'change',
  summary: 'Values of an ENUM get another place in its list.',
  why: 'An ENUM is stored as the place of the value in the list. `ORDER BY` and comparisons go by that place, so rows are sorted differently afterwards, and code that uses the number means another value. A value added at the end changes none of that, and needs no copy.',
  fix: 'Put new values at the end of the list.',
  *check(change) {
    for (const { table, column, before, after } of changedValues(change, 'enum')) {
      if (!isReordered(before, after)) continue
      yield {
        column,
        message: `Values of the ENUM ${named(table, column)} get another place in its list, so they sort differently and have other numbers.`,
      }
    }
  },
}
