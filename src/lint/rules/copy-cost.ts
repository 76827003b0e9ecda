import { tableOf } from '../../schema/diff/diff.ts'
import { isProbablyInstant } from '../instant-clause.ts'
import { named, type Rule } from '../rule.ts'

export const copyCost: Rule = {
  id: 'copy-cost',
  level: 'info',
  about: 'change',
  summary: 'A change needs a second copy of the table.',
  why: 'All rows are written once more beside the live table, which takes time, disk for a second copy, and as much binlog; the application goes on meanwhile. What it costs depends on the size of the table, which the schema does not tell.',
  fix: 'Look at the size of the table and the free disk first, and put several changes of one table into one deploy request.',
  *check(change) {
    if (change.kind !== 'alter' || isProbablyInstant(change)) return
    yield {
      message: `The change of ${named(tableOf(change))} copies all its rows, which takes time and about as much disk again.`,
    }
  },
}
