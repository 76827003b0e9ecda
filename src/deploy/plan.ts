import { ddlOf, dropsData } from '../schema/ddl.ts'
import type { TableChange } from '../schema/diff.ts'
import { unifiedDiff } from '../schema/text-diff.ts'
import { type DigestInput, digestOf, type PlanDigest } from './digest.ts'

/** The change of one table, as it would run now. */
export type PlannedOperation = {
  readonly kind: 'create' | 'alter' | 'drop'
  readonly table: string
  /** The whole statement: `ALTER TABLE …`. */
  readonly statement: string
  /** How the engine does it; a `drop` moves the table into quarantine at the cutover. */
  readonly how: 'shadow' | 'create' | 'drop'
  /** True when values that are there now would be gone. */
  readonly dropsData: boolean
  /** The server's own estimates; null where there is no table yet. */
  readonly rowsEstimated: number | null
  readonly bytesEstimated: number | null
  /** The change of the table's definition as a unified diff, without file header. */
  readonly diff: string
}

/** What would run against one production branch, and the hash of it. */
export type Plan = {
  readonly operations: readonly PlannedOperation[]
  /** The hash of the live schema that the plan was made for. */
  readonly liveFingerprint: string
  readonly digest: PlanDigest
}

const HOW = { create: 'create', alter: 'shadow', drop: 'drop' } as const

/** How a change of the schema would run; `size` is what the server estimates of the live table, if anybody asked. */
export function planOperation(
  change: TableChange,
  size: { readonly rows: number; readonly bytes: number } | null,
): PlannedOperation {
  const from = change.kind === 'create' ? null : change.from.sql
  const to = change.kind === 'drop' ? null : change.to.sql
  const { kind, table, statement } = ddlOf(change)
  return {
    kind,
    table,
    statement,
    how: HOW[kind],
    dropsData: dropsData(change),
    rowsEstimated: size?.rows ?? null,
    bytesEstimated: size?.bytes ?? null,
    // Without the two lines that name files: whoever shows it names the table.
    diff: unifiedDiff(table, from, to).split('\n').slice(2).join('\n'),
  }
}

/** The plan of `operations`, in the order in which they run. */
export function makePlan(
  operations: readonly PlannedOperation[],
  live: Omit<DigestInput, 'statements'>,
): Plan {
  const statements = operations.map(({ statement }) => statement)
  return {
    operations,
    liveFingerprint: live.liveFingerprint,
    digest: digestOf({ statements, ...live }),
  }
}

/** Whether deploying `plan` loses values that are there now, so that a person must confirm it. */
export function isDestructive(plan: Plan): boolean {
  return plan.operations.some((operation) => operation.dropsData)
}
