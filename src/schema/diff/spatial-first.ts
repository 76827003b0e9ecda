import { withSql } from '../parse.ts'
import type { Column, Key, Table } from '../table.ts'
import type { Clause } from './clause.ts'
import type { TableChange } from './diff.ts'

/**
 * A change as steps that MySQL takes where a column gets another spatial reference system: it refuses that as long as the
 * column has a spatial key, even one that the same
 * statement drops (error 3644). So the key goes first, and comes back with the change where it stays.
 */
export function spatialKeysFirst(change: TableChange): readonly TableChange[] {
  if (change.kind !== 'alter') return [change]
  const { from, to, clauses } = change
  const moved = new Set(clauses.flatMap(movedColumn))
  if (moved.size === 0) return [change]
  const isStuck = (key: Key) =>
    key.kind === 'spatial' && key.parts.some((part) => isOn(part, moved))
  const stuck = from.keys.filter(isStuck)
  if (stuck.length === 0) return [change]
  const between: Table = withSql({ ...from, keys: from.keys.filter((key) => !isStuck(key)) })
  return [
    {
      kind: 'alter',
      from,
      to: between,
      clauses: stuck.map((key) => ({ kind: 'drop_key', key })),
    },
    { ...change, from: between, clauses: withKeysBack(clauses, stuck, to) },
  ]
}

/** The clauses without what they say of keys that are gone already, and with those keys as they shall be. */
function withKeysBack(
  clauses: readonly Clause[],
  gone: readonly Key[],
  to: Table,
): readonly Clause[] {
  const isGone = (key: Key) => gone.some(({ name }) => fold(name) === fold(key.name))
  const rest = clauses.filter((clause) => {
    if (clause.kind === 'drop_key') return !isGone(clause.key)
    if (clause.kind === 'rename_key') return !isGone(clause.from)
    return !((clause.kind === 'hide_key' || clause.kind === 'show_key') && isGone(clause.key))
  })
  const isAdded = (key: Key) =>
    rest.some((clause) => clause.kind === 'add_key' && fold(clause.key.name) === fold(key.name))
  const renamed = clauses.flatMap((clause) =>
    clause.kind === 'rename_key' && isGone(clause.from) ? [clause.key] : [],
  )
  const kept = to.keys.filter((key) => isGone(key) && !isAdded(key) && !renamed.includes(key))
  return [...rest, ...[...kept, ...renamed].map((key): Clause => ({ kind: 'add_key', key }))]
}

/** The former name of a column whose spatial reference system changes. */
function movedColumn(clause: Clause): string[] {
  if (clause.kind !== 'modify_column' || sridOf(clause.from) === sridOf(clause.to)) return []
  return [fold(clause.from.name)]
}

function sridOf({ type, definition }: Column): string {
  const [unquoted = ''] = definition.slice(type.length).split("'")
  return / SRID \d+/.exec(unquoted)?.[0] ?? ''
}

function isOn(part: Key['parts'][number], columns: ReadonlySet<string>): boolean {
  return part.kind === 'column' && columns.has(fold(part.column))
}

function fold(name: string): string {
  return name.toLowerCase()
}
