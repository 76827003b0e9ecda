import { Refusal } from '../errors.ts'
import { readServer } from '../mysql/server.ts'
import type { Session } from '../mysql/session.ts'
import type { Table } from '../schema/table.ts'
import {
  addedForeignKeys,
  childOfDropped,
  type ForeignKey,
  newForeignKey,
  silentAfter,
  silentForeignKey,
} from './cutover/foreign-key.ts'
import type { Assessment, TableOperation } from './port.ts'
import { checkBinlog } from './preflight/binlog.ts'
import { checkBinlogFilter } from './preflight/binlog-filter.ts'
import { checkBinlogRetention } from './preflight/binlog-retention.ts'
import type { Check, PlannedTable, PreflightContext } from './preflight/check.ts'
import { checkFlavour } from './preflight/flavour.ts'
import { checkForeignKeys, logsCascades } from './preflight/foreign-keys.ts'
import { checkLockOrder } from './preflight/lock-order.ts'
import { checkReadOnly } from './preflight/read-only.ts'
import { checkReplicatedChanges } from './preflight/replicated-changes.ts'
import { checkTables } from './preflight/tables.ts'
import { periodIn, unsupported } from './preflight/temporal-tables.ts'
import { checkTriggers } from './preflight/triggers.ts'
import { engineRequest } from './request.ts'
import { pairTables } from './table/pair.ts'
import { plannedShape } from './table/planned-shape.ts'
import { parseAlter } from './table/statement.ts'
import { findTable } from './table/table-shape.ts'

/** An operation with the table before and after it; null where there is none. */
export type OperationToAssess = {
  readonly operation: TableOperation
  readonly before: Table | null
  readonly after: Table | null
}

/**
 * What a deployment would refuse, as far as reading tells: nothing is written, and no shadow table is made. So it is
 * less than `stage` finds: what only the account that deploys may see, and other deployments, are left to it.
 */

/** About the server, whichever table is changed. */
const SERVER: readonly Check[] = [
  checkFlavour,
  checkReadOnly,
  checkBinlog,
  checkBinlogFilter,
  checkBinlogRetention,
  checkReplicatedChanges,
]

const TABLES: readonly Check[] = [checkTables, checkForeignKeys, checkTriggers, checkLockOrder]

/** What an instant change minds of these. */
const SERVER_INSTANT: readonly Check[] = [checkReadOnly]
const TABLES_INSTANT: readonly Check[] = [checkTables, checkForeignKeys]

/** What is in the way of each operation, in their order, for both ways to deploy them. */
export async function assess(
  session: Session,
  schema: string,
  {
    operations,
    revertWindowMs,
  }: {
    readonly operations: readonly OperationToAssess[]
    readonly revertWindowMs: number | null
  },
): Promise<readonly Assessment[]> {
  const base = {
    session,
    schema,
    server: await readServer(session),
    replicas: [],
    signals: [],
  }
  const context = (method: 'shadow' | 'instant', tables: readonly PlannedTable[]) => {
    const wanted = tables.map(({ operation }) => operation)
    const window = method === 'instant' ? null : revertWindowMs
    const request = engineRequest({
      id: 'assess',
      operations: wanted,
      method,
      revertWindowMs: window,
    })
    return { ...base, request, tables }
  }
  const server = {
    shadow: await run(SERVER, context('shadow', [])),
    instant: await run(SERVER_INSTANT, context('instant', [])),
  }
  const followsAll = revertWindowMs === null || (await logsCascades(session))
  const assessments: Assessment[] = []
  for (const one of operations) {
    const { operation } = one
    const tables = [{ operation, shape: await findTable(session, schema, operation.table) }]
    const twice = changedTwice(operation, operations)
    assessments.push({
      table: operation.table,
      shadow: [
        ...server.shadow,
        ...(await run(TABLES, context('shadow', tables))),
        ...twice,
        ...whyNotShadowed(schema, one, followsAll),
        ...whyNotMade(schema, one, operations),
      ],
      instant: [
        ...server.instant,
        ...(await run(TABLES_INSTANT, context('instant', tables))),
        ...twice,
      ],
    })
  }
  return assessments
}

