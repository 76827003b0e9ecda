import type { Table } from '../../schema/table.ts'
import { columnCollation } from '../collation.ts'
import { findColumn } from '../key-parts.ts'
import { named, type Problem, type Rule } from '../rule.ts'
import { findTable } from '../tables.ts'

export const collationMismatch: Rule = {
  id: 'collation-mismatch',
  level: 'warning',
  about: 'table',
  summary: 'A foreign key ties texts that are compared by different rules.',
  why: 'Where the two columns have different character sets or collations, a join has to convert one of them. It cannot use its index then and reads the whole table, and the server refuses such a foreign key when it is made in the usual order.',
  fix: 'Give both columns the same character set and collation.',
  *check(table, { wanted }) {
    for (const foreignKey of table.foreignKeys) {
      const parent = foreignKey.parentSchema === null ? findTable(wanted, foreignKey.parent) : null
      if (!parent) continue
      for (const [at, name] of foreignKey.columns.entries()) {
        const pair = { table, name, parent, parentName: foreignKey.parentColumns[at] ?? '' }
        yield* compare(pair, foreignKey.name)
      }
    }
  },
}

type Pair = {
  readonly table: Table
  readonly name: string
  readonly parent: Table
  readonly parentName: string
}

function* compare({ table, name, parent, parentName }: Pair, key: string): Generator<Problem> {
  const [own, theirs] = [findColumn(table, name), findColumn(parent, parentName)]
  const mine = own && columnCollation(own, table)
  const other = theirs && columnCollation(theirs, parent)
  if (!own || !theirs || !mine || !other || mine.name === other.name) return
  yield {
    column: own.name,
    key,
    message: `${named(table.name, own.name)} (${mine.name}) refers to ${named(parent.name, theirs.name)} (${other.name}), which has another collation: a join of the two is slow or refused.`,
  }
}
