import { type Connection, createConnection } from 'mysql2/promise'
import type { EngineEvent } from '../../src/engine/port.ts'
import { driverOptions } from '../../src/mysql/connect.ts'
import { Deployment } from './deployment.ts'
import type { Death, EngineOrder } from './engine-process.ts'

// Sound: only EngineProcess starts this file.
const order = JSON.parse(process.argv[2] ?? '') as EngineOrder

if (order.dies) await dieAt(order.dies)
const tell = (event: EngineEvent) => process.send?.({ ...event, cause: null })
const deployment = await Deployment.stage(order.target, order.statements, {
  ...order.options,
  id: order.id,
  listener: (event) => {
    tell(event)
    if (event.event === 'reverse_in_sync' && order.reverts) deployment.run.revert()
  },
})
// Finer than the engine's own progress, so that it can be killed at a chosen share of the rows.
const timer = setInterval(() => {
  tell({ event: 'progress', at: new Date(), ...deployment.run.status() })
}, 20)
await deployment.run.finished
clearInterval(timer)
process.disconnect()

/** Looks at every statement of every connection; after one means after the server has answered. */
async function dieAt({ when, statement }: Death): Promise<void> {
  const pattern = new RegExp(statement)
  const first = await createConnection(driverOptions(order.target))
  // Sound: the prototype of a connection is what all of them share.
  const shared = Object.getPrototypeOf(first) as Connection
  await first.end()
  const query = shared.query
  const die = () => process.kill(process.pid, 'SIGKILL')
  async function queryOrDie(this: Connection, ...args: Parameters<typeof query>) {
    const hit = pattern.test(String(args[0]))
    if (hit && when === 'before') die()
    const answer = await query.apply(this, args)
    if (hit) die()
    return answer
  }
  // Sound: it returns what the original does.
  shared.query = queryOrDie as typeof query
}
