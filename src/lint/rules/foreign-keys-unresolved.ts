import type { ForeignKey, Table } from '../../schema/table.ts'
import { columnsOf, findColumn } from '../key-parts.ts'
import { listed, named, type Rule } from '../rule.ts'
import { findTable } from '../tables.ts'

export const foreignKeysUnresolved: Rule = {
  id: 'foreign-keys-unresolved',
  level: 'error',
  about: 'table',
  summary: 'A foreign key refers to columns that are not there or that no index begins with.',
  why: 'The server looks every reference up in the other table, by an index that begins with the columns referred to. Without these columns or that index it refuses the foreign key or the next write.',
  fix: 'Refer to the primary key of the other table, or give the columns an index there.',
  *check(table, { wanted }) {
    for (const foreignKey of table.foreignKeys) {
      const parent = foreignKey.parentSchema === null ? findTable(wanted, foreignKey.parent) : null
      const fault = parent && faultOf(foreignKey, parent)
      if (!fault) continue
      const [column] = foreignKey.columns
      yield {
        key: foreignKey.name,
        ...(column === undefined ? {} : { column }),
        message: `The foreign key ${named(foreignKey.name)} of ${named(table.name)} ${fault}.`,
      }
    }
  },
}

function faultOf({ parentColumns }: ForeignKey, parent: Table): string | null {
  const missing = parentColumns.filter((name) => !findColumn(parent, name))
  if (missing.length > 0) {
    return `refers to ${listed(missing.map((name) => named(parent.name, name)))}, which does not exist`
  }
  const wanted = new Set(parentColumns.map((name) => name.toLowerCase()))
  // In any order: InnoDB finds the index by its set of first columns.
  const isIndexed = parent.keys.some((key) =>
    isSubset(
      wanted,
      columnsOf(key)
        .slice(0, wanted.size)
        .map((name) => name.toLowerCase()),
    ),
  )
  if (isIndexed) return null
  return `refers to ${listed(parentColumns.map((name) => named(parent.name, name)))}, and no index there begins with that`
}

function isSubset(names: ReadonlySet<string>, of: readonly string[]): boolean {
  return [...names].every((name) => of.includes(name))
}
