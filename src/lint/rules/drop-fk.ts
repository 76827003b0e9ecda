import { clausesOf } from '../clauses.ts'
import { named, type Rule } from '../rule.ts'
import { findTable } from '../tables.ts'

export const dropFk: Rule = {
  id: 'drop-fk',
  level: 'warning',
  about: 'change',
  summary: 'A change removes a foreign key.',
  why: 'From then on nobody checks that the rows referred to exist: rows can be deleted that others still need, and `ON DELETE CASCADE` no longer cleans up. Putting the foreign key back later first needs all the wrong references to be found and mended.',
  fix: 'Make sure that the application checks the references and deletes what depended on `CASCADE`.',
  *check(change, { wanted }) {
    for (const { foreignKey } of clausesOf(change, 'drop_foreign_key')) {
      const { name, columns, parent } = foreignKey
      const table = change.kind === 'drop' ? null : findTable(wanted, change.to.name)
      const stays = table?.foreignKeys.some(
        (key) => key.parent === parent && key.columns.join() === columns.join(),
      )
      if (!table || stays) continue
      yield {
        key: name,
        message: `The change removes the foreign key ${named(name)} from ${named(table.name)} to ${named(parent)}; from then on rows can refer to others that are not there.`,
      }
    }
  },
}
