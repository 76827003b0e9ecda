import { ddlOf, dropsData, withoutTags } from '../schema/diff/ddl.ts'
import type { SchemaChange } from '../schema/diff/diff.ts'
import { unifiedDiff } from '../schema/diff/text-diff.ts'
import { fingerprintAround } from '../schema/fingerprint.ts'
import { quoteName, type Schema } from '../schema/table.ts'
import type { Failure } from './deployment.ts'
import { type DigestInput, digestOf, type PlanDigest } from './digest.ts'
import type { DataCheck, Forecast } from './forecast.ts'
import { type Instant, instantByRule, reasonOf } from './reason.ts'
import { type ShipOrder, shipOrder } from './ship-order.ts'

/** The change of one table or view, as it would run now. */
export type PlannedOperation = {
  readonly kind: SchemaChange['kind']
  /** The name of the table or view. */
  readonly table: string
  /** The whole statement: `ALTER TABLE …`. */
  readonly statement: string
  /**
   * How the engine does it; a `drop` moves the table into quarantine at the cutover, a `view` is made right after it,
   * `refused` says that it would not begin: `forecast.refusals` tells why.
   */
  readonly how: 'shadow' | 'instant' | 'create' | 'drop' | 'view' | 'refused'
  /** Why it runs like that, in a sentence or two. */
  readonly why: string
  /** Whether the server could make the change without copying rows; null where no rows would be copied anyway. */
  readonly instant: Instant | null
  /** True when values that are there now would be gone. */
  readonly dropsData: boolean
  /** What would be gone, in words. */
  readonly losses: readonly string[]
  /** Whether to deploy the schema before the code that goes with it, or after it. */
  readonly order: ShipOrder
  /** The server's own estimates; null where there is no table yet. */
  readonly rowsEstimated: number | null
  readonly bytesEstimated: number | null
  /** What was found out by reading the server; null when nobody has asked it. */
  readonly forecast: Forecast | null
  /** The change of the table's definition as a unified diff, without file header. */
  readonly diff: string
}

/** What would run against one production branch, and the hash of it. */
export type Plan = {
  readonly operations: readonly PlannedOperation[]
  /** The hash of what of the live schema the plan was made for: `fingerprintAround`. */
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

/** What was found out about a change before it is planned. */
export type Findings = {
  /** What the server estimates of the live table. */
  readonly size: { readonly rows: number; readonly bytes: number } | null
  readonly forecast: Forecast | null
  /** What a server said of an instant change; null when none was asked. */
  readonly instant: Instant | null
  /** How it is to be deployed. */
  readonly method: 'shadow' | 'instant'
}

const NOTHING_KNOWN: Findings = { size: null, forecast: null, instant: null, method: 'shadow' }

/** How a change of the schema would run, as far as is known. */
export function planOperation(
  change: SchemaChange,
  findings: Partial<Findings> | null = null,
): PlannedOperation {
  const { size, forecast, instant, method } = { ...NOTHING_KNOWN, ...findings }
  const from = 'from' in change ? change.from.sql : null
  const to = 'to' in change ? change.to.sql : null
  const { kind, table, statement } = ddlOf(change)
  const way = kind === 'alter' ? method : HOW[kind]
  const [refusal] = forecast?.refusals ?? []
  return {
    kind,
    table,
    statement,
    how: refusal ? 'refused' : way,
    why: refusal ? refusal.message : reasonOf(change, method),
    instant: instant ?? instantByRule(change),
    dropsData: dropsData(change),
    losses: lossesOf(change),
    order: shipOrder(change),
    rowsEstimated: size?.rows ?? null,
    bytesEstimated: size?.bytes ?? null,
    forecast,
    // Without the two lines that name files: whoever shows it names the table.
    diff: unifiedDiff(table, from, to).split('\n').slice(2).join('\n'),
  }
}

/** What is gone after a change, in words that “would be lost” can follow. */
function lossesOf(change: SchemaChange): readonly string[] {
  if (change.kind === 'drop') return ['the table with all its rows']
  if (change.kind !== 'alter') return []
  return change.clauses.flatMap((clause) => {
    if (clause.kind === 'drop_column' && clause.column.generated === null) {
      return [`every value of the column ${quoteName(clause.column.name)}`]
    }
    const isComputed =
      clause.kind === 'modify_column' &&
      clause.from.generated === null &&
      clause.to.generated !== null
    return isComputed
      ? [
          `every value that was written into the column ${quoteName(clause.from.name)}, as it is computed from then on,`,
        ]
      : []
  })
}

/** What the digest of a plan that brings `live` to `wanted` holds besides its statements. */
export function circumstancesOf(
  operations: readonly Pick<PlannedOperation, 'table'>[],
  { method, ...schemas }: Circumstances,
): Omit<DigestInput, 'statements'> {
  const touched = operations.map(({ table }) => table)
  return { liveFingerprint: fingerprintAround(touched, schemas), engineOptions: { method } }
}

export type Circumstances = {
  readonly live: Schema
  readonly wanted: Schema
  readonly method: 'shadow' | 'instant'
}

/** The plan of `operations`, in the order in which they run. */
export function makePlan(
  operations: readonly PlannedOperation[],
  live: Omit<DigestInput, 'statements'>,
): Plan {
  const statements = operations.map(({ statement }) => withoutTags(statement))
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

/** Why the engine would not deploy `plan`, each reason once; empty when nothing is known to be in the way. */
export function refusalsOf({ operations }: Pick<Plan, 'operations'>): readonly Failure[] {
  const all = operations.flatMap(({ how, forecast }) =>
    how === 'refused' ? (forecast?.refusals ?? []) : [],
  )
  return [...new Map(all.map((failure) => [failure.message, failure])).values()]
}

/** Whether a plan could be deployed with `method=instant`: every table that changes can probably be changed at once. */
export function isInstantPossible({ operations }: Pick<Plan, 'operations'>): boolean {
  return (
    operations.some(({ kind }) => kind === 'alter') &&
    operations.every(
      ({ instant }) => instant === null || /^(?:yes|probably)$/.test(instant.possible),
    )
  )
}

/** What was found among the rows that are there now and would stop the deployment. */
export function rowsInTheWay({ operations }: Pick<Plan, 'operations'>): readonly DataCheck[] {
  return operations.flatMap(
    ({ forecast }) => forecast?.checks.filter(({ result }) => result === 'found') ?? [],
  )
}
