import type { Conflict } from '../../src/schema/merge/conflict.ts'
import { partName } from '../../src/schema/merge/part.ts'
import type { Touch } from '../../src/schema/merge/touch.ts'

/** A conflict in one line. */
export function inWords({ reason, theirs, ours }: Conflict): string {
  const side = ({ part, did, text }: Touch) => {
    const of = part.kind === 'table' || part.kind === 'view' ? '' : `${part.table}: `
    const isShown = part.kind === 'table' && text !== null
    const more = isShown || did === 'renames' ? ` (${text})` : ''
    return `${did} ${of}${partName(part)}${more}`
  }
  return `${reason}: theirs ${side(theirs)}; ours ${side(ours)}`
}
