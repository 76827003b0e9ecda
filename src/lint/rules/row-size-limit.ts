import { ROW_LIMIT, rowBytes } from '../row-size.ts'
import { named, type Rule } from '../rule.ts'

export const rowSizeLimit: Rule = {
  id: 'row-size-limit',
  level: 'warning',
  about: 'table',
  summary: 'The columns of a table together come close to the most that a row may have.',
  why: 'A row may have 65,535 bytes, and each VARCHAR counts with the most it could hold: `VARCHAR(255)` in utf8mb4 is 1,022 bytes. When the limit is reached, the next column is refused (error 1118). TEXT and BLOB hardly count.',
  fix: 'Make VARCHAR columns as long as they need to be, or make the longest ones TEXT.',
  *check(table) {
    const bytes = rowBytes(table)
    if (bytes < ROW_LIMIT * NEAR) return
    yield {
      message: `A row of ${named(table.name)} can have ${bytes.toLocaleString('en')} bytes of the ${ROW_LIMIT.toLocaleString('en')} that are allowed.`,
    }
  },
}

const NEAR = 0.9
