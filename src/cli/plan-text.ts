import { checkSentence, useSentence } from '../deploy/forecast.ts'
import {
  isInstantPossible,
  type Plan,
  type PlannedOperation,
  refusalsOf,
  rowsInTheWay,
} from '../deploy/plan.ts'

/** Nothing that is known stands in the way of the plan. */
export function isDeployable(plan: Plan): boolean {
  return refusalsOf(plan).length === 0 && rowsInTheWay(plan).length === 0
}

/** The plan for machines; `crossfade plan --help` documents it. */
export function toJson(plan: Plan) {
  const { operations, digest } = plan
  return {
    equal: operations.length === 0,
    deployable: isDeployable(plan),
    digest: operations.length === 0 ? null : digest,
    operations,
  }
}

/** The plan for people: a table of all changes, what is to be known of each, and what it comes to. */
export function toText(plan: Plan): readonly string[] {
  const { operations } = plan
  if (operations.length === 0) return []
  return [
    ...overview(operations),
    ...operations.flatMap((operation) => ['', ...detailsOf(operation)]),
    '',
    ...summary(plan),
  ]
}

const HEAD = ['TABLE', 'CHANGE', 'HOW', 'ROWS', 'SIZE', 'TIME', 'DEPLOY', '']

function overview(operations: readonly PlannedOperation[]): readonly string[] {
  const rows = [HEAD, ...operations.map(cellsOf)]
  const widths = HEAD.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

const KIND = {
  create: 'create',
  alter: 'alter',
  drop: 'drop',
  create_view: 'create view',
  replace_view: 'replace view',
  drop_view: 'drop view',
} as const satisfies Record<PlannedOperation['kind'], string>

const HOW = {
  shadow: 'shadow copy',
  instant: 'instant',
  create: 'new table',
  drop: 'quarantine',
  view: 'view',
  refused: 'REFUSED',
} as const satisfies Record<PlannedOperation['how'], string>

const ORDER = {
  schema: 'schema first',
  code: 'code first',
  either: 'either',
  steps: 'in steps',
} as const satisfies Record<PlannedOperation['order']['first'], string>

function cellsOf(operation: PlannedOperation): readonly string[] {
  const { rowsEstimated, bytesEstimated, forecast, dropsData, kind, how, order } = operation
  return [
    printable(operation.table),
    KIND[kind],
    HOW[how],
    rowsEstimated === null ? '–' : `~${number(rowsEstimated)}`,
    bytesEstimated === null ? '–' : size(bytesEstimated),
    forecast?.duration ? `~${time(forecast.duration.seconds)}` : '–',
    ORDER[order.first],
    [
      ...(dropsData ? ['drops data'] : []),
      ...(forecast?.checks.some(({ result }) => result === 'found') ? ['rows in the way'] : []),
    ].join(', '),
  ]
}

function detailsOf(operation: PlannedOperation): readonly string[] {
  const { statement, why, instant, order, losses, forecast, how } = operation
  const refusals = forecast?.refusals ?? []
  return [
    printable(operation.table),
    ...`${statement};`.split('\n').map((line) => `    ${printable(line)}`),
    ...(how === 'refused'
      ? refusals.flatMap(({ code, message, next }) => [
          ...item('Refused', `${code}: ${message}`),
          ...item('', `→ ${next}`),
        ])
      : item('How', `${HOW[how]}. ${why}`)),
    ...(instant && how !== 'instant' ? item('Instant', `${instant.possible}. ${instant.why}`) : []),
    ...(forecast ? costLines(forecast) : []),
    ...item('Deploy', `${ORDER[order.first]}. ${order.why}`),
    ...losses.flatMap((loss) => item('Lost', `${loss} would be lost.`)),
    ...(forecast?.checks ?? []).flatMap((check) => item('Rows', checkSentence(check))),
    ...(forecast?.use ? item('Use', useSentence(forecast.use)) : []),
  ]
}

const LABEL_WIDTH = 9

function item(label: string, text: string): readonly string[] {
  return [`  ${label.padEnd(LABEL_WIDTH)}${printable(text)}`]
}

function costLines({
  duration,
  disk,
}: NonNullable<PlannedOperation['forecast']>): readonly string[] {
  return [
    ...(duration
      ? item(
          'Time',
          `about ${time(duration.seconds)}, between ${time(duration.least)} and ${time(duration.most)} (${duration.from}).`,
        )
      : []),
    ...(disk
      ? item(
          'Disk',
          `${size(disk.newTable)} for the new table and about ${size(disk.log)} for the log of changes; ${size(disk.oldTable)} of the former table are freed when it is dropped. Free: ${disk.free === null ? 'not known' : size(disk.free)}.`,
        )
      : []),
  ]
}

function verdictOf(plan: Plan): readonly string[] {
  const refusals = refusalsOf(plan)
  if (refusals.length > 0) {
    const codes = [...new Set(refusals.map(({ code }) => code))]
    return [`It would be refused: ${codes.join(', ')}.`]
  }
  return rowsInTheWay(plan).length > 0 ? ['Rows that are there now would stop it.'] : []
}

function summary(plan: Plan): readonly string[] {
  const { operations, digest } = plan
  const durations = operations.flatMap(({ forecast }) => forecast?.duration ?? [])
  const seconds = durations.reduce((sum, duration) => sum + duration.seconds, 0)
  const disk = operations.flatMap(({ forecast }) => forecast?.disk ?? [])
  const bytes = disk.reduce((sum, { newTable, log }) => sum + newTable + log, 0)
  const total =
    durations.length > 0
      ? [`In all about ${time(seconds)} and ${size(bytes)} more on disk; both are estimates.`]
      : []
  const instant =
    isInstantPossible(plan) && operations.every(({ how }) => how !== 'instant')
      ? [
          'All of it can probably be made at once, without a copy and without a way back: --instant plans that.',
        ]
      : []
  return [...total, ...instant, ...verdictOf(plan), `Plan ${digest.slice(0, 12)}`]
}

/** A name can hold anything, also what a terminal would obey. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '�')
}

function number(value: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(
    value,
  )
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

function size(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${SIZES[power]}`
}

function time(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Number((seconds / 3_600).toPrecision(2))} h`
  return `${Math.round(seconds / 86_400)} days`
}
