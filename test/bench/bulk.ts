import { sql } from 'kysely'
import { systemClock } from '../../src/clock.ts'
import type { Session } from '../../src/mysql/session.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { productTables } from '../support/deployment.ts'
import { type Bench, secondsOf, withSchema } from './bench-server.ts'
import { OPERATIONS } from './copy.ts'
import { BenchedEngine } from './engine-run.ts'
import type { Measurement } from './measurement.ts'
import { createSbtest } from './sbtest.ts'

const LOOK_EVERY_MS = 50
/** Nothing waits to be applied, seen so often in a row: then the stream is past the transaction. */
const QUIET_LOOKS = 40

/** One transaction that changes every row, while the table is copied and while the gate waits; it ends with a cutover. */
export async function benchBulk(
  server: ThrowawayServer,
  { rows }: { readonly rows: number },
): Promise<readonly Measurement[]> {
  return await withSchema(server, 'bench_bulk', async (bench) => {
    await createSbtest(bench.session, server.flavour, rows)
    const copying = await changeAll(bench, 'copying')
    const waiting = await changeAll(bench, 'in_sync')
    const work = `one transaction changes ${rows} rows`
    return [
      ...told(`${work} during the copy`, copying, 'until in sync and compared'),
      ...told(`${work} at the gate`, waiting, 'until all keys are applied'),
    ]
  })
}

/** What one transaction cost: itself, what came after it, and the most of memory and of keys that waited. */
type Cost = {
  readonly statementSeconds: number
  readonly seconds: number
  readonly peakMiB: number
  readonly mostKeys: number
  readonly differing: number
}

function told(work: string, cost: Cost, until: string): readonly Measurement[] {
  return [
    {
      work,
      value: cost.seconds,
      unit: 's',
      note: `after its own ${cost.statementSeconds.toFixed(1)} s, ${until}; ${cost.mostKeys} keys waited at most; ${cost.differing} rows differ`,
    },
    { work: `${work}: memory`, value: cost.peakMiB, unit: 'MiB', note: 'greatest resident size' },
  ]
}

async function changeAll({ target, session }: Bench, when: 'copying' | 'in_sync'): Promise<Cost> {
  const engine = new BenchedEngine(target, { operations: OPERATIONS, profile: 'fast' })
  await engine.reached(when)
  let mostKeys = 0
  let isDone = false
  let quiet = 0
  const watching = (async () => {
    while (!isDone || quiet < QUIET_LOOKS) {
      const { pendingKeys, phase } = await engine.look()
      mostKeys = Math.max(mostKeys, pendingKeys)
      quiet = isDone && pendingKeys === 0 && phase === 'in_sync' ? quiet + 1 : 0
      await systemClock.sleep(LOOK_EVERY_MS)
    }
  })()
  const statementSeconds = await secondsOf(async () => {
    await session.run(sql`UPDATE sbtest SET k = k + 1, pad = REVERSE(pad)`)
  })
  isDone = true
  const quietSeconds = (QUIET_LOOKS * LOOK_EVERY_MS) / 1_000
  const seconds = (await secondsOf(() => watching)) - quietSeconds
  const { peakMiB } = await engine.end('cutover')
  return { statementSeconds, seconds, peakMiB, mostKeys, differing: await takeOld(session) }
}

/** How many rows of the new table the old one does not have just so; the old one is dropped. */
async function takeOld(session: Session): Promise<number> {
  const [old = ''] = await productTables(session)
  const row = await session.row(sql<{ n: string }>`
    SELECT (SELECT COUNT(*) FROM ${sql.id(old)}) - COUNT(*) + 2 * SUM(o.id IS NULL) AS n
    FROM sbtest AS s LEFT JOIN ${sql.id(old)} AS o
      ON o.id = s.id AND o.k = s.k AND o.c = s.c AND o.pad = s.pad`)
  await session.run(sql`DROP TABLE ${sql.id(old)}`)
  return Number(row?.n)
}
