import { tableOf } from '../../schema/diff/diff.ts'
import { isProbablyInstant } from '../instant-clause.ts'
import { named, type Rule } from '../rule.ts'

export const instantPossible: Rule = {
  id: 'instant-possible',
  level: 'info',
  about: 'change',
  summary: 'A change could probably be made at once, without copying rows.',
  why: 'New columns, new names of columns, other defaults and further values at the end of an ENUM are things that recent servers only note down. Whether yours does is decided by its version and the history of the table; Crossfade tries it on an empty copy first. An instant change cannot be reverted.',
  fix: 'Deploy with `/deploy method=instant` if you need no way back.',
  *check(change) {
    if (!isProbablyInstant(change)) return
    yield {
      message: `The change of ${named(tableOf(change))} could probably be made at once, without a copy.`,
    }
  },
}
