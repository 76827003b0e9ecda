import { columnOf } from '../../schema/merge/column-use.ts'
import { named, type Rule } from '../rule.ts'
import { columnsRead } from '../view-columns.ts'

export const invalidColumnReferencedInView: Rule = {
  id: 'invalid-column-referenced-in-view',
  level: 'error',
  about: 'view',
  summary: 'A view reads a column that its table does not have.',
  why: 'The server keeps such a view, and every query that reads it fails (error 1356). It happens when a column is dropped or renamed and a view that reads it is forgotten.',
  fix: 'Drop the view or change its query together with the column, or keep the column.',
  *check(view, { tables }) {
    for (const { tables: meant, column } of columnsRead(view)) {
      const [first] = meant
      if (first === undefined) continue
      // Of a view it is not known here which columns it has.
      const mayHave = meant.some((name) => {
        const table = tables.get(name)
        return !table || columnOf(table, column) !== null
      })
      if (mayHave) continue
      yield {
        message: `The view ${named(view.name)} reads the column ${named(first, column)}, and there is no such column.`,
      }
    }
  },
}
