import { listed, named, type Rule } from '../rule.ts'
import { changedValues, missingFrom } from '../value-list.ts'
import { shownValue } from '../values.ts'

export const setRemove: Rule = {
  id: 'set-remove',
  level: 'warning',
  about: 'change',
  summary: 'A value is taken out of a SET.',
  why: 'If a row has the value, the deployment stops before the change is live; nothing is lost but the time of the copy. From the change on, writing it fails.',
  fix: 'Deploy code that no longer writes the value, change the rows that have it, and then remove it.',
  *check(change) {
    for (const { table, column, before, after } of changedValues(change, 'set')) {
      const gone = missingFrom(after, before)
      if (gone.length === 0) continue
      yield {
        column,
        message: `The SET ${named(table, column)} loses ${listed(gone.map(shownValue))}; a row with such a value stops the deployment.`,
      }
    }
  },
}
