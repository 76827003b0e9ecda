import {
  checkSentence,
  type DiskEstimate,
  type DurationEstimate,
  isUsed,
  useSentence,
} from '../deploy/forecast.ts'
import { isInstantPossible, type PlannedOperation } from '../deploy/plan.ts'
import {
  blocks,
  code,
  details,
  duration,
  join,
  type Markdown,
  md,
  NOTHING,
  sentence,
  size,
} from './markdown.ts'

/** As many tables as are explained; the rest is counted. */
const MOST_TABLES = 20

/** What a deployment would mean: what needs attention for all to see, the rest folded away by table. */
export function renderOutlook(operations: readonly PlannedOperation[]): Markdown {
  if (operations.length === 0) return NOTHING
  const explained = operations.slice(0, MOST_TABLES).map(explain)
  const left = operations.length - explained.length
  const more = left > 0 ? md`… and ${left} more; \`crossfade plan\` explains them all.` : NOTHING
  return blocks([
    renderAttention(operations),
    details(md`What each change means`, blocks([...explained, more])),
  ])
}

/** What needs attention alone: order, losses, rows in the way, and what would be refused. */
export function renderAttention(operations: readonly PlannedOperation[]): Markdown {
  return blocks([ordersOf(operations), instantLine(operations), list(warningsOf(operations))])
}

const ORDERS = [
  ['schema', md`schema first`],
  ['code', md`code first`],
  ['steps', md`in several steps`],
] as const

/** As many names as a line holds. */
const MOST_NAMES = 10

function ordersOf(operations: readonly PlannedOperation[]): Markdown {
  const parts = ORDERS.flatMap(([first, words]) => {
    const tables = operations.filter(({ order }) => order.first === first)
    if (tables.length === 0) return []
    const names = tables.slice(0, MOST_NAMES).map(({ table }) => code(table))
    const left = tables.length - names.length
    const shown = join(names, md`, `)
    return left > 0 ? [md`${words} (${shown} and ${left} more)`] : [md`${words} (${shown})`]
  })
  return parts.length === 0 ? NOTHING : md`**Deploy order:** ${join(parts, md` · `)}`
}

function instantLine(operations: readonly PlannedOperation[]): Markdown {
  if (!isInstantPossible({ operations }) || operations.some(({ how }) => how === 'instant')) {
    return NOTHING
  }
  return md`⚡ All of it can probably be made at once, without a copy and without a way back: ${code('/deploy method=instant')}`
}

/** As many warnings as are shown unfolded. */
const MOST_WARNINGS = 10

function warningsOf(operations: readonly PlannedOperation[]): readonly Markdown[] {
  const all = operations.flatMap((operation) => [
    ...refusalLines(operation),
    ...inTheWay(operation),
    ...lossLines(operation),
  ])
  const shown = all.slice(0, MOST_WARNINGS)
  const left = all.length - shown.length
  return left > 0 ? [...shown, md`… and ${left} more`] : shown
}

function refusalLines({ table, how, forecast }: PlannedOperation): readonly Markdown[] {
  if (how !== 'refused') return []
  return (forecast?.refusals ?? []).map(
    ({ code: name, message, next }) =>
      md`❌ ${code(table)}: ${code(name)} ${sentence(message)} → ${sentence(next)}`,
  )
}

function inTheWay({ table, forecast }: PlannedOperation): readonly Markdown[] {
  const found = forecast?.checks.filter(({ result }) => result === 'found') ?? []
  return found.map((check) => md`⚠️ ${code(table)}: ${sentence(checkSentence(check))}`)
}

function lossLines({ table, losses, forecast }: PlannedOperation): readonly Markdown[] {
  const use =
    forecast?.use && isUsed(forecast.use) ? md` ${sentence(useSentence(forecast.use))}` : NOTHING
  return losses.map((loss) => md`⚠️ ${code(table)}: ${sentence(loss)} would be lost.${use}`)
}

function explain(operation: PlannedOperation): Markdown {
  const { table, why, instant, order, forecast, how } = operation
  const lines = [
    how === 'refused' ? NOTHING : sentence(why),
    instant ? md`Instant: ${INSTANT[instant.possible]}. ${sentence(instant.why)}` : NOTHING,
    forecast?.duration ? timeLine(forecast.duration) : NOTHING,
    forecast?.disk ? diskLine(forecast.disk) : NOTHING,
    md`Deploy order: ${ORDER[order.first]}. ${sentence(order.why)}`,
    ...(forecast?.checks ?? []).map((check) => sentence(checkSentence(check))),
    forecast?.use ? sentence(useSentence(forecast.use)) : NOTHING,
  ].filter((line) => line !== NOTHING)
  return md`**${code(table)}**\n\n${list(lines)}`
}

const INSTANT = {
  yes: md`yes`,
  probably: md`probably`,
  unlikely: md`unlikely`,
  no: md`no`,
} as const

const ORDER = {
  schema: md`schema first`,
  code: md`code first`,
  either: md`either`,
  steps: md`in several steps`,
} as const

function timeLine({ seconds, least, most, from }: DurationEstimate): Markdown {
  return md`Time: about ${duration(seconds)}, between ${duration(least)} and ${duration(most)} (${sentence(from)}).`
}

function diskLine({ newTable, oldTable, log, free }: DiskEstimate): Markdown {
  const left = free === null ? md`not known` : size(free)
  return md`Disk: ${size(newTable)} for the new table and about ${size(log)} for the log of changes; ${size(oldTable)} of the former table are freed when it is dropped. Free: ${left}.`
}

function list(lines: readonly Markdown[]): Markdown {
  return join(
    lines.map((line) => md`- ${line}`),
    md`\n`,
  )
}
