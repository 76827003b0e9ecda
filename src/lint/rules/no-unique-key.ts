import type { Key, Table } from '../../schema/table.ts'
import { typeOf } from '../column-type.ts'
import { findColumn, isUnique } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const noUniqueKey: Rule = {
  id: 'no-unique-key',
  level: 'warning',
  about: 'table',
  summary: 'A table has no unique key that tells every row from every other one.',
  why: 'A change of the table is made on a copy that follows the live table row by row, and for that each row needs a key that is never NULL, never cut off and of a type that compares exactly. Without one Crossfade refuses to change the table later (`NO_UNIQUE_KEY`), and replicas search the whole table for each changed row.',
  fix: 'Give the table a primary key, such as `id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY`.',
  *check(table) {
    if (table.keys.some((key) => isUnique(key) && serves(key, table))) return
    yield {
      message: `The table ${named(table.name)} has no primary or unique key over NOT NULL columns by which Crossfade could follow its rows.`,
    }
  },
}

/** Types whose values compare exactly, as the engine needs it (docs/operations.md). */
const EXACT =
  /^(?:(?:tiny|small|medium|big)?int|decimal|bit|date|datetime|timestamp|time|year|(?:var)?(?:char|binary)|enum|set)$/

function serves({ parts }: Key, table: Table): boolean {
  return parts.every((part) => {
    if (part.kind === 'expression' || part.length !== null) return false
    const column = findColumn(table, part.column)
    return column !== null && !column.nullable && EXACT.test(typeOf(column).name)
  })
}
