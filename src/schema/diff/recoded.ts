import type { Column, Table } from '../table.ts'
import type { Clause } from './clause.ts'

/** The columns whose text gets another character set, by both of their names; another collation is none. */
export function recodedColumns(
  from: Table,
  to: Table,
  clauses: readonly Clause[],
): ReadonlySet<string> {
  const names = clauses.flatMap((clause) => {
    if (clause.kind !== 'modify_column') return []
    const isRecoded = charsetOf(clause.from, from) !== charsetOf(clause.to, to)
    return isRecoded ? [clause.from.name, clause.to.name] : []
  })
  return new Set(names)
}

function charsetOf({ type, definition }: Column, { options }: Table): string {
  const own = /^ CHARACTER SET (\w+)/.exec(definition.slice(type.length))?.[1]
  return own ?? options.find(({ name }) => name === 'DEFAULT CHARSET')?.value ?? ''
}
