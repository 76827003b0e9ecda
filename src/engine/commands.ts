import { Refusal } from '../errors.ts'
import type { RunPhase } from './port.ts'

export type RunCommand =
  | 'cutover'
  /** A cutover that may end the connections that are in its way. */
  | 'force'
  | 'pause'
  | 'resume'
  | 'throttle'
  | 'cancel'
  | 'revert'
  | 'skipRevert'

const BEFORE_GATE: readonly RunPhase[] = ['starting', 'copying', 'catching_up', 'verifying']

/** In which phases a command means something. */
const ALLOWED: Readonly<Record<RunCommand, readonly RunPhase[]>> = {
  cutover: [...BEFORE_GATE, 'in_sync'],
  force: [...BEFORE_GATE, 'in_sync', 'cutting_over', 'reverting'],
  pause: BEFORE_GATE,
  resume: BEFORE_GATE,
  throttle: BEFORE_GATE,
  cancel: [...BEFORE_GATE, 'in_sync', 'cutting_over'],
  revert: ['revert_window'],
  skipRevert: ['revert_window'],
}

const NEXT: Readonly<Record<RunPhase, string>> = {
  starting: 'Wait until the copy has begun.',
  copying: 'Wait until the tables are in sync, or cancel.',
  catching_up: 'Wait until the tables are in sync, or cancel.',
  verifying: 'Wait until the tables are compared, or cancel.',
  in_sync: 'Cut over, or cancel.',
  cutting_over: 'Wait: the swap is being tried. Say “cutover force” to end what is in its way.',
  revert_window: 'Revert, or skip-revert to keep the change.',
  reverting: 'Wait: the swap back is being tried. Say “cutover force” to end what is in its way.',
  finished: 'Start a new deployment.',
}

/** How people say it, where that is not the command's own name. */
const NAME: Readonly<Partial<Record<RunCommand, string>>> = {
  force: 'cutover force',
  skipRevert: 'skip-revert',
}

/** @throws {Refusal} DEPLOY_STATE when `command` makes no sense in `phase`. */
export function requirePhase(command: RunCommand, phase: RunPhase): void {
  if (ALLOWED[command].includes(phase)) return
  const name = NAME[command] ?? command
  throw new Refusal('DEPLOY_STATE', `The deployment is ${phase}: ${name} does nothing now.`, {
    next: NEXT[phase],
  })
}
