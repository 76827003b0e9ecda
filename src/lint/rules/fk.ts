import { named, type Rule } from '../rule.ts'

export const fk: Rule = {
  id: 'fk',
  level: 'off',
  about: 'table',
  summary: 'A table has a foreign key.',
  why: 'Off unless you switch it on, for teams that keep references in the application. Crossfade deploys tables with foreign keys within limits: a table that others refer to is refused (`FOREIGN_KEY`), and on MariaDB also one that refers to others with `CASCADE` or `SET NULL`; [operations](operations.md#what-is-refused-today) has the rule.',
  fix: 'Remove the foreign key and keep its index; let the application, or a check that runs every night, see to the references.',
  *check(table) {
    for (const { name, columns, parent } of table.foreignKeys) {
      yield {
        key: name,
        ...(columns[0] === undefined ? {} : { column: columns[0] }),
        message: `The foreign key ${named(name)} ties ${named(table.name)} to ${named(parent)}.`,
      }
    }
  },
}
