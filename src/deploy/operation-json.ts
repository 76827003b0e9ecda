import { ERRORS, type ErrorCode } from '../errors.ts'
import type { Failure } from './deployment.ts'
import type { DataCheck, DiskEstimate, DurationEstimate, Forecast, TableUse } from './forecast.ts'
import type { PlannedOperation } from './plan.ts'
import type { Instant } from './reason.ts'
import type { ShipOrder } from './ship-order.ts'
import type { Untrusted } from './untrusted.ts'

/** At most 64 characters, as on the server; what is in a name is checked where it is used. */
export const TABLE = /^[^\p{Cc}]{1,64}$/u

/** An operation as JSON has it; the refusal names the field that is wrong. */
export function readOperation(value: Untrusted): PlannedOperation {
  const fields = value.members([
    'kind',
    'table',
    'statement',
    'how',
    'why',
    'instant',
    'dropsData',
    'losses',
    'order',
    'rowsEstimated',
    'bytesEstimated',
    'forecast',
    'diff',
  ])
  return {
    kind: fields.kind.oneOf([
      'create',
      'alter',
      'drop',
      'create_view',
      'replace_view',
      'drop_view',
    ]),
    table: fields.table.match(TABLE, 'must be the name of a table'),
    statement: fields.statement.text(),
    how: fields.how.oneOf(['shadow', 'instant', 'create', 'drop', 'view', 'refused']),
    why: fields.why.text(),
    instant: fields.instant.or(null, readInstant),
    dropsData: fields.dropsData.flag(),
    losses: fields.losses.items().map((loss) => loss.text()),
    order: readOrder(fields.order),
    rowsEstimated: fields.rowsEstimated.or(null, readCount),
    bytesEstimated: fields.bytesEstimated.or(null, readCount),
    forecast: fields.forecast.or(null, readForecast),
    diff: fields.diff.text(),
  }
}

function readInstant(value: Untrusted): Instant {
  const { possible, why } = value.members(['possible', 'why'])
  return { possible: possible.oneOf(['yes', 'probably', 'unlikely', 'no']), why: why.text() }
}

function readOrder(value: Untrusted): ShipOrder {
  const { first, why } = value.members(['first', 'why'])
  return { first: first.oneOf(['schema', 'code', 'either', 'steps']), why: why.text() }
}

function readForecast(value: Untrusted): Forecast {
  const fields = value.members(['refusals', 'duration', 'disk', 'checks', 'use'])
  return {
    refusals: fields.refusals.items().map(readFailure),
    duration: fields.duration.or(null, readDuration),
    disk: fields.disk.or(null, readDisk),
    checks: fields.checks.items().map(readCheck),
    use: fields.use.or(null, readUse),
  }
}

function readDuration(value: Untrusted): DurationEstimate {
  const fields = value.members(['seconds', 'least', 'most', 'basis', 'from'])
  return {
    seconds: readCount(fields.seconds),
    least: readCount(fields.least),
    most: readCount(fields.most),
    basis: fields.basis.oneOf(['sample', 'deploys']),
    from: fields.from.text(),
  }
}

function readDisk(value: Untrusted): DiskEstimate {
  const fields = value.members(['newTable', 'oldTable', 'log', 'free'])
  return {
    newTable: readCount(fields.newTable),
    oldTable: readCount(fields.oldTable),
    log: readCount(fields.log),
    free: fields.free.or(null, readCount),
  }
}

function readCheck(value: Untrusted): DataCheck {
  const fields = value.members([
    'kind',
    'subject',
    'result',
    'found',
    'atLeast',
    'rowsChecked',
    'reason',
  ])
  return {
    kind: fields.kind.oneOf(['duplicates', 'nulls', 'values', 'orphans', 'check']),
    subject: fields.subject.text(),
    result: fields.result.oneOf(['clean', 'found', 'not_checked']),
    found: fields.found.or(null, readCount),
    atLeast: fields.atLeast.flag(),
    rowsChecked: fields.rowsChecked.or(null, readCount),
    reason: fields.reason.or(null, readText),
  }
}

function readUse(value: Untrusted): TableUse {
  const fields = value.members(['reads', 'writes', 'withinSeconds', 'lastWriteSeconds', 'reason'])
  return {
    reads: fields.reads.or(null, readCount),
    writes: fields.writes.or(null, readCount),
    withinSeconds: fields.withinSeconds.or(null, readCount),
    lastWriteSeconds: fields.lastWriteSeconds.or(null, readCount),
    reason: fields.reason.or(null, readText),
  }
}

function readText(value: Untrusted): string {
  return value.text()
}

function readCount(value: Untrusted): number {
  return value.whole(0, Number.MAX_SAFE_INTEGER)
}

/** A problem as JSON has it. */
export function readFailure(value: Untrusted): Failure {
  const { code, message, next } = value.members(['code', 'message', 'next'])
  return {
    // A newer bot may have codes that this Action does not know; its sentence is shown all the same.
    code: FAILURE_CODES.find((known) => known === code.text()) ?? 'BOT_REFUSED',
    message: message.text(),
    next: next.text(),
  }
}

// Sound: the keys of the registry are its codes.
const FAILURE_CODES = ['INTERNAL', ...(Object.keys(ERRORS) as ErrorCode[])] as const
