import { systemClock } from '../../src/clock.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { Application } from './application.ts'
import { withSchema } from './bench-server.ts'
import { OPERATIONS } from './copy.ts'
import { BenchedEngine } from './engine-run.ts'
import type { Measurement } from './measurement.ts'
import { createSbtest } from './sbtest.ts'

const SAMPLE_EVERY_MS = 10_000
const WRITES_PER_SECOND = 400

/**
 * Holds a deployment at the gate under writes, and looks at the process every ten seconds. What grows is what would run
 * full in days: the last third is compared with the first.
 */
export async function benchSoak(
  server: ThrowawayServer,
  {
    rows,
    minutes,
    print,
  }: {
    readonly rows: number
    readonly minutes: number
    readonly print: (line: string) => void
  },
): Promise<readonly Measurement[]> {
  return await withSchema(server, 'bench_soak', async ({ session, target }) => {
    await createSbtest(session, server.flavour, rows)
    await using _application = await Application.start(target, {
      rows,
      writesPerSecond: WRITES_PER_SECOND,
    })
    const engine = new BenchedEngine(target, { operations: OPERATIONS })
    await engine.reached('in_sync')
    const { liveMiB: liveAtFirst } = await engine.look('collect')
    const samples: { readonly rssMiB: number; readonly handles: number }[] = []
    const until = performance.now() + minutes * 60_000
    while (performance.now() < until) {
      const { rssMiB, handles, pendingKeys } = await engine.look()
      samples.push({ rssMiB, handles })
      print(`${rssMiB.toFixed(0)} MiB · ${handles} handles · ${pendingKeys} keys wait\n`)
      await systemClock.sleep(SAMPLE_EVERY_MS)
    }
    const { peakMiB, liveMiB } = await engine.look('collect')
    await engine.end('cancel')
    const third = Math.max(1, Math.floor(samples.length / 3))
    const average = (part: readonly { readonly rssMiB: number }[]) =>
      part.reduce((sum, { rssMiB }) => sum + rssMiB, 0) / part.length
    const grown = average(samples.slice(-third)) - average(samples.slice(0, third))
    const note = `${minutes} minutes at the gate, ${WRITES_PER_SECOND} writes/s`
    return [
      { work: 'memory at the gate, greatest', value: peakMiB, unit: 'MiB', note },
      {
        work: 'memory at the gate, growth',
        value: grown,
        unit: 'MiB',
        note: 'last third of the time against the first, with garbage',
      },
      {
        work: 'memory at the gate, alive at the end',
        value: liveMiB,
        unit: 'MiB',
        note: `${liveAtFirst?.toFixed(1)} MiB at first`,
      },
      {
        work: 'handles at the end',
        value: samples.at(-1)?.handles ?? null,
        unit: 'handles',
        note: `${samples[0]?.handles ?? 0} at first`,
      },
    ]
  })
}
