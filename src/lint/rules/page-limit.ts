import { PAGE_LIMIT, pageBytes } from '../row-size.ts'
import { named, type Rule } from '../rule.ts'

export const pageLimit: Rule = {
  id: 'page-limit',
  level: 'warning',
  about: 'table',
  summary: 'A row of a table can be too large for a page of InnoDB.',
  why: 'At most 8,126 bytes of a row are kept in its page. What can be longer than 255 bytes is moved elsewhere when there is no room; shorter texts and other values are not. Some servers make the table all the same, and refuse the INSERT or UPDATE of a row that has long values everywhere (error 1118).',
  fix: 'Make columns shorter, move some of them to a table of their own, or keep what belongs together in one JSON or TEXT column.',
  *check(table) {
    const bytes = pageBytes(table)
    if (bytes <= PAGE_LIMIT) return
    yield {
      message: `A row of ${named(table.name)} can need ${bytes.toLocaleString('en')} bytes of its page, where ${PAGE_LIMIT.toLocaleString('en')} are allowed: such a row would be refused.`,
    }
  },
}
