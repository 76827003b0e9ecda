import type { EngineEvent, LongTransaction, RunStatus, Verified } from '../engine/port.ts'
import type { CommandIo } from './io.ts'
import { type OrderAnswer, statusToJson, toJson } from './order.ts'

/** How a run is told: to a machine as JSON, to a person as sentences. */
export type Printer = {
  readonly event: (event: EngineEvent) => void
  readonly order: (answer: OrderAnswer) => void
}

export function printerFor(io: CommandIo, json: boolean): Printer {
  return json ? machinePrinter(io) : personPrinter(io)
}

function machinePrinter(io: CommandIo): Printer {
  return {
    event: (event) => io.out(toJson(event)),
    order: (answer) => {
      if (answer.kind === 'status') io.out(statusToJson(answer.status))
      if (answer.kind !== 'refused') return
      const { code, message, next } = answer.refusal
      io.out(JSON.stringify({ event: 'refused', code, message, next }))
    },
  }
}

function personPrinter(io: CommandIo): Printer {
  return {
    event: (event) => {
      for (const line of sentences(event)) io.out(`${clock(event.at)}  ${line}`)
    },
    order: (answer) => {
      if (answer.kind === 'status') io.out(progressLine(answer.status))
      if (answer.kind === 'done') io.out(`ok: ${answer.order}`)
      if (answer.kind !== 'refused') return
      const { code, message, next } = answer.refusal
      io.out(`${code}: ${message}\n  ${next}`)
    },
  }
}

function sentences(event: EngineEvent): readonly string[] {
  switch (event.event) {
    case 'started':
      return startedLines(event)
    case 'progress':
      return [progressLine(event)]
    case 'verified':
      return [`${comparedWords(event)}, in ${(event.tookMs / 1000).toFixed(1)} s.`]
    case 'ready_to_cutover':
      return [
        event.verifiedRows === null
          ? 'Ready: nothing is changed yet. Say "cutover" to change the tables.'
          : `In sync: ${count(event.verifiedRows)} rows compared, all equal. Say "cutover" to swap.`,
      ]
    case 'cutover_retry':
      return event.killed.length > 0
        ? [`Cutover try ${event.attempt}: ${event.reason}.`]
        : [`Cutover try ${event.attempt} gave way: ${event.reason}. Trying again.`]
    case 'cutover_blocked':
      return [
        `The cutover was tried ${event.attempts} times in an hour: ${event.reason}.`,
        'Back at the gate, still in sync. Say "cutover" to try again, or "cutover force" to end what is in the way.',
      ]
    case 'connection_lost':
      return [
        `The server does not answer or is too busy (${event.reason}). Trying again; nothing is lost.`,
      ]
    case 'cutover':
      return [
        `Cut over. Writes could have waited for ${event.stalledMs} ms.`,
        ...windowLine(event.revertUntil),
      ]
    case 'reverse_in_sync':
      return ['The old tables follow the new ones: "revert" would lose nothing.']
    case 'revert_impossible':
      return [`A revert is not possible since ${clock(event.since)}: ${event.reason}`]
    case 'complete':
      return ['Complete.']
    case 'reverted':
      return ['Reverted: the old tables are live again, with the rows written since.']
    case 'cancelled':
      return [`Cancelled: the shadow tables are dropped, ${megabytes(event.freedBytes)} freed.`]
    case 'failed':
      return [`${event.code}: ${event.message}`, `  ${event.next}`]
  }
}

/** `1,234,567 rows compared, 0 differences, 12 had lagged`. */
function comparedWords({ rows, lagging }: Pick<Verified, 'rows' | 'lagging'>): string {
  const lagged = lagging === 0 ? '' : `, ${count(lagging)} had lagged`
  return `${count(rows)} rows compared, 0 differences${lagged}`
}

type Started = EngineEvent & { readonly event: 'started' }

