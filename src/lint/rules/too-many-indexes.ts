import { named, type Rule } from '../rule.ts'

export const tooManyIndexes: Rule = {
  id: 'too-many-indexes',
  level: 'info',
  about: 'table',
  summary: 'A table has more than 16 indexes besides its primary key.',
  why: 'Each INSERT and DELETE, and many an UPDATE, keeps all of them up to date, so writing becomes slower with every index. More than 64 are not allowed.',
  fix: 'Look for indexes that nobody uses (`sys.schema_unused_indexes` on MySQL) and hide them before you drop them.',
  *check(table) {
    const { length } = table.keys.filter(({ kind }) => kind !== 'primary')
    if (length <= MOST) return
    yield {
      message: `The table ${named(table.name)} has ${length} indexes besides its primary key, and every write brings each of them up to date.`,
    }
  },
}

const MOST = 16
