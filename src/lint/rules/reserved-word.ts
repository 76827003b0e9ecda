import { reservedBy } from '../reserved-words.ts'
import { named, type Rule } from '../rule.ts'

export const reservedWord: Rule = {
  id: 'reserved-word',
  level: 'warning',
  about: 'table',
  summary: 'A table or column is named like a word of SQL.',
  why: 'Such a name works only in backticks. Every statement that forgets them fails with a syntax error, and new server versions reserve further words, so statements can begin to fail with an upgrade.',
  fix: 'Choose another name while the table is new. For one in use see `rename-as-drop-add`, or keep it and quote it everywhere.',
  *check(table) {
    const ofTable = reservedBy(table.name)
    if (ofTable)
      yield {
        message: `The table name ${named(table.name)} is a reserved word of ${ofTable}: every query has to quote it.`,
      }
    for (const { name } of table.columns) {
      const server = reservedBy(name)
      if (!server) continue
      yield {
        column: name,
        message: `The column name ${named(table.name, name)} is a reserved word of ${server}: every query has to quote it.`,
      }
    }
  },
}
