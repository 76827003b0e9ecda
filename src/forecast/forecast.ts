import type { Clock } from '../clock.ts'
import type { Failure } from '../deploy/deployment.ts'
import type { DataCheck, DurationEstimate, Forecast, PastCopy } from '../deploy/forecast.ts'
import type { Findings } from '../deploy/plan.ts'
import { assess } from '../engine/assess.ts'
import type { Assessment } from '../engine/port.ts'
import type { Refusal } from '../errors.ts'
import type { Session } from '../mysql/session.ts'
import { readTableSizes, type TableSize } from '../mysql/table-size.ts'
import { ddlOf } from '../schema/diff/ddl.ts'
import { type SchemaChange, type TableChange, tableOf } from '../schema/diff/diff.ts'
import type { Schema } from '../schema/table.ts'
import { checkData } from './data-check.ts'
import { type DiskState, diskFor, readDiskState } from './disk.ts'
import { durationByDeploys, durationBySample, sampleRows } from './duration.ts'
import { type Tried, tryInstant } from './instant.ts'
import { neededChecks } from './needed-checks.ts'
import { Reader } from './reader.ts'
import { readTableUse } from './table-use.ts'

export type ForecastOptions = {
  readonly clock: Clock
  /** How it is to be deployed. */
  readonly method: 'shadow' | 'instant'
  readonly revertWindowMs: number | null
  /** Earlier deployments on the same server. */
  readonly past: readonly PastCopy[]
  /** A session on a scratch server, to try on it what is instant; null where there is none. */
  readonly scratch: Session | null
  /** After so many milliseconds nothing more is asked. */
  readonly withinMs: number
  /** Told the name of each table before it is looked at. */
  readonly onTable: (table: string) => void
}

export type WhatChanges = {
  /** The name of the schema on the server. */
  readonly schema: string
  /** What is on the server. */
  readonly now: Schema
  /** What will be there when the changes are deployed: the same, but for other deployments that go first. */
  readonly live: Schema
  readonly changes: readonly SchemaChange[]
}

/**
 * Finds out what a deployment of `changes` would meet and cost, by reading the server it is for. In the order of the
 * changes; of views there is nothing to find out.
 *
 * @param session can only read afterwards, and has its statements cut short: it is good for nothing else.
 */
export async function forecastChanges(
  session: Session,
  { schema, now, live, changes }: WhatChanges,
  options: ForecastOptions,
): Promise<readonly Partial<Findings>[]> {
  const tables = changes.filter(isOfTable)
  const assessments = await assess(session, schema, {
    operations: tables.slice(0, MOST_ASSESSED).map(toAssess),
    revertWindowMs: options.revertWindowMs,
  })
  const reader = await Reader.open(session, options.clock, options.withinMs)
  const place = {
    reader,
    schema,
    now,
    live,
    sizes: await readTableSizes(session, schema),
    disk: await readDiskState(reader),
    options,
  }
  const findings = new Map<SchemaChange, Partial<Findings>>()
  for (const [at, change] of tables.entries()) {
    options.onTable(tableOf(change))
    findings.set(change, await lookAt(change, knownOf(change, assessments[at], place), place))
  }
  return changes.map((change) => findings.get(change) ?? {})
}

/** Each costs some queries that no deadline ends; what is left is found when the deployment begins. */
const MOST_ASSESSED = 500

function isOfTable(change: SchemaChange): change is TableChange {
  return change.kind === 'create' || change.kind === 'alter' || change.kind === 'drop'
}

function toAssess(change: TableChange) {
  const { table, statement } = ddlOf(change)
  return {
    operation: { kind: change.kind, table, statement },
    before: change.kind === 'create' ? null : change.from,
    after: change.kind === 'drop' ? null : change.to,
  }
}

