import { type Column, primaryKeyOf } from '../../schema/table.ts'
import { typeOf } from '../column-type.ts'
import { columnsOf, findColumn } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const pkType: Rule = {
  id: 'pk-type',
  level: 'info',
  about: 'table',
  summary:
    'The primary key begins with a type that costs more than it must: a text, a UUID, or INT UNSIGNED with AUTO_INCREMENT.',
  why: 'InnoDB keeps the rows in the order of the primary key, and puts that key into every other index. Random values such as UUIDs make each insert touch another page, and texts make all indexes larger. A number that counts up in 4 bytes ends at 4,294,967,295, and changing a primary key late, with all that refers to it, is much work.',
  fix: 'Use `BIGINT UNSIGNED AUTO_INCREMENT`, and keep a UUID in a column with a unique index; or use UUIDs that begin with the time, in `BINARY(16)`.',
  *check(table) {
    const primary = primaryKeyOf(table)
    const [first, ...more] = primary ? columnsOf(primary) : []
    const column = first === undefined ? null : findColumn(table, first)
    // Tables that tie others together have keys of several columns, whose types are given.
    if (!primary || !column || more.length > 0) return
    const fault = faultOf(column)
    if (!fault) return
    yield {
      ...(column.autoIncrement && {
        fix: 'Use `BIGINT UNSIGNED AUTO_INCREMENT`, best before the table is large.',
      }),
      key: primary.name,
      column: column.name,
      message: `The primary key of ${named(table.name)} is ${named(column.name)}, ${fault}.`,
    }
  },
}

function faultOf(column: Column): string | null {
  const { name, numbers, unsigned } = typeOf(column)
  if (name === 'int' && unsigned && column.autoIncrement) {
    return 'an INT UNSIGNED: enough for 4,294,967,295 rows, those that were deleted or failed included'
  }
  if (name === 'uuid') return 'a UUID, whose values come in no order'
  const length = numbers[0] ?? 1
  if (/^(?:var)?char$/.test(name) && (length === 32 || length === 36)) {
    return `a text of ${length} characters, which looks like a UUID in its longest form`
  }
  return name === 'varchar' && length > 64 ? `a text of up to ${length} characters` : null
}
