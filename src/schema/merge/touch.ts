import type { Schema } from '../table.ts'
import { type Defined, type Part, textOf } from './part.ts'

/** What one side did to a part of the schema since both had the same. */
export type Touch = {
  readonly part: Part
  readonly did: 'adds' | 'changes' | 'drops' | 'moves' | 'renames'
  /** What it is since then; null when it is gone, or when there is nothing to say in short. */
  readonly text: string | null
}

/** What was done to a part; null when it is what it was. */
export function touchOf(before: Defined | undefined, after: Defined | undefined): Touch | null {
  if (before?.text === after?.text) return null
  if (after) return { part: after.part, did: before ? 'changes' : 'adds', text: after.text }
  return before ? { part: before.part, did: 'drops', text: null } : null
}

/** What the side `after` did to a part; null when nothing. All of a table or view is too much to be quoted. */
export function touchIn(before: Schema, after: Schema, part: Part): Touch | null {
  const defined = (schema: Schema) => {
    const text = textOf(schema, part)
    return text === null ? undefined : { part, text }
  }
  const touch = touchOf(defined(before), defined(after))
  const isWhole = part.kind === 'table' || part.kind === 'view'
  return touch && isWhole ? { ...touch, text: null } : touch
}
