import { named, type Rule } from '../rule.ts'

export const nameCase: Rule = {
  id: 'name-case',
  level: 'info',
  about: 'table',
  summary: 'The name of a table has upper-case letters.',
  why: 'A server on Linux usually tells `Orders` from `orders`, one on Windows or macOS does not. A statement that works on a laptop then fails in production, and two tables whose names differ only by case cannot live on every server.',
  fix: 'Name tables in lower case.',
  *check(table, { wanted }) {
    const folded = table.name.toLowerCase()
    if (table.name === folded) return
    const twin = [...wanted.tables.keys()].find(
      (name) => name !== table.name && name.toLowerCase() === folded,
    )
    yield {
      message: twin
        ? `The table names ${named(table.name)} and ${named(twin)} differ only by upper and lower case.`
        : `The table name ${named(table.name)} has upper-case letters, which some servers tell from lower-case ones and others do not.`,
    }
  },
}
