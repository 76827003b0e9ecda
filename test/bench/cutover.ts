import { sql } from 'kysely'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { createOrders, Deployment, ordersTable } from '../support/deployment.ts'
import { startWorkload } from '../support/workload.ts'
import type { Measurement } from './measurement.ts'

/** Cuts over `rounds` times with eight writers, and says how long the longest write waited each time. */
export async function benchCutover(
  server: ThrowawayServer,
  rounds: number,
): Promise<readonly Measurement[]> {
  const target = parseTarget(server.url('bench_cutover'))
  await using admin = await connect({ ...target, schema: null })
  const longest: number[] = []
  let errors = 0
  for (let round = 0; round < rounds; round += 1) {
    await admin.run(sql`CREATE DATABASE bench_cutover`)
    await using session = await connect(target)
    const orders = ordersTable(5_000)
    await createOrders(session, orders)
    const deployment = await Deployment.stage(target, ['ALTER TABLE orders ADD COLUMN status INT'])
    await deployment.reached('ready_to_cutover')
    const workload = await startWorkload({
      target,
      tables: [orders],
      writers: 8,
      writesPerSecond: 400,
    })
    await workload.written(200)
    deployment.run.cutover()
    await deployment.reached('complete')
    await workload.written(50)
    const report = await workload.stop()
    longest.push(report.latency.longestMs)
    errors += report.errors.length
    await admin.run(sql`DROP DATABASE bench_cutover`)
  }
  longest.sort((some, other) => some - other)
  const note = `${rounds} cutovers, 8 writers, 400 writes/s`
  return [
    {
      work: 'longest stalled write, median',
      value: longest[Math.floor(rounds / 2)] ?? 0,
      unit: 'ms',
      note,
    },
    { work: 'longest stalled write, maximum', value: longest.at(-1) ?? 0, unit: 'ms', note },
    { work: 'application errors', value: errors, unit: 'errors', note },
  ]
}
