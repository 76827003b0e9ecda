import type { Column, Table } from '../table.ts'
import type { Clause } from './clause.ts'
import { collationOf } from './diff-columns.ts'

/** The columns whose text gets another character set or collation, by both of their names. */
export function recodedColumns(
  from: Table,
  to: Table,
  clauses: readonly Clause[],
): ReadonlySet<string> {
  const recollated = collationOf(from.options) !== collationOf(to.options)
  const names = clauses.flatMap((clause) => {
    if (clause.kind !== 'modify_column') return []
    const [before, after] = [clause.from, clause.to]
    const inherits = before.inheritsCollation || after.inheritsCollation
    const isRecoded = charsetOf(before) !== charsetOf(after) || (recollated && inherits)
    return isRecoded ? [before.name, after.name] : []
  })
  return new Set(names)
}

function charsetOf({ type, definition }: Column): string {
  return /^ CHARACTER SET \w+(?: COLLATE \w+)?/.exec(definition.slice(type.length))?.[0] ?? ''
}
