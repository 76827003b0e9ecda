import { Refusal } from '../../errors.ts'
import { findCheckpoint, unfinishedCheckpoints } from '../checkpoint.ts'
import type { Check } from './check.ts'

/** Two deployments of one table would each miss what the other does. */
export const checkNameClash: Check = async ({ session, schema, request, tables }) => {
  const names = new Set(tables.map(({ operation }) => operation.table.toLowerCase()))
  if (await findCheckpoint(session, request.id)) {
    return [
      new Refusal('NAME_CLASH', `The server knows a deployment ${request.id} already.`, {
        next: 'Resume it, or give the new one another id.',
      }),
    ]
  }
  const others = await unfinishedCheckpoints(session, schema)
  return others.flatMap(({ id, request: other }) => {
    const shared = other.operations.find(({ table }) => names.has(table.toLowerCase()))
    if (!shared) return []
    return [
      new Refusal('NAME_CLASH', `The deployment ${id} of ${shared.table} is not finished.`, {
        next: `Wait until it is complete, or end it: crossfade migrate --url … --discard ${id}`,
      }),
    ]
  })
}
