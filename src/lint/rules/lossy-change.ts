import type { Column } from '../../schema/table.ts'
import { clausesOf } from '../clauses.ts'
import { integerRange, textBytes, typeOf } from '../column-type.ts'
import { lookFirst } from '../look-first.ts'
import { lossOf } from '../loss.ts'
import { named, type Rule } from '../rule.ts'

export const lossyChange: Rule = {
  id: 'lossy-change',
  level: 'warning',
  about: 'change',
  summary: 'A column gets a type that cannot hold every value of the old one.',
  why: 'If a row has such a value, the deployment stops before the change is live and nothing is lost, but after the time of the copy. From the change on the application gets an error when it writes one.',
  fix: 'Look whether any row has such a value, and make sure that nobody writes new ones.',
  *check(change) {
    if (change.kind !== 'alter') return
    for (const { from, to } of clausesOf(change, 'modify_column')) {
      if (from.generated !== null || to.generated !== null) continue
      const loss = lossOf({ column: from, table: change.from }, { column: to, table: change.to })
      if (loss === null) continue
      const look = queryFor(change.to.name, from)
      yield {
        ...(look && { fix: `${look} Make sure that nobody writes such values any more.` }),
        column: to.name,
        message: `The new type of ${named(change.to.name, to.name)} cannot hold ${loss}.`,
      }
    }
  },
}

/** The greatest number or the longest text tells whether any row is in the way; of other types no short query does. */
function queryFor(table: string, column: Column): string | undefined {
  const { name } = column
  const type = typeOf(column)
  const isNumber = integerRange(type) !== null || type.name === 'decimal'
  const isText = /char$/.test(type.name) || textBytes(type) !== null
  if (!isNumber && !isText) return undefined
  const what = isNumber ? `MIN(${name}), MAX(${name})` : `MAX(CHAR_LENGTH(${name}))`
  return lookFirst([table, name], `SELECT ${what} FROM ${table}`)
}
