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
  return plan.operations.some(({ dropsData }) => dropsData)
}
