import { inspect } from 'node:util'
import type { EngineEvent, RunPhase } from '../../src/engine/port.ts'
import { Refusal } from '../../src/errors.ts'
import { isConnectionLost } from '../../src/mysql/errno.ts'
import { Deployment } from './deployment.ts'
import type { Command, EngineOrder, Message } from './engine-process.ts'
import { StatementTraps } from './statement-trap.ts'

// Sound: only EngineProcess starts this file.
const order = JSON.parse(process.argv[2] ?? '') as EngineOrder

const say = (message: Message) => process.send?.(message)
const waits = order.waits ?? []
const held = new Map<number, () => void>()
let deployment: Deployment | null = null
let cause = ''

const traps = new StatementTraps([...(order.dies ? [order.dies] : []), ...waits], {
  phase: () => deployment?.run.status().phase ?? 'starting',
  spring: (trap) => {
    if (trap === order.dies) process.kill(process.pid, 'SIGKILL')
    const number = waits.indexOf(trap)
    say({ type: 'waiting', trap: number })
    return new Promise((resolve) => held.set(number, resolve))
  },
})
traps.set()

process.on('message', (command: Command) => {
  if (typeof command === 'number') {
    held.get(command)?.()
    return
  }
  if (command === 'what_now') {
    say({ type: 'unanswered', statements: traps.unanswered })
    return
  }
  try {
    deployment?.run[command]()
  } catch (error) {
    // A command that comes when its time is over is refused, and does nothing.
    if (!(error instanceof Refusal)) throw error
  }
})

const listener = (event: EngineEvent) => {
  if (event.event === 'failed') cause = inspect(event.cause, { depth: 4 })
  say({ type: 'event', event: 'cause' in event ? { ...event, cause: null } : event })
  if (event.event === 'reverse_in_sync' && order.reverts) deployment?.run.revert()
}

try {
  deployment = order.stage
    ? await Deployment.stage(order.target, order.stage.statements, {
        ...order.stage.options,
        id: order.id,
        listener,
      })
    : await Deployment.resume(order.target, order.id, { listener })
  // Finer than the engine's own progress, so that it can be killed at a chosen share of the rows.
  let phase: RunPhase | null = null
  const { run } = deployment
  const timer = setInterval(() => {
    const status = run.status()
    if (status.phase !== phase) say({ type: 'phase', phase: status.phase })
    phase = status.phase
    say({ type: 'event', event: { event: 'progress', at: new Date(), ...status } })
  }, 20)
  const outcome = await run.finished
  clearInterval(timer)
  say({ type: 'ended', outcome, statements: traps.statements, cause })
} catch (error) {
  if (error instanceof Refusal) say({ type: 'refused', code: error.code, message: error.message })
  else if (!isConnectionLost(error)) throw error
  else say({ type: 'refused', code: 'CONNECTION_LOST', message: String(error) })
}
process.disconnect()
