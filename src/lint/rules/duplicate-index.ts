import type { Key } from '../../schema/table.ts'
import { isUnique, keyWords, partTexts } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const duplicateIndex: Rule = {
  id: 'duplicate-index',
  level: 'warning',
  about: 'table',
  summary: 'Two indexes of one kind are over the same columns.',
  why: 'The second one finds nothing that the first does not find, and every write keeps both up to date.',
  fix: 'Drop one of them.',
  *check(table) {
    for (const [at, key] of table.keys.entries()) {
      const first = table.keys.slice(0, at).find((other) => isDouble(other, key))
      if (!first || key.hidden || first.hidden) continue
      yield {
        key: key.name,
        message: `The ${keyWords(key)} ${named(key.name)} of ${named(table.name)} is over the same columns as the ${keyWords(first)} ${named(first.name)}, so every write pays twice for one use.`,
      }
    }
  },
}

function isDouble(one: Key, other: Key): boolean {
  if (partTexts(one).join() !== partTexts(other).join()) return false
  if (isUnique(one) && isUnique(other)) return true
  // Parser, distance and the like stand after the columns and make these kinds different.
  return one.kind === other.kind && afterName(one) === afterName(other)
}

function afterName({ definition }: Key): string {
  return definition.slice(definition.indexOf('('))
}
