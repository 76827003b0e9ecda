import { Refusal } from '../../errors.ts'
import { unfinishedCheckpoints } from '../checkpoint.ts'
import type { Check } from './check.ts'

/** Two deployments of one table would each miss what the other does. */
export const checkNameClash: Check = async ({ session, schema, request, tables }) => {
  const names = new Set(tables.map(({ operation }) => operation.table.toLowerCase()))
  const others = await unfinishedCheckpoints(session, schema)
  return others.flatMap(({ id, request: other }) => {
    const shared = other.operations.find(({ table }) => names.has(table.toLowerCase()))
    if (id === request.id || !shared) return []
    return [
      new Refusal('NAME_CLASH', `The deployment ${id} of ${shared.table} is not finished.`, {
        next: `Wait until it is complete, or end it: crossfade migrate --url … --discard ${id}`,
      }),
    ]
  })
}
