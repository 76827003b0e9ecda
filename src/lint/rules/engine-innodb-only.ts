import { printable } from '../../schema/place.ts'
import { named, type Rule } from '../rule.ts'

export const engineInnodbOnly: Rule = {
  id: 'engine-innodb-only',
  level: 'error',
  about: 'table',
  summary: 'A table has another storage engine than InnoDB.',
  why: 'MyISAM, MEMORY and the like know no transactions: a crash can lose or damage rows, and a deployment could not be sure to copy every one. Crossfade refuses such tables (`TABLE_UNSUPPORTED`).',
  fix: 'Write `ENGINE=InnoDB`. Convert a table that exists with `ALTER TABLE … ENGINE=InnoDB` in a quiet hour.',
  *check(table) {
    const engine = table.options.find(({ name }) => name === 'ENGINE')?.value
    if (engine === undefined || engine.toLowerCase() === 'innodb') return
    yield { message: `The table ${named(table.name)} has the engine ${printable(engine)}.` }
  },
}