async function run(
  checks: readonly Check[],
  context: PreflightContext,
): Promise<readonly Refusal[]> {
  const found: Refusal[] = []
  for (const check of checks) found.push(...(await check(context)))
  // Whoever plans need not be who deploys.
  return found.filter(({ code }) => code !== 'PRIVILEGE_MISSING')
}

function changedTwice(
  { table }: TableOperation,
  all: readonly OperationToAssess[],
): readonly Refusal[] {
  const folded = table.toLowerCase()
  const same = all.filter(({ operation }) => operation.table.toLowerCase() === folded)
  if (same.length < 2) return []
  return [
    new Refusal('TABLE_UNSUPPORTED', `The table ${table} is changed by more than one statement.`, {
      next: 'Make two deploy requests of it, one after the other.',
    }),
  ]
}

/** What shows only when the shadow table is made, told by the definitions of the table before and after. */
function whyNotShadowed(
  schema: string,
  { operation, before, after }: OperationToAssess,
  followsAll: boolean,
): readonly Refusal[] {
  if (operation.kind !== 'alter' || !before || !after) return []
  return [
    () => requirePair(schema, operation, { before, after }),
    () => requireNoNewForeignKey(schema, operation, { before, after }),
    () => followsAll || requireNoSilentKey(schema, operation.table, after),
    () => requireNoPeriod(operation.table, [before, after]),
  ].flatMap((check) => refusalOf(check) ?? [])
}

/** What is in the way of a new table beside the others. */
function whyNotMade(
  schema: string,
  { operation, after }: OperationToAssess,
  all: readonly OperationToAssess[],
): readonly Refusal[] {
  if (operation.kind !== 'create' || !after) return []
  const dropped = all
    .filter((one) => one.operation.kind === 'drop')
    .map((one) => one.operation.table)
  return [
    childOfDropped(operation.table, foreignKeysOf(schema, after), { schema, dropped }),
  ].filter((refusal) => refusal !== null)
}

function refusalOf(check: () => unknown): Refusal | null {
  try {
    check()
    return null
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

type Sides = { readonly before: Table; readonly after: Table }

/** Rows can be followed by a key, forth and back. */
function requirePair(
  schema: string,
  { statement }: TableOperation,
  { before, after }: Sides,
): void {
  const { renames, dropped } = parseAlter(statement)
  const back = new Map([...renames].map(([from, to]) => [to, from]))
  const [old, shadow] = [plannedShape(schema, before), plannedShape(schema, after)]
  pairTables(old, shadow, { renames, dropped, towardsOld: false })
  pairTables(shadow, old, { renames: back, dropped, towardsOld: true })
}

function requireNoNewForeignKey(
  schema: string,
  { table, statement }: TableOperation,
  { before, after }: Sides,
): void {
  const { renames } = parseAlter(statement)
  const keys = { before: foreignKeysOf(schema, before), after: foreignKeysOf(schema, after) }
  const [added] = addedForeignKeys(keys, renames)
  if (added) throw newForeignKey(table, added)
}

function requireNoSilentKey(schema: string, table: string, after: Table): void {
  const silent = silentForeignKey(foreignKeysOf(schema, after))
  if (silent) throw silentAfter(table, silent)
}

function foreignKeysOf(schema: string, { foreignKeys }: Table): readonly ForeignKey[] {
  return foreignKeys.map(({ name, columns, parentSchema, parent, parentColumns, definition }) => ({
    name,
    columns,
    parent: { schema: parentSchema ?? schema, name: parent },
    parentColumns,
    definition,
  }))
}

function requireNoPeriod(table: string, sides: readonly Table[]): void {
  for (const { sql } of sides) {
    const found = periodIn(sql)
    if (found !== null) throw unsupported(table, found)
  }
}
