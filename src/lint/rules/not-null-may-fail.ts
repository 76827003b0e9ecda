import { clausesOf } from '../clauses.ts'
import { lookFirst } from '../look-first.ts'
import { named, type Rule } from '../rule.ts'

export const notNullMayFail: Rule = {
  id: 'not-null-may-fail',
  level: 'warning',
  about: 'change',
  summary: 'A column that could be NULL becomes NOT NULL.',
  why: 'If a row has NULL there, the deployment stops before the change is live; nothing is lost but the time of the copy. From the change on, an INSERT or UPDATE that writes NULL fails.',
  fix: 'Count first: `SELECT COUNT(*) FROM orders WHERE note IS NULL`. Fill these rows, and deploy code that writes no NULL before this change.',
  *check(change) {
    for (const { from, to } of clausesOf(change, 'modify_column')) {
      if (!from.nullable || to.nullable || to.generated !== null || change.kind !== 'alter')
        continue
      const table = change.to.name
      const look = lookFirst(
        [table, from.name],
        `SELECT COUNT(*) FROM ${table} WHERE ${from.name} IS NULL`,
      )
      yield {
        ...(look && { fix: `${look} Fill these rows, and deploy code that writes no NULL first.` }),
        column: to.name,
        message: `${named(table, to.name)} becomes NOT NULL; a row that has NULL there stops the deployment.`,
      }
    }
  },
}
