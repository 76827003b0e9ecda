import type { Key } from '../../schema/table.ts'
import { isLeftPrefix, isUnique, keyWords } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const redundantIndex: Rule = {
  id: 'redundant-index',
  level: 'warning',
  about: 'table',
  summary: 'An index is the beginning of another one, which can do its work.',
  why: 'An index on `(a, b)` finds rows by `a` as well as an index on `(a)` does. Two of them cost twice: every write keeps both up to date, and both take disk and memory.',
  fix: 'Drop the shorter index; hide it first (`invisible-first`) if it is in use.',
  *check(table) {
    for (const key of table.keys) {
      if (key.kind !== 'plain' || key.hidden) continue
      const longer = table.keys.find((other) => covers(other, key))
      if (!longer) continue
      yield {
        key: key.name,
        message: `The index ${named(key.name)} of ${named(table.name)} is the beginning of the ${keyWords(longer)} ${named(longer.name)}, which can do its work; every write pays for both.`,
      }
    }
  },
}

/** Of two plain indexes that are equal `duplicate-index` tells. */
function covers(other: Key, key: Key): boolean {
  if (other === key || other.hidden || !isLeftPrefix(key, other)) return false
  return isUnique(other) || (other.kind === 'plain' && other.parts.length > key.parts.length)
}
