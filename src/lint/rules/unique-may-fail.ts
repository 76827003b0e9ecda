import type { Key, Table } from '../../schema/table.ts'
import { clausesOf } from '../clauses.ts'
import { columnsOf, isUnique, keyWords } from '../key-parts.ts'
import { lookFirst } from '../look-first.ts'
import { listed, named, type Rule } from '../rule.ts'

export const uniqueMayFail: Rule = {
  id: 'unique-may-fail',
  level: 'warning',
  about: 'change',
  summary: 'A table that has rows gets a new unique key.',
  why: 'If two rows are equal there, the deployment stops before the change is live (`DUPLICATE_KEY`); nothing is lost but the time of the copy. Texts that differ only by case, accents or trailing blanks may count as equal.',
  fix: 'Look first: `SELECT email, COUNT(*) FROM users GROUP BY email HAVING COUNT(*) > 1`.',
  *check(change) {
    if (change.kind !== 'alter') return
    for (const { key } of clausesOf(change, 'add_key')) {
      if (!isUnique(key) || change.from.keys.some((old) => implies(old, key, change.from))) continue
      const over = columnsOf(key).map((name) => named(name))
      const look = queryFor(change.to.name, key)
      yield {
        ...(look && { fix: look }),
        key: key.name,
        ...(key.parts[0]?.kind === 'column' ? { column: key.parts[0].column } : {}),
        message: `The new ${keyWords(key)} ${named(key.name)} of ${named(change.to.name)}${over.length > 0 ? ` over ${listed(over)}` : ''} stops the deployment if rows are equal there.`,
      }
    }
  },
}

/** Nothing where a part is an expression or the beginning of a column: rows are grouped by whole ones. */
function queryFor(table: string, key: Key): string | undefined {
  const columns = columnsOf(key)
  const isWhole = key.parts.every((part) => part.kind === 'column' && part.length === null)
  if (!isWhole) return undefined
  const list = columns.join(', ')
  const query = `SELECT ${list}, COUNT(*) FROM ${table} GROUP BY ${list} HAVING COUNT(*) > 1`
  return lookFirst([table, ...columns], query)
}

/** Rows that differ by whole columns of the old key differ by the new one too, if it has all of these. */
function implies(old: Key, key: Key, { columns }: Table): boolean {
  if (!isUnique(old) || old.parts.some((part) => part.kind === 'expression')) return false
  const whole = new Set(
    key.parts.flatMap((part) =>
      part.kind === 'column' && part.length === null ? [part.column.toLowerCase()] : [],
    ),
  )
  const isKnown = (name: string) => columns.some((column) => column.name.toLowerCase() === name)
  return columnsOf(old)
    .map((name) => name.toLowerCase())
    .every((name) => whole.has(name) && isKnown(name))
}
