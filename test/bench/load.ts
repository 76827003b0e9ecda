import type { Profile } from '../../src/engine/copy/pace.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { Application, type Latencies } from './application.ts'
import { type Bench, withSchema } from './bench-server.ts'
import { copyOnce } from './copy.ts'
import type { Measurement } from './measurement.ts'
import { type Peer, runPeer } from './peer.ts'
import { createSbtest } from './sbtest.ts'

const WRITES_PER_SECOND = 400
const BASELINE_WRITES_MS = 5_000

/** Copies a table that an application writes to, and says how long its writes took before and meanwhile. */
export async function benchLoad(
  server: ThrowawayServer,
  { rows, peers }: { readonly rows: number; readonly peers: readonly Peer[] },
): Promise<readonly Measurement[]> {
  return await withSchema(server, 'bench_load', async (bench) => {
    await createSbtest(bench.session, server.flavour, rows)
    const measured: Measurement[] = []
    for (const profile of ['polite', 'fast'] as const satisfies readonly Profile[]) {
      const work = `${WRITES_PER_SECOND} writes/s: engine, ${profile}`
      const { before, during, result } = await underLoad(bench, rows, () =>
        copyOnce(bench.target, profile),
      )
      measured.push(
        { work: `${work}, copy`, value: result.seconds, unit: 's', note: '' },
        latency(work, before, during),
      )
    }
    for (const peer of peers) {
      const work = `${WRITES_PER_SECOND} writes/s: ${peer.name}`
      const { before, during, result } = await underLoad(bench, rows, () =>
        runPeer(peer, server, bench.schema),
      )
      const note = 'failure' in result ? result.failure : 'with its start and cutover'
      const value = 'seconds' in result ? result.seconds : null
      measured.push(
        { work: `${work}, whole change`, value, unit: 's', note },
        latency(work, before, during),
      )
    }
    return measured
  })
}

async function underLoad<T>(
  { target }: Bench,
  rows: number,
  work: () => Promise<T>,
): Promise<{ readonly before: Latencies; readonly during: Latencies; readonly result: T }> {
  await using application = await Application.start(target, {
    rows,
    writesPerSecond: WRITES_PER_SECOND,
  })
  await new Promise((resolve) => setTimeout(resolve, BASELINE_WRITES_MS))
  const before = application.takeLatencies()
  const result = await work()
  return { before, during: application.takeLatencies(), result }
}

function latency(work: string, before: Latencies, during: Latencies): Measurement {
  return {
    work: `${work}, application p99`,
    value: during.p99Ms,
    unit: 'ms',
    note: `before ${before.p99Ms.toFixed(1)} · p50 ${before.p50Ms.toFixed(1)} → ${during.p50Ms.toFixed(1)} · ${during.writes} writes`,
  }
}