/** Of a table that another deployment changes first, what is on the server tells nothing yet. */
function knownOf(
  change: TableChange,
  assessment: Assessment | undefined,
  { now, live }: Pick<Place, 'now' | 'live'>,
): Assessment | undefined {
  const name = tableOf(change)
  if (!assessment || now.tables.get(name)?.sql === live.tables.get(name)?.sql) return assessment
  const isSure = ({ code }: Refusal) => code === 'NO_UNIQUE_KEY'
  const { table, shadow, instant } = assessment
  return { table, shadow: shadow.filter(isSure), instant: instant.filter(isSure) }
}

type Place = {
  readonly reader: Reader
  readonly schema: string
  readonly now: Schema
  readonly live: Schema
  readonly sizes: ReadonlyMap<string, TableSize>
  readonly disk: DiskState
  readonly options: ForecastOptions
}

async function lookAt(
  change: TableChange,
  assessment: Assessment | undefined,
  place: Place,
): Promise<Partial<Findings>> {
  const { reader, schema, options } = place
  const { method } = options
  const name = tableOf(change)
  const use = change.kind === 'create' ? null : await readTableUse(reader, schema, name)
  const tried = change.kind === 'alter' ? await tryOut(change, assessment, place) : UNTRIED
  const { instant } = tried
  const refusals = refusalsOf(assessment, method, tried)
  const size = place.sizes.get(name) ?? null
  const copies = change.kind === 'alter' && method === 'shadow' && refusals.length === 0
  const forecast: Forecast = {
    refusals,
    ...(copies ? await costOf(change, place) : { duration: null, disk: null }),
    checks: await checksOf(change, place),
    use,
  }
  return { size, forecast, instant, method }
}

const UNTRIED: Tried = { instant: null, refusal: null }

async function tryOut(
  change: Extract<TableChange, { readonly kind: 'alter' }>,
  assessment: Assessment | undefined,
  { reader, schema, options }: Place,
): Promise<Tried> {
  const { scratch } = options
  const tried = await tryInstant(change, { server: reader.session, schema, scratch })
  const [refusal] = assessment?.instant ?? []
  return refusal ? { ...tried, instant: { possible: 'no', why: refusal.message } } : tried
}

function refusalsOf(
  assessment: Assessment | undefined,
  method: 'shadow' | 'instant',
  { instant, refusal }: Tried,
): readonly Failure[] {
  const found = [...(assessment?.[method] ?? []), ...(refusal ? [refusal] : [])].map(toFailure)
  if (method === 'shadow' || found.length > 0 || instant?.possible !== 'no') return found
  const next =
    'Deploy it without `method=instant` (`--instant`): then the rows are copied beside the application.'
  return [{ code: 'NOT_INSTANT', message: instant.why, next }]
}

function toFailure({ code, message, next }: Refusal): Failure {
  return { code, message, next }
}

async function costOf(
  change: Extract<TableChange, { readonly kind: 'alter' }>,
  { reader, schema, sizes, disk, options }: Place,
): Promise<Pick<Forecast, 'duration' | 'disk'>> {
  const size = sizes.get(change.from.name)
  if (!size) return { duration: null, disk: null }
  const estimate = diskFor(size, disk)
  const past = durationByDeploys(size.bytes, options.past)
  return { disk: estimate, duration: past ?? (await sampled()) }

  async function sampled(): Promise<DurationEstimate | null> {
    const sample = await sampleRows(reader, schema, change.from)
    if (!sample) return null
    const indexes = change.to.keys.filter(({ kind }) => kind !== 'primary').length
    // Statistics may be older than the rows.
    const rows = Math.max(size?.rows ?? 0, sample.rows)
    return durationBySample({ rows, indexes }, sample)
  }
}

async function checksOf(
  change: TableChange,
  { reader, schema, live, sizes }: Place,
): Promise<readonly DataCheck[]> {
  const table = tableOf(change)
  const rows = sizes.get(table)?.rows ?? 0
  const checks: DataCheck[] = []
  for (const needed of neededChecks(change, live)) {
    checks.push(await checkData(reader, { schema, table, rows }, needed))
  }
  return checks
}
