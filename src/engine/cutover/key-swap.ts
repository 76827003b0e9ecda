import type { Session } from '../../mysql/session.ts'
import type { PreparedOperation } from '../shadow.ts'
import { attachForeignKeys, detachForeignKeys, type ForeignKey, type Freed } from './foreign-key.ts'
import { type SwapPlan, SwapUnrecorded, swapNames } from './swap.ts'
import type { TableName } from './table-locks.ts'

/**
 * The foreign keys of the tables of a swap (invariant FOREIGN-1). All of it happens while the parents are locked for
 * writers: each table gets its keys when it holds the rows of the live one, right before the RENAME, and the one that was
 * live loses them right after it. In between both have them; no moment is without.
 */

/** Gives the tables that are about to be live their keys, each through the session that holds its lock. */
export async function attachKeys(
  plan: SwapPlan,
  sessionOf: (operation: PreparedOperation) => Session,
): Promise<void> {
  for (const { operation, table, keys } of tablesToAttach(plan)) {
    await attachForeignKeys(sessionOf(operation), plan.id, table, keys)
  }
}

/** After a RENAME that failed: as it was before {@link attachKeys}, however far that came. */
export async function detachAttached(session: Session, plan: SwapPlan): Promise<void> {
  for (const { table, keys } of tablesToAttach(plan)) {
    await detachForeignKeys(session, plan.id, { ...table, only: keys })
  }
}

/**
 * After the RENAME: takes the keys from the tables that were live.
 *
 * @throws {SwapUnrecorded} It is swapped, and stays so: whoever goes on from the dictionary takes them off before anything else.
 */
export async function detachAway(session: Session, plan: SwapPlan): Promise<void> {
  for (const { away } of plan.operations.map((one) => swapNames(one, plan.direction))) {
    if (away === null) continue
    await detachForeignKeys(session, plan.id, { schema: plan.schema, name: away }).catch(
      (error: unknown) => {
        throw new SwapUnrecorded(error)
      },
    )
  }
}

/** The foreign keys of all tables of a swap, in both forms. */
export function keysOf({ operations }: Pick<SwapPlan, 'operations'>): readonly ForeignKey[] {
  return operations.flatMap(({ foreignKeys }) => [...foreignKeys.before, ...foreignKeys.after])
}

/** The tables that are to have no foreign keys, or not all of theirs, between two swaps. */
export function tablesWithout(
  stage: 'forward' | 'reverse',
  { schema, operations }: Pick<SwapPlan, 'schema' | 'operations'>,
): readonly Freed[] {
  return operations.map((one) => {
    if (stage === 'reverse') return { schema, name: one.names.old }
    const shadow = { schema, name: one.names.shadow }
    if (one.operation.kind !== 'create') return shadow
    return { ...shadow, only: keysToChanged(one, { schema, operations }) }
  })
}

function tablesToAttach(plan: SwapPlan): readonly {
  readonly operation: PreparedOperation
  readonly table: TableName
  readonly keys: readonly ForeignKey[]
}[] {
  return plan.operations.flatMap((operation) => {
    const { other } = swapNames(operation, plan.direction)
    const keys = keysToAttach(operation, plan)
    if (other === null || keys.length === 0) return []
    return [{ operation, table: { schema: plan.schema, name: other }, keys }]
  })
}

function keysToAttach(one: PreparedOperation, plan: SwapPlan): readonly ForeignKey[] {
  if (one.operation.kind === 'create') return keysToChanged(one, plan)
  return plan.direction === 'forward' ? one.foreignKeys.after : one.foreignKeys.before
}

/**
 * A table that is created has its keys from the beginning, but for those to tables that are changed with it: through them
 * MariaDB's LOCK TABLES of the parent's shadow would lock it as well, and hold the RENAME up out of turn.
 */
function keysToChanged(
  { foreignKeys }: PreparedOperation,
  { schema, operations }: Pick<SwapPlan, 'schema' | 'operations'>,
): readonly ForeignKey[] {
  const isChanged = ({ parent }: ForeignKey) =>
    parent.schema === schema &&
    operations.some(
      ({ operation, names }) => operation.kind === 'alter' && names.live === parent.name,
    )
  return foreignKeys.after.filter(isChanged)
}
