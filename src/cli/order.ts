import type { EngineEvent, EngineRun, RunStatus } from '../engine/port.ts'
import { Refusal } from '../errors.ts'

const ORDERS: Readonly<Record<string, (run: EngineRun) => void>> = {
  cutover: (run) => run.cutover(),
  'cutover force': (run) => run.cutover({ force: true }),
  pause: (run) => run.pause(),
  resume: (run) => run.resume(),
  cancel: (run) => run.cancel(),
  revert: (run) => run.revert(),
  'skip-revert': (run) => run.skipRevert(),
}

/** What a line of standard input led to. */
export type OrderAnswer =
  | { readonly kind: 'done'; readonly order: string }
  | { readonly kind: 'status'; readonly status: ReturnType<EngineRun['status']> }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'nothing' }

/** Carries out one line of standard input. A refused order changes nothing, and the run goes on. */
export function runOrder(run: EngineRun, line: string): OrderAnswer {
  const [order = '', argument, ...rest] = line.trim().split(/\s+/)
  if (order === '') return { kind: 'nothing' }
  try {
    if (order === 'status') return { kind: 'status', status: run.status() }
    if (order === 'throttle' && rest.length === 0) {
      run.throttle(/^\d+$/.test(argument ?? '') ? Number(argument) : Number.NaN)
      return { kind: 'done', order }
    }
    const said = [order, argument, ...rest].join(' ').trim()
    const action = Object.hasOwn(ORDERS, said) ? ORDERS[said] : undefined
    if (!action) throw unknown(line.trim())
    action(run)
    return { kind: 'done', order: said }
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', refusal: error }
    throw error
  }
}

function unknown(line: string): Refusal {
  const shown = line.slice(0, 40)
  return new Refusal('COMMAND_UNKNOWN', `There is no command "${shown}".`, {
    next: 'Say one of: status, cutover, cutover force, pause, resume, throttle N, cancel, revert, skip-revert.',
  })
}

/** An event as it is printed for machines: without what was thrown, which may hold row values. */
export function toJson(event: EngineEvent): string {
  const told = { ...event, cause: undefined }
  if (event.event === 'verified') return JSON.stringify({ ...told, ...NO_DIFFERENCE })
  if (event.event === 'progress') return JSON.stringify({ ...told, ...verifiedOf(event) })
  return JSON.stringify(told)
}

/** A status as it is printed for machines. */
export function statusToJson(status: RunStatus): string {
  return JSON.stringify({ event: 'status', ...status, ...verifiedOf(status) })
}

/** Whoever reads a comparison's result looks for it. With any difference there is no result: the deployment ends with DRIFT_FOUND. */
const NO_DIFFERENCE = { differences: 0 } as const

function verifiedOf({ verified }: RunStatus) {
  return { verified: verified && { ...verified, ...NO_DIFFERENCE } }
}
