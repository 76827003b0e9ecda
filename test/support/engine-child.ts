import type { EngineEvent } from '../../src/engine/port.ts'
import { Deployment } from './deployment.ts'
import type { EngineOrder } from './engine-process.ts'

// Sound: only EngineProcess starts this file.
const order = JSON.parse(process.argv[2] ?? '') as EngineOrder

const tell = (event: EngineEvent) => process.send?.({ ...event, cause: null })
const deployment = await Deployment.stage(order.target, order.statements, {
  ...order.options,
  id: order.id,
  listener: tell,
})
// Finer than the engine's own progress, so that it can be killed at a chosen share of the rows.
const timer = setInterval(() => {
  tell({ event: 'progress', at: new Date(), ...deployment.run.status() })
}, 20)
await deployment.run.finished
clearInterval(timer)
process.disconnect()
