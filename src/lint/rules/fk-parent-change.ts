import type { Schema } from '../../schema/table.ts'
import { clausesOf } from '../clauses.ts'
import { listed, named, type Rule } from '../rule.ts'

export const fkParentChange: Rule = {
  id: 'fk-parent-change',
  level: 'warning',
  about: 'change',
  summary: 'A change touches a table that foreign keys point to, or adds a foreign key to a table.',
  why: 'Crossfade changes a table by swapping it for a copy. Foreign keys of other tables follow the table that is renamed and would then point to the old one, so such a change is refused before anything is touched (`FOREIGN_KEY`). The server itself can still make it, at once where it qualifies (`method=instant`), else by locking the table.',
  fix: 'Deploy it with `/deploy method=instant` if that is possible, or drop the foreign key in a deploy request before this one.',
  *check(change, { from }) {
    if (change.kind !== 'alter') return
    const table = change.to.name
    const children = childrenOf(table, from)
    if (children.length > 0) {
      yield {
        message: `${named(table)} cannot be changed by a copy: foreign keys of ${listed(children.map((name) => named(name)))} point to it.`,
      }
    }
    for (const { foreignKey } of clausesOf(change, 'add_foreign_key')) {
      yield {
        key: foreignKey.name,
        ...(foreignKey.columns[0] === undefined ? {} : { column: foreignKey.columns[0] }),
        message: `The change adds the foreign key ${named(foreignKey.name)} to ${named(table)}, which cannot be done by a copy.`,
      }
    }
  },
}

function childrenOf(parent: string, { tables }: Schema): readonly string[] {
  return [...tables.values()]
    .filter(({ foreignKeys }) =>
      foreignKeys.some((key) => key.parentSchema === null && key.parent === parent),
    )
    .map(({ name }) => name)
}
