import type { Clause, ColumnPosition } from '../diff/clause.ts'
import { diffColumns } from '../diff/diff-columns.ts'
import type { Table } from '../table.ts'
import type { Touch } from './touch.ts'

/** A table as it was, as the others have it, and as it is wanted. */
export type TableSides = Readonly<Record<'base' | 'theirs' | 'ours', Table>>

export type MergedOrder =
  | { readonly kind: 'merged'; readonly names: readonly string[] }
  | { readonly kind: 'conflict'; readonly theirs: Touch; readonly ours: Touch }

/**
 * The order of the columns `kept` (names in lower case): what our ALTER, as it would be written for the base, gives
 * when it runs on the table that they have.
 *
 * Their ALTER run on our table must put everything into the same order, with one exception: columns that one side
 * added and columns that the other added stand as they come, because both sides append columns all the time, and
 * nothing that calls columns by their names can tell. Where they are added at the same place, who goes first comes
 * first, so that nothing has to be moved and our ALTER is the same text whether theirs was before it or not.
 */
export function mergeOrder(sides: TableSides, kept: ReadonlySet<string>): MergedOrder {
  const [base, theirs, ours] = [namesOf(sides.base), namesOf(sides.theirs), namesOf(sides.ours)]
  const theirClauses = diffColumns(sides.base, sides.theirs).clauses
  const ourClauses = diffColumns(sides.base, sides.ours).clauses
  const only = (names: readonly string[]) => names.filter((name) => kept.has(name))
  const forward = only(play(theirs, { clauses: ourClauses, names: ours }))
  const backward = only(play(ours, { clauses: theirClauses, names: theirs }))
  const shared = new Set([...base, ...theirs.filter((name) => ours.includes(name))])
  const agree = (names: readonly string[]) => {
    const seen = new Set([...shared, ...names])
    const of = (order: readonly string[]) => order.filter((name) => seen.has(name)).join('\n')
    return of(forward) === of(backward)
  }
  // A name holds no line break in either family, so joined texts are equal for equal lists only.
  if (agree(theirs) && agree(ours)) return { kind: 'merged', names: forward }
  return {
    kind: 'conflict',
    theirs: placed(theirClauses, sides.theirs),
    ours: placed(ourClauses, sides.ours),
  }
}

function namesOf({ columns }: Table): string[] {
  return columns.map(({ name }) => name.toLowerCase())
}

type Side = { readonly clauses: readonly Clause[]; readonly names: readonly string[] }

/** The order after one side's ALTER has run on the other's table. */
function play(onto: readonly string[], { clauses, names }: Side): string[] {
  const order = [...onto]
  for (const placement of clauses.flatMap(placementOf)) {
    const at = order.indexOf(placement.name)
    // What the other side has added already stays where it is; what it has dropped moves nowhere.
    if (placement.isNew === (at !== -1)) continue
    if (at !== -1) order.splice(at, 1)
    order.splice(
      placeOf(placement.position, order, beforeIn(names, placement.name)),
      0,
      placement.name,
    )
  }
  return order
}

type Placement = {
  readonly name: string
  readonly isNew: boolean
  readonly position: ColumnPosition
}

/** Where a clause puts a column; nothing for one that leaves it where it is. */
function placementOf(clause: Clause): Placement[] {
  if (clause.kind === 'add_column') {
    const { column, position } = clause
    return [{ name: column.name.toLowerCase(), isNew: true, position }]
  }
  if (clause.kind !== 'modify_column' || clause.position.kind === 'default') return []
  return [{ name: clause.to.name.toLowerCase(), isNew: false, position: clause.position }]
}

/** The columns before `name`, nearest first. */
function beforeIn(names: readonly string[], name: string): readonly string[] {
  return names.slice(0, names.indexOf(name)).toReversed()
}

/** Where a column goes; where the one that it should follow is gone, behind the nearest before that is there. */
function placeOf(
  position: ColumnPosition,
  order: readonly string[],
  before: readonly string[],
): number {
  if (position.kind === 'default') return order.length
  const previous = before.find((name) => order.includes(name))
  return position.kind === 'first' || previous === undefined ? 0 : order.indexOf(previous) + 1
}

/** What a side did to the order, by the first column that shows it. */
function placed(clauses: readonly Clause[], { name: table }: Table): Touch {
  const moved = clauses.find(
    (clause) => clause.kind === 'modify_column' && clause.position.kind !== 'default',
  )
  const added = clauses.find(({ kind }) => kind === 'add_column')
  const touch = (did: Touch['did'], name: string): Touch => ({
    part: { table, kind: 'column', name },
    did,
    text: null,
  })
  if (moved?.kind === 'modify_column') return touch('moves', moved.to.name)
  if (added?.kind === 'add_column') return touch('adds', added.column.name)
  return { part: { table, kind: 'table', name: '' }, did: 'changes', text: null }
}
