import { ddlOf, dropsData } from '../schema/ddl.ts'
import type { SchemaChange } from '../schema/diff.ts'
import { unifiedDiff } from '../schema/text-diff.ts'
import { type DigestInput, digestOf, type PlanDigest } from './digest.ts'

/** The change of one table or view, as it would run now. */
export type PlannedOperation = {
  readonly kind: SchemaChange['kind']
  /** The name of the table or view. */
  readonly table: string
  /** The whole statement: `ALTER TABLE …`. */
  readonly statement: string
  /** How the engine does it; a `drop` moves the table into quarantine at the cutover, a `view` is made right after it. */
  readonly how: 'shadow' | 'create' | 'drop' | 'view'
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

const HOW = {
  create: 'create',
  alter: 'shadow',
  drop: 'drop',
  create_view: 'view',
  replace_view: 'view',
  drop_view: 'view',
} as const satisfies Record<SchemaChange['kind'], PlannedOperation['how']>

/** How a change of the schema would run; `size` is what the server estimates of the live table, if anybody asked. */
export function planOperation(
  change: SchemaChange,
  size: { readonly rows: number; readonly bytes: number } | null,
): PlannedOperation {
  const from = 'from' in change ? change.from.sql : null
  const to = 'to' in change ? change.to.sql : null
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
