import { typeOf } from '../column-type.ts'
import { listed, named, type Rule } from '../rule.ts'
import { shownValue } from '../values.ts'

export const duplicateEnumValue: Rule = {
  id: 'duplicate-enum-value',
  level: 'error',
  about: 'table',
  summary: 'An ENUM or SET lists a value twice.',
  why: 'Only the first of the two can ever be stored. In strict mode, which is the default, the server refuses the definition (error 1291), so the table can neither be made nor changed.',
  fix: 'Remove the second one.',
  *check(table) {
    for (const column of table.columns) {
      const { values } = typeOf(column)
      const seen = new Set<string>()
      const twice = values.filter((value) => seen.size === seen.add(value).size)
      if (twice.length === 0) continue
      yield {
        column: column.name,
        message: `The column ${named(table.name, column.name)} lists ${listed(twice.map(shownValue))} more than once.`,
      }
    }
  },
}
