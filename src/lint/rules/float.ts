import { typeOf } from '../column-type.ts'
import { named, type Rule } from '../rule.ts'

export const float: Rule = {
  id: 'float',
  level: 'info',
  about: 'table',
  summary: 'A column holds numbers only approximately (FLOAT or DOUBLE).',
  why: 'Such a column does not hold 0.1 but a number near it, so sums of prices drift by cents and `WHERE price = 0.1` may find nothing. For measured values it is right.',
  fix: 'Use `DECIMAL(12, 2)` for money and everything that is counted exactly.',
  *check(table) {
    for (const column of table.columns) {
      const { name } = typeOf(column)
      if (name !== 'float' && name !== 'double') continue
      yield {
        column: column.name,
        message: `${named(table.name, column.name)} is a ${name.toUpperCase()}, which holds numbers only approximately.`,
      }
    }
  },
}
