import { textBytes, typeOf } from '../column-type.ts'
import { findColumn, isUnique, keyWords } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const blobInUniqueKey: Rule = {
  id: 'blob-in-unique-key',
  level: 'warning',
  about: 'table',
  summary: 'A unique key holds a TEXT or BLOB column.',
  why: 'The server indexes only the beginning of such a column, or a hash of it. So two texts that begin alike count as duplicates though they differ, and Crossfade cannot use the key to follow rows.',
  fix: 'Make the column a VARCHAR or VARBINARY, or put the unique key on a column with the hash of the text.',
  *check(table) {
    for (const key of table.keys.filter(isUnique)) {
      for (const part of key.parts) {
        const column = part.kind === 'column' ? findColumn(table, part.column) : null
        if (!column || textBytes(typeOf(column)) === null) continue
        yield {
          key: key.name,
          column: column.name,
          message: `The ${keyWords(key)} ${named(key.name)} of ${named(table.name)} holds ${named(column.name)}, a ${typeOf(column).name.toUpperCase()} of which only a beginning is compared.`,
        }
      }
    }
  },
}
