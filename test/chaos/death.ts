import type { WantedRequest } from '../../src/engine/request.ts'
import { connect, type Target } from '../../src/mysql/connect.ts'
import { createOrders, ordersTable, productTables } from '../support/deployment.ts'
import { EngineProcess, type Message } from '../support/engine-process.ts'
import type { Trap } from '../support/statement-trap.ts'
import { startWorkload } from '../support/workload.ts'

const CHANGE =
  'ALTER TABLE orders MODIFY total DECIMAL(14,4) NOT NULL DEFAULT 0, ADD COLUMN status INT NOT NULL DEFAULT 0'
const ROWS = 60
const OPTIONS = {
  cutover: 'auto',
  chunkRows: 20,
  revertWindowMs: 600_000,
} satisfies Partial<WantedRequest>
/** A deployment that is taken up so often goes in circles. */
const MOST_PROCESSES = 5

/** The so-manyth statement of a deployment, and on which side of it the process dies. */
export type DeathPoint = { readonly number: number; readonly when: Trap['when'] }

/** What a deployment of {@link dieAt} ended with. */
type Ended = (Message & { readonly type: 'ended' }) | null

/** How many statements a small deployment takes from its start to its revert; it varies a little. */
export async function countStatements(target: Target): Promise<number> {
  await prepare(target)
  const ended = await run(EngineProcess.stage(target, [CHANGE], { ...OPTIONS, reverts: true }))
  if (ended?.outcome !== 'reverted')
    throw new Error(`it ended as ${ended?.outcome}: ${ended?.cause}`)
  return ended.statements
}

/**
 * Kills a small deployment under writes at a statement, takes it up until it ends, and returns what is wrong then. The
 * schema of `target` is empty.
 */
export async function dieAt(
  target: Target,
  { number, when }: DeathPoint,
): Promise<readonly string[]> {
  await prepare(target)
  await using session = await connect(target)
  await using workload = await startWorkload({
    target,
    tables: [ordersTable(ROWS)],
    writers: 2,
    writesPerSecond: 100,
  })
  const dies: Trap = { at: { number, phase: 'any' }, when }
  const first = EngineProcess.stage(target, [CHANGE], { ...OPTIONS, reverts: true, dies })
  let ended = await run(first)
  for (let process = 0; ended === null && process < MOST_PROCESSES; process += 1) {
    ended = await takeUp(target, first.id)
  }
  const report = await workload.stop()
  const { missing, phantom, different } = await report.compare(session, 'orders')
  const kept = await productTables(session)
  return [
    ...(ended?.outcome === 'reverted' ? [] : [`it ended as ${ended?.outcome}: ${ended?.cause}`]),
    ...(kept.length === 1 ? [] : [`one table is kept, not ${kept.join(', ') || 'none'}`]),
    ...report.errors.map(({ message }) => `the application got ${message}`),
    ...missing.map((key) => `lost ${key}`),
    ...phantom.map((key) => `invented ${key}`),
    ...different.map((what) => `changed ${what}`),
  ]
}

async function prepare(target: Target): Promise<void> {
  await using session = await connect(target)
  await createOrders(session, ordersTable(ROWS))
}

/** Resumes the deployment, or stages it again when it died before it left anything. */
async function takeUp(target: Target, id: string): Promise<Ended> {
  let isUnknown = false
  const resumed = EngineProcess.resume(target, id, { reverts: true })
  resumed.listen((message) => {
    if (message.type === 'refused' && message.code === 'CHECKPOINT_MISSING') isUnknown = true
  })
  const ended = await run(resumed)
  if (!isUnknown) return ended
  return await run(EngineProcess.stage(target, [CHANGE], { ...OPTIONS, id, reverts: true }))
}

async function run(engine: EngineProcess): Promise<Ended> {
  let ended: Ended = null
  engine.listen((message) => {
    if (message.type === 'ended') ended = message
  })
  const signal = await engine.ended()
  if (signal === null && engine.complaint !== '') throw new Error(engine.complaint)
  return ended
}
