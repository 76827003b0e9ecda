import { clausesOf } from '../clauses.ts'
import { lossOf } from '../loss.ts'
import { named, type Rule } from '../rule.ts'

export const lossyChange: Rule = {
  id: 'lossy-change',
  level: 'warning',
  about: 'change',
  summary: 'A column gets a type that cannot hold every value of the old one.',
  why: 'If a row has such a value, the deployment stops before the change is live and nothing is lost, but after the time of the copy. From the change on the application gets an error when it writes one.',
  fix: 'Look for such values first, such as `SELECT MAX(CHAR_LENGTH(note)) FROM orders`, and make sure that nobody writes new ones.',
  *check(change) {
    if (change.kind !== 'alter') return
    for (const { from, to } of clausesOf(change, 'modify_column')) {
      if (from.generated !== null || to.generated !== null) continue
      const loss = lossOf({ column: from, table: change.from }, { column: to, table: change.to })
      if (loss === null) continue
      yield {
        column: to.name,
        message: `The new type of ${named(change.to.name, to.name)} cannot hold ${loss}.`,
      }
    }
  },
}
