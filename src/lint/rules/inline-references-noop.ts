import { named, type Rule } from '../rule.ts'

export const inlineReferencesNoop: Rule = {
  id: 'inline-references-noop',
  level: 'warning',
  about: 'table',
  summary: 'A column says REFERENCES in its own definition, and the server reads over it.',
  why: 'MySQL before 9.0 takes `user_id INT REFERENCES users (id)` without a word and makes no foreign key. Whoever reads the file believes that references are checked, and they are not.',
  fix: 'Write it as a line of its own, `FOREIGN KEY (user_id) REFERENCES users (id)`, or remove it.',
  *check(table, { outline }) {
    const referring = outline()?.referring
    for (const { name } of referring ? table.columns : []) {
      const folded = name.toLowerCase()
      if (!referring?.has(folded)) continue
      const isMade = table.foreignKeys.some(({ columns }) => columns[0]?.toLowerCase() === folded)
      if (isMade) continue
      yield {
        column: name,
        message: `The REFERENCES of ${named(table.name, name)} makes no foreign key: the server reads over it.`,
      }
    }
  },
}
