import { named, type Rule } from '../rule.ts'
import { changedValues, isReordered } from '../value-list.ts'

export const setReorder: Rule = {
  id: 'set-reorder',
  level: 'warning',
  about: 'change',
  summary: 'Values of a SET get another place in its list.',
  why: 'A SET is stored as bits in the order of the list. `ORDER BY` and code that uses the number go by that, so both mean something else afterwards. A value added at the end changes none of that.',
  fix: 'Put new values at the end of the list.',
  *check(change) {
    for (const { table, column, before, after } of changedValues(change, 'set')) {
      if (!isReordered(before, after)) continue
      yield {
        column,
        message: `Values of the SET ${named(table, column)} get another place in its list, so they sort differently and have other numbers.`,
      }
    }
  },
}
