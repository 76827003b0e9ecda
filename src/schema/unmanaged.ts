import { printable } from './place.ts'
import type { Schema, Unmanaged } from './table.ts'

/** What the schemas hold that nobody deploys, each once, in the order in which they tell it. */
export function unmanagedIn(...schemas: readonly Schema[]): readonly Unmanaged[] {
  const all = schemas.flatMap(({ unmanaged }) => unmanaged)
  const byName = new Map(all.map((one) => [`${one.kind} ${one.name}`, one]))
  return [...byName.values()]
}

const MOST_NAMED = 20

/** A sentence about what is left as it is; null when there is nothing of the kind. */
export function toldUnmanaged(unmanaged: readonly Unmanaged[]): string | null {
  if (unmanaged.length === 0) return null
  const named = unmanaged.slice(0, MOST_NAMED).map(({ kind, name, table }) => {
    const where = table === null ? '' : ` of ${printable(table)}`
    return `${kind} ${printable(name)}${where}`
  })
  const left = unmanaged.length - named.length
  const more = left > 0 ? ` and ${left} more` : ''
  return `Left as it is, because Crossfade does not deploy it: ${named.join(', ')}${more}.`
}