function startedLines({ tables, instant, disk, transactions }: Started): readonly string[] {
  const copies = tables.some(({ shadow }) => shadow !== null)
  return [
    copies
      ? 'Started. The live tables stay in use; their changed copies are:'
      : 'Started. The live tables are changed at the cutover, without copies:',
    ...tables.map(({ live, shadow, old }) => {
      if (shadow !== null) return `  ${live} → ${shadow}`
      return old === null ? `  ${live}` : `  ${live} (dropped at the cutover, kept as ${old})`
    }),
    ...(copies ? instantLines(instant) : []),
    ...(copies && disk !== null ? [diskLine(disk)] : []),
    ...transactions.map(transactionLine),
  ]
}

function diskLine({ copies, log }: NonNullable<Started['disk']>): string {
  return `The copies take about ${megabytes(copies)} of disk, and the binary log ${megabytes(log)} more.`
}

/** Who would be in the way of a cutover now. */
function transactionLine({ connectionId, seconds, table, statement }: LongTransaction): string {
  const uses = table === null ? '' : ` and uses ${table}`
  const last = statement === null ? '' : `, last statement ${statement}`
  const waits = table === null ? 'may wait' : 'would wait'
  return `Connection ${connectionId} has a transaction of ${seconds} s${uses}${last}: a cutover ${waits} for it.`
}

/** Whether the copying could be spared, for whoever copies. */
function instantLines(answers: Started['instant']): readonly string[] {
  if (answers.every(({ eligible }) => eligible === true)) {
    return ['The change could be made without copying, but not be reverted: --instant.']
  }
  return answers
    .filter(({ eligible }) => eligible !== true)
    .map(({ table, eligible, reason }) => {
      const what = eligible === null ? 'could perhaps' : 'could not'
      return `  ${table} ${what} be changed with --instant: ${reason}.`
    })
}

function windowLine(until: Date | null): readonly string[] {
  if (until === null) return []
  return [`Say "revert" until ${clock(until)} to swap back, or "skip-revert" to keep the change.`]
}

const PHASES: Readonly<Record<RunStatus['phase'], string>> = {
  starting: 'starting',
  copying: 'copying rows',
  catching_up: 'catching up',
  verifying: 'comparing all rows',
  in_sync: 'in sync',
  cutting_over: 'cutting over',
  revert_window: 'live; the old tables follow',
  reverting: 'reverting',
  finished: 'finished',
}

function progressLine(status: RunStatus): string {
  const { rowsCopied, rowsEstimated } = status
  const whole = Math.max(1, rowsEstimated)
  const percent =
    status.phase === 'copying' ? Math.min(99, Math.floor((100 * rowsCopied) / whole)) : 100
  const filled = Math.floor(percent / 5)
  const parts = [
    `${'█'.repeat(filled)}${'░'.repeat(20 - filled)} ${percent} %`,
    PHASES[status.phase],
    `${count(rowsCopied)} of about ${count(rowsEstimated)} rows`,
    ...(status.phase === 'copying' ? [`${count(status.rowsPerSecond)} rows/s`] : []),
    ...(status.etaSeconds === null ? [] : [`${status.etaSeconds} s left`]),
    `lag ${status.lagMs} ms`,
    ...(status.paused ? ['paused'] : []),
    ...(status.verified === null
      ? []
      : [`${comparedWords(status.verified)} at ${clock(status.verified.at)}`]),
    ...(status.revertImpossible === null
      ? []
      : [`a revert is not possible since ${clock(status.revertImpossible.since)}`]),
    ...(status.throttledBy === null ? [] : [`${heldUp(status.phase)} ${status.throttledBy}`]),
  ]
  return parts.join(' · ')
}

/** The copy and the comparing give way to what is measured, a swap to who holds the tables. */
function heldUp(phase: RunStatus['phase']): string {
  return SWAPS.has(phase) ? 'in the way:' : 'throttled by'
}

const SWAPS: ReadonlySet<RunStatus['phase']> = new Set([
  'cutting_over',
  'revert_window',
  'reverting',
])

function count(value: number): string {
  return value.toLocaleString('en')
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}

function clock(at: Date): string {
  return `${at.toISOString().slice(11, 19)} UTC`
}
