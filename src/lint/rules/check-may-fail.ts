import { clausesOf } from '../clauses.ts'
import { named, type Rule } from '../rule.ts'

export const checkMayFail: Rule = {
  id: 'check-may-fail',
  level: 'warning',
  about: 'change',
  summary: 'A table that has rows gets a new CHECK.',
  why: 'If a row does not pass it, the deployment stops before the change is live; nothing is lost but the time of the copy. From the change on, such a write fails.',
  fix: 'Look first: `SELECT COUNT(*) FROM orders WHERE NOT (total >= 0)`.',
  *check(change) {
    if (change.kind !== 'alter') return
    for (const { check } of clausesOf(change, 'add_check')) {
      const isRenamed = change.from.checks.some((old) => ruleIn(old) === ruleIn(check))
      if (isRenamed || /NOT ENFORCED/i.test(check.definition)) continue
      yield {
        key: check.name,
        message: `The new CHECK ${named(check.name)} of ${named(change.to.name)} stops the deployment if a row does not pass it.`,
      }
    }
  },
}

/** From the parenthesis on, without the name. */
function ruleIn({ definition }: { readonly definition: string }): string {
  return definition.replace(/^CONSTRAINT `(?:[^`]|``)*` /, '')
}
