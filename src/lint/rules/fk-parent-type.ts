import type { Column } from '../../schema/table.ts'
import { integerBytes, typeOf } from '../column-type.ts'
import { findColumn } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'
import { findTable } from '../tables.ts'

export const fkParentType: Rule = {
  id: 'fk-parent-type',
  level: 'error',
  about: 'table',
  summary: 'A foreign key ties an integer to a column of another type, size or sign.',
  why: 'Both columns must have the same type, or the server refuses the foreign key (error 3780) as soon as both tables are there. An INT cannot hold every value of a BIGINT either.',
  fix: 'Give the referring column exactly the type of the column it refers to.',
  *check(table, { wanted }) {
    for (const foreignKey of table.foreignKeys) {
      const parent = foreignKey.parentSchema === null ? findTable(wanted, foreignKey.parent) : null
      for (const [at, name] of foreignKey.columns.entries()) {
        const own = findColumn(table, name)
        const theirs = parent && findColumn(parent, foreignKey.parentColumns[at] ?? '')
        if (!own || !theirs || !differ(own, theirs)) continue
        yield {
          key: foreignKey.name,
          column: own.name,
          message: `${named(table.name, own.name)} is ${words(own)}, but ${named(parent.name, theirs.name)}, to which it refers, is ${words(theirs)}.`,
        }
      }
    }
  },
}

const OTHER = /char$|binary$|text$|blob$|^decimal$|^date$|^datetime$|^timestamp$/

function differ(one: Column, other: Column): boolean {
  const [a, b] = [typeOf(one), typeOf(other)]
  const integers = [a, b].filter((type) => integerBytes(type) !== null)
  if (integers.length === 2) return a.name !== b.name || a.unsigned !== b.unsigned
  // InnoDB keeps an ENUM or YEAR as an integer too, so only what is surely something else counts.
  return integers.length === 1 && [a, b].some(({ name }) => OTHER.test(name))
}

function words(column: Column): string {
  const { name, unsigned } = typeOf(column)
  return `${name.toUpperCase()}${unsigned ? ' UNSIGNED' : ''}`
}
