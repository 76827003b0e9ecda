import { integerBytes, integerRange, typeOf } from '../column-type.ts'
import { named, type Rule } from '../rule.ts'

export const autoIncHeadroom: Rule = {
  id: 'auto-inc-headroom',
  level: 'warning',
  about: 'table',
  summary: 'An AUTO_INCREMENT column has a type that ends before INT UNSIGNED does.',
  why: 'When the numbers are used up, every INSERT fails. Numbers are used up faster than rows are counted: failed inserts, `INSERT IGNORE`, deleted rows and replicas that skip numbers take theirs too. How far the counter is now only the database knows.',
  fix: 'Use `BIGINT UNSIGNED`. AUTO_INCREMENT never needs negative numbers.',
  *check(table) {
    for (const column of table.columns.filter(({ autoIncrement }) => autoIncrement)) {
      const type = typeOf(column)
      const [, greatest] = integerRange(type) ?? []
      if (greatest === undefined || (integerBytes(type) ?? 0) > 4) continue
      if (greatest >= INT_UNSIGNED) continue
      yield {
        column: column.name,
        message: `${named(table.name, column.name)} counts up to ${greatest.toLocaleString('en')}, then every INSERT fails.`,
      }
    }
  },
}

const INT_UNSIGNED = 2n ** 32n - 1n
