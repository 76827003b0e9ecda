import { typeOf } from '../column-type.ts'
import { named, type Rule } from '../rule.ts'

export const timestamp2038: Rule = {
  id: 'timestamp-2038',
  level: 'info',
  about: 'table',
  summary: 'A TIMESTAMP cannot hold a time after January 2038.',
  why: 'It counts seconds since 1970 in 4 bytes, which end on 19 January 2038 (newer MariaDB servers: in 2106). Dates in the future, such as those of contracts and tokens, reach that first.',
  fix: 'Use `DATETIME` and write UTC into it. For the moment in which a row was written there is time left.',
  *check(table) {
    for (const column of table.columns) {
      if (typeOf(column).name !== 'timestamp') continue
      yield {
        column: column.name,
        message: `${named(table.name, column.name)} is a TIMESTAMP, which ends in January 2038.`,
      }
    }
  },
}
