import type { TableChange } from '../../schema/diff/diff.ts'
import type { Key, Table } from '../../schema/table.ts'
import { clausesOf } from '../clauses.ts'
import { columnCollation } from '../collation.ts'
import { columnsOf, findColumn, isUnique, keyWords } from '../key-parts.ts'
import { lookFirst } from '../look-first.ts'
import { listed, named, type Problem, type Rule } from '../rule.ts'

export const uniqueMayFail: Rule = {
  id: 'unique-may-fail',
  level: 'warning',
  about: 'change',
  summary:
    'A table that has rows gets a new unique key, or compares the texts of one by other rules.',
  why: 'If two rows are equal there, the deployment stops before the change is live (`DUPLICATE_KEY`); nothing is lost but the time of the copy. Texts that differ only by case, accents or trailing blanks may count as equal.',
  fix: 'Look first whether rows are equal there: group by what the key is over, and count.',
  *check(change) {
    if (change.kind !== 'alter') return
    yield* newKeys(change)
    yield* keysUnderOtherCollations(change)
  },
}

type Alter = Extract<TableChange, { readonly kind: 'alter' }>

function* newKeys(change: Alter): Generator<Problem> {
  for (const { key } of clausesOf(change, 'add_key')) {
    const isNumbered = columnsOf(key).some((name) => isNewNumber(name, change))
    const isKnown = change.from.keys.some((old) => implies(old, key, change.from))
    if (!isUnique(key) || isNumbered || isKnown) continue
    const over = columnsOf(key).map((name) => named(name))
    const look = queryFor(change, key)
    yield {
      ...(look && { fix: look }),
      key: key.name,
      ...(key.parts[0]?.kind === 'column' ? { column: key.parts[0].column } : {}),
      message: `The new ${keyWords(key)} ${named(key.name)} of ${named(change.to.name)}${over.length > 0 ? ` over ${listed(over)}` : ''} stops the deployment if rows are equal there.`,
    }
  }
}

/** Rows get different numbers in a new AUTO_INCREMENT column. */
function isNewNumber(name: string, { from, to }: Alter): boolean {
  return findColumn(from, name) === null && findColumn(to, name)?.autoIncrement === true
}

/** Texts that were different can be equal afterwards; not by their bytes. */
function* keysUnderOtherCollations({ from, to }: Alter): Generator<Problem> {
  for (const key of to.keys.filter(isUnique)) {
    for (const name of columnsOf(key)) {
      const [before, after] = [collationIn(from, name), collationIn(to, name)]
      if (!before || !after || before === after || after.endsWith('_bin')) continue
      yield {
        key: key.name,
        column: name,
        message: `The ${keyWords(key)} ${named(key.name)} of ${named(to.name)} will compare ${named(name)} by ${after} instead of ${before}; texts that are equal then stop the deployment.`,
      }
    }
  }
}

function collationIn(table: Table, name: string): string | null {
  const column = findColumn(table, name)
  // An ENUM or SET is compared by its number.
  if (!column || column.type.startsWith('enum') || column.type.startsWith('set')) return null
  return columnCollation(column, table)?.name ?? null
}

/** Nothing where a part is new or an expression. */
function queryFor({ from }: Alter, key: Key): string | undefined {
  const columns = columnsOf(key)
  const parts = key.parts.flatMap((part) => {
    if (part.kind !== 'column' || !findColumn(from, part.column)) return []
    return [part.length === null ? part.column : `LEFT(${part.column}, ${part.length})`]
  })
  if (parts.length < key.parts.length) return undefined
  const list = parts.join(', ')
  const query = `SELECT ${list}, COUNT(*) FROM ${from.name} GROUP BY ${list} HAVING COUNT(*) > 1`
  return lookFirst([from.name, ...columns], query)
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
