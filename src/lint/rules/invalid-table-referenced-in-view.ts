import { named, type Rule } from '../rule.ts'

export const invalidTableReferencedInView: Rule = {
  id: 'invalid-table-referenced-in-view',
  level: 'error',
  about: 'view',
  summary: 'A view reads a table or view that is not there.',
  why: 'The server keeps such a view, and every query that reads it fails (error 1356). It happens when a table is dropped or renamed and a view that reads it is forgotten.',
  fix: 'Drop the view or change its query together with the table, or keep the table.',
  *check(view, { tables, views, unmanaged }) {
    const others = new Set(unmanaged.map(({ name }) => name))
    for (const name of view.uses) {
      if (tables.has(name) || views.has(name) || others.has(name)) continue
      yield {
        message: `The view ${named(view.name)} reads ${named(name)}, and there is no table or view of that name.`,
      }
    }
  },
}
