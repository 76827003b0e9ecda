import type { Schema, Table } from '../schema/table.ts'

/** A table by its name. Some servers do not tell upper from lower case there, so that is no difference. */
export function findTable({ tables }: Schema, name: string): Table | null {
  const exact = tables.get(name)
  if (exact) return exact
  const folded = name.toLowerCase()
  return [...tables.values()].find((table) => table.name.toLowerCase() === folded) ?? null
}
