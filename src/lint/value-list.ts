import { type TableChange, tableOf } from '../schema/diff/diff.ts'
import { clausesOf } from './clauses.ts'
import { typeOf } from './column-type.ts'

/** A column whose list of values changes. */
export type ValueLists = {
  readonly table: string
  readonly column: string
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** The ENUM or SET columns that stay what they are and get another list. */
export function changedValues(change: TableChange, type: 'enum' | 'set'): readonly ValueLists[] {
  return clausesOf(change, 'modify_column').flatMap(({ from, to }) => {
    const [before, after] = [typeOf(from), typeOf(to)]
    if (before.name !== type || after.name !== type) return []
    return [{ table: tableOf(change), column: to.name, before: before.values, after: after.values }]
  })
}

/** The values of `before` that `after` does not have. There can be 65,535 of them. */
export function missingFrom(after: readonly string[], before: readonly string[]): string[] {
  const kept = new Set(after)
  return before.filter((value) => !kept.has(value))
}

/** Has a value that stays another place among all, because of the order or because others came or went before it? */
export function isReordered(before: readonly string[], after: readonly string[]): boolean {
  const places = new Map(after.map((value, at) => [value, at]))
  return before.some((value, at) => (places.get(value) ?? at) !== at)
}
