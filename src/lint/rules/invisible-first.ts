import type { Key, Table } from '../../schema/table.ts'
import { clausesOf } from '../clauses.ts'
import { findColumn, isLeftPrefix, isUnique, keyWords } from '../key-parts.ts'
import { named, type Rule } from '../rule.ts'

export const invisibleFirst: Rule = {
  id: 'invisible-first',
  level: 'info',
  about: 'change',
  summary: 'An index is dropped that queries may use.',
  why: 'A query that needs the index reads the whole table without it, and on a large table that is felt at once. Building the index again takes long; showing a hidden one again takes a moment.',
  fix: 'Hide it first: write `INVISIBLE` (MariaDB: `IGNORED`) after the index in the schema file, deploy that, and drop the index some days later.',
  *check(change) {
    if (change.kind !== 'alter') return
    for (const { key } of clausesOf(change, 'drop_key')) {
      if (!mayBeMissed(key, change)) continue
      yield {
        key: key.name,
        message: `The ${keyWords(key)} ${named(key.name)} of ${named(change.to.name)} goes without having been hidden before; a query that needs it becomes slow at once.`,
      }
    }
  },
}

function mayBeMissed(key: Key, { to }: { readonly to: Table }): boolean {
  if (key.hidden || key.kind === 'primary') return false
  const leads = key.parts[0]
  if (leads?.kind === 'column' && !findColumn(to, leads.column)) return false
  return !to.keys.some((other) => serves(other, key))
}

function serves(other: Key, key: Key): boolean {
  if (other.hidden) return false
  if (other.kind === key.kind && other.name === key.name) return true
  return (isUnique(other) || other.kind === 'plain') && isLeftPrefix(key, other)
}
