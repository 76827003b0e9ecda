import { columnCollation } from '../collation.ts'
import { listed, named, type Rule } from '../rule.ts'

export const mixedCollations: Rule = {
  id: 'mixed-collations',
  level: 'warning',
  about: 'table',
  summary: 'The texts of one table are compared by different rules.',
  why: 'A collation says which texts are equal and how they are sorted. Two columns with different ones cannot be compared without saying which counts (“Illegal mix of collations”), and sort differently. It mostly comes from tables that were made in different years. Binary collations (`…_bin`) are not counted, because they are chosen on purpose.',
  fix: 'Give all text columns the collation of the table.',
  *check(table) {
    const found = new Map<string, string>()
    for (const column of table.columns) {
      const own = columnCollation(column, table)
      if (!own || own.charset === 'ascii' || /_bin$|^binary$/.test(own.name)) continue
      if (!found.has(own.name)) found.set(own.name, column.name)
    }
    if (found.size < 2) return
    const examples = [...found].map(([name, column]) => `${name} (${named(column)})`)
    const odd = [...found.values()].at(-1)
    yield {
      ...(odd === undefined ? {} : { column: odd }),
      message: `The table ${named(table.name)} mixes ${found.size} collations: ${listed(examples)}. Comparing texts of different ones is slow or refused.`,
    }
  },
}
