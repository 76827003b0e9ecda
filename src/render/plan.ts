import type { PlannedOperation } from '../deploy/plan.ts'
import { type DeploymentProgress, percentCopied } from '../deploy/progress.ts'
import { COMMENT_LIMIT } from './budget.ts'
import {
  code,
  count,
  details,
  duration,
  fence,
  join,
  type Markdown,
  md,
  NOTHING,
  size,
  table,
} from './markdown.ts'

/** As many rows as a table of changes shows; the rest is counted. */
const MOST_ROWS = 40

/** The table of changes: what happens to each table, how, and what it costs. */
export function renderChanges(
  operations: readonly PlannedOperation[],
  { progress = null, mostRows = MOST_ROWS }: ChangesOptions = {},
): Markdown {
  if (operations.length === 0) return NOTHING
  const copying = progress?.phase === 'copying' ? progress : null
  const head = [md`Table`, md`Change`, md`How`, md`Rows`, md`Size`, md`Time`, md`Risk`]
  const rows = operations.slice(0, mostRows).map((operation) => {
    const cells = changeCells(operation)
    return copying ? [...cells, copiedCell(copying, operation.table)] : cells
  })
  const shown = table(copying ? [...head, md`Copied`] : head, rows)
  const left = operations.length - rows.length
  return left > 0 ? md`${shown}\n\n… and ${left} more.` : shown
}

export type ChangesOptions = {
  readonly progress?: DeploymentProgress | null
  readonly mostRows?: number
}

function changeCells(operation: PlannedOperation): Markdown[] {
  const { kind, how, rowsEstimated, bytesEstimated, forecast } = operation
  return [
    code(operation.table),
    KIND[kind],
    HOW[how],
    rowsEstimated === null ? md`–` : md`~${count(rowsEstimated)}`,
    bytesEstimated === null ? md`–` : size(bytesEstimated),
    forecast?.duration ? md`~${duration(forecast.duration.seconds)}` : md`–`,
    riskOf(operation),
  ]
}

function riskOf({ dropsData, forecast }: PlannedOperation): Markdown {
  const isInTheWay = forecast?.checks.some(({ result }) => result === 'found')
  const risks = [
    ...(dropsData ? [md`⚠️ drops data`] : []),
    ...(isInTheWay ? [md`⚠️ rows in the way`] : []),
  ]
  return risks.length === 0 ? md`–` : join(risks, md`, `)
}

function copiedCell({ phase, tables }: DeploymentProgress, name: string): Markdown {
  const progress = tables.find((candidate) => candidate.table === name)
  return progress ? md`${percentCopied({ phase, ...progress })} %` : md`–`
}

const KIND = {
  create: md`create`,
  alter: md`alter`,
  drop: md`drop`,
  create_view: md`create view`,
  replace_view: md`replace view`,
  drop_view: md`drop view`,
} as const satisfies Record<PlannedOperation['kind'], Markdown>

const HOW = {
  shadow: md`shadow copy`,
  create: md`new table`,
  drop: md`moved to quarantine`,
  instant: md`at once, without a copy`,
  view: md`right after the cutover`,
  refused: md`❌ refused`,
} as const satisfies Record<PlannedOperation['how'], Markdown>

/** Stands for the statements when they do not fit. */
export const SQL_TOO_LONG = md`The SQL of the plan is too long to be shown here.`

/** The statements in the order in which they run, folded away. */
export function renderPlanSql(operations: readonly PlannedOperation[]): Markdown {
  if (operations.length === 0) return NOTHING
  const statements = operations.map(({ statement }) => `${statement.replace(/;\s*$/, '')};`)
  const text = statements.join('\n\n')
  if (text.length > COMMENT_LIMIT) return SQL_TOO_LONG
  return details(md`SQL of the plan`, fence('sql', text))
}
