import { defaultOf, typeOf } from '../column-type.ts'
import { named, type Rule } from '../rule.ts'

export const zeroDate: Rule = {
  id: 'zero-date',
  level: 'warning',
  about: 'table',
  summary: 'The default of a column is a date that does not exist, such as 0000-00-00.',
  why: 'With the default settings of a server since MySQL 5.7 the definition is refused, and so is every INSERT that relies on it. Most programming languages cannot read such a date, or read it as another one.',
  fix: 'Let the column be NULL where there is no date, or use `DEFAULT CURRENT_TIMESTAMP`.',
  *check(table) {
    for (const column of table.columns) {
      const preset = DATES.has(typeOf(column).name) ? defaultOf(column) : null
      if (!preset?.isLiteral || !ZERO.test(preset.value)) continue
      yield {
        column: column.name,
        message: `The default of ${named(table.name, column.name)} is a date with a year, month or day of zero, which strict servers refuse.`,
      }
    }
  },
}

const DATES: ReadonlySet<string> = new Set(['date', 'datetime', 'timestamp'])
const ZERO = /^(?:0000-|\d{4}-00-|\d{4}-\d\d-00)/
