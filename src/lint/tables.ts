import type { Schema, Table } from '../schema/table.ts'

/** A table by its name. Some servers do not tell upper from lower case there, so that is no difference. */
export function findTable(schema: Schema, name: string): Table | null {
  return schema.tables.get(name) ?? foldedTables(schema).get(name.toLowerCase()) ?? null
}

/** Every foreign key asks for its parent: looking through all tables each time takes minutes where they are thousands. */
const FOLDED = new WeakMap<Schema, ReadonlyMap<string, Table>>()

function foldedTables(schema: Schema): ReadonlyMap<string, Table> {
  const known = FOLDED.get(schema)
  if (known) return known
  const tables = [...schema.tables.values()].toReversed()
  const folded = new Map(tables.map((table) => [table.name.toLowerCase(), table]))
  FOLDED.set(schema, folded)
  return folded
}
