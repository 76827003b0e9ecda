import { textBytes, typeOf } from '../column-type.ts'
import { findColumn, isUnique, keyWords } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const partialKeyInUniqueKey: Rule = {
  id: 'partial-key-in-unique-key',
  level: 'warning',
  about: 'table',
  summary: 'A unique key looks only at the first characters of a column.',
  why: 'Values that differ after those characters count as duplicates and are refused. Such a key does not tell rows apart either, so Crossfade cannot use it to follow them.',
  fix: 'Put the whole column into the key; shorten its type if the key would be too long.',
  *check(table) {
    for (const key of table.keys.filter(isUnique)) {
      for (const part of key.parts) {
        if (part.kind !== 'column' || part.length === null) continue
        const column = findColumn(table, part.column)
        // Of a TEXT nothing but a prefix can be indexed: blob-in-unique-key tells that.
        if (column && textBytes(typeOf(column)) !== null) continue
        yield {
          key: key.name,
          column: part.column,
          message: `The ${keyWords(key)} ${named(key.name)} of ${named(table.name)} looks only at the first ${part.length} characters of ${named(part.column)}, so two rows that begin alike cannot both be stored.`,
        }
      }
    }
  },
}
