import { compareNames, schemaOf } from './parse.ts'
import type { Schema, Table } from './table.ts'

/** A table that both sides changed, and differently. */
export type Conflict = { readonly table: string; readonly reason: string }

export type Merge =
  | { readonly kind: 'merged'; readonly schema: Schema }
  | { readonly kind: 'conflict'; readonly conflicts: readonly Conflict[] }

/**
 * Applies what changed from `base` to `ours` onto `theirs`, table by table.
 *
 * A table that ours left alone is as theirs has it, so a stale base never drops what somebody else added.
 * Two different changes of one table are a conflict, even where they touch different columns.
 */
export function mergeSchemas(base: Schema, theirs: Schema, ours: Schema): Merge {
  const names = new Set([base, theirs, ours].flatMap(({ tables }) => [...tables.keys()]))
  const conflicts: Conflict[] = []
  const merged: Table[] = []
  for (const name of [...names].sort(compareNames)) {
    const sides = sidesOf(name, { base, theirs, ours })
    const kept = keptOf(sides)
    if (kept === 'conflict') conflicts.push({ table: name, reason: reasonOf(sides) })
    else if (kept) merged.push(kept)
  }
  return conflicts.length > 0
    ? { kind: 'conflict', conflicts }
    : { kind: 'merged', schema: schemaOf(merged) }
}

type Sides = Readonly<Record<'base' | 'theirs' | 'ours', Table | null>>

function sidesOf(name: string, schemas: Readonly<Record<keyof Sides, Schema>>): Sides {
  return {
    base: schemas.base.tables.get(name) ?? null,
    theirs: schemas.theirs.tables.get(name) ?? null,
    ours: schemas.ours.tables.get(name) ?? null,
  }
}

/** The table as it should be; null when it should not be there. */
function keptOf({ base, theirs, ours }: Sides): Table | null | 'conflict' {
  if (isSame(ours, base) || isSame(ours, theirs)) return theirs
  return isSame(theirs, base) ? ours : 'conflict'
}

function isSame(a: Table | null, b: Table | null): boolean {
  return a?.sql === b?.sql
}

function reasonOf({ base, theirs, ours }: Sides): string {
  if (!base) return 'Both sides created it, with different definitions.'
  if (!theirs) return 'It was dropped in production and changed here.'
  if (!ours) return 'It was changed in production and dropped here.'
  return 'It was changed in production and, differently, here.'
}
