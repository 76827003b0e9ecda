import { named, type Rule } from '../rule.ts'
import { findTable } from '../tables.ts'

export const foreignKeysNonexistentTable: Rule = {
  id: 'foreign-keys-nonexistent-table',
  level: 'error',
  about: 'table',
  summary: 'A foreign key refers to a table that the schema does not have.',
  why: 'Every row of this table would have to point to a row of a table that is not there, so the server refuses each INSERT.',
  fix: 'Add the table to the schema files, mend its name, or remove the foreign key.',
  *check(table, { wanted }) {
    for (const { name, columns, parent, parentSchema } of table.foreignKeys) {
      if (parentSchema !== null || findTable(wanted, parent)) continue
      yield {
        key: name,
        ...(columns[0] === undefined ? {} : { column: columns[0] }),
        message: `The foreign key ${named(name)} of ${named(table.name)} refers to ${named(parent)}, and there is no such table.`,
      }
    }
  },
}
