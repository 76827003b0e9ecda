import { tableNames } from '../../mysql/identifier.ts'
import type { Session } from '../../mysql/session.ts'
import type { EngineRequest, TableOperation } from '../port.ts'
import { logsCascades } from '../preflight/foreign-keys.ts'
import { type ParentName, parseAlter } from '../table/statement.ts'
import {
  addedForeignKeys,
  childOfDropped,
  detachForeignKeys,
  type ForeignKey,
  type ForeignKeys,
  keyOfOld,
  newForeignKey,
  readForeignKeys,
  saveForeignKeys,
  silentAfter,
  silentForeignKey,
} from './foreign-key.ts'

/**
 * How a new table names a parent that the same deployment changes: as its shadow. A foreign key follows the table that it
 * points to, so the RENAME that makes the shadow live makes the key right. The new table is empty till then.
 */
export function parentInMaking({ id, operations }: EngineRequest): ParentName {
  const shadows = new Map(
    operations
      .filter(({ kind }) => kind === 'alter')
      .map(({ table }) => [table.toLowerCase(), tableNames(id, table).shadow]),
  )
  return (name) => shadows.get(name.toLowerCase()) ?? null
}

/**
 * Takes the foreign keys away from the shadow of a live table, and keeps what both its forms are to have when they are
 * live. A table that is created keeps its own, but for those to tables that are changed with it (key-swap.ts): it is
 * empty, and nothing of it can be in a parent's way.
 *
 * @throws {Refusal} FOREIGN_KEY.
 */
export async function keepForeignKeys(
  session: Session,
  schema: string,
  { request, operation }: { readonly request: EngineRequest; readonly operation: TableOperation },
): Promise<void> {
  const { id } = request
  const { live, shadow, old } = tableNames(id, operation.table)
  const isThere = { before: operation.kind !== 'create', after: operation.kind !== 'drop' }
  const keys = {
    before: isThere.before ? await readForeignKeys(session, { schema, name: live }) : [],
    after: isThere.after ? await readForeignKeys(session, { schema, name: shadow }) : [],
  }
  if (keys.before.length + keys.after.length === 0) return
  if (operation.kind === 'create') {
    const after = keys.after.map((key) => byLiveParent(key, schema, request))
    requireParents(after, schema, { request, operation })
    const only = keys.after.filter(({ parent }, at) => parent.name !== after[at]?.parent.name)
    await detachForeignKeys(session, id, { schema, name: shadow, only })
    await saveForeignKeys(session, { id, table: live }, { before: [], after })
    return
  }
  if (operation.kind === 'alter') {
    await requireFollowed(session, keys, { request, operation })
    await detachForeignKeys(session, id, { schema, name: shadow })
  }
  const before = keys.before.map((key) => keyOfOld(key, live, old))
  await saveForeignKeys(session, { id, table: live }, { ...keys, before })
}

/** The key as its table has it when it is live. */
function byLiveParent(
  { parent, ...key }: ForeignKey,
  schema: string,
  { id, operations }: EngineRequest,
): ForeignKey {
  const found = operations.find(
    ({ table }) => parent.schema === schema && tableNames(id, table).shadow === parent.name,
  )
  return { ...key, parent: found ? { schema, name: found.table } : parent }
}

type OneOperation = { readonly request: EngineRequest; readonly operation: TableOperation }

function requireParents(
  after: readonly ForeignKey[],
  schema: string,
  { request, operation }: OneOperation,
): void {
  const dropped = request.operations.filter(({ kind }) => kind === 'drop')
  const refusal = childOfDropped(operation.table, after, {
    schema,
    dropped: dropped.map(({ table }) => table),
  })
  if (refusal) throw refusal
}

/** The live table enforces every key of the new form already, and the old one can follow what they do. */
async function requireFollowed(
  session: Session,
  keys: ForeignKeys,
  { request, operation }: OneOperation,
): Promise<void> {
  const { renames } = parseAlter(operation.statement)
  const [added] = addedForeignKeys(keys, renames)
  if (added) throw newForeignKey(operation.table, added)
  const silent = request.revertWindowMs === null ? null : silentForeignKey(keys.after)
  if (silent && !(await logsCascades(session))) throw silentAfter(operation.table, silent)
}
