import { clausesOf } from '../clauses.ts'
import { defaultOf, typeOf } from '../column-type.ts'
import { named, type Rule } from '../rule.ts'

export const notNullNoDefault: Rule = {
  id: 'not-null-no-default',
  level: 'warning',
  about: 'change',
  summary: 'A new column is NOT NULL and has no default.',
  why: 'The code that runs now does not know the column, so from the moment the change is live each of its INSERTs is refused (“Field doesn’t have a default value”). The rows that exist get 0 or an empty text.',
  fix: 'Give the column a default, or let it be NULL until the new code is everywhere.',
  *check(change) {
    if (change.kind !== 'alter') return
    for (const { column } of clausesOf(change, 'add_column')) {
      const { name, nullable, generated, autoIncrement } = column
      if (nullable || generated !== null || autoIncrement || defaultOf(column)) continue
      // MariaDB fills the period columns of a system-versioned table itself, and both servers SERIAL ones.
      if (typeOf(column).name === '') continue
      yield {
        column: name,
        message: `The new column ${named(change.to.name, name)} is NOT NULL without a default, so every INSERT that does not name it fails.`,
      }
    }
  },
}
