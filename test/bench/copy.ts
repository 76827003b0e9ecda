import { sql } from 'kysely'
import type { Profile } from '../../src/engine/copy/pace.ts'
import type { Target } from '../../src/mysql/connect.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { type Bench, secondsOf, withSchema } from './bench-server.ts'
import type { EngineReport } from './engine-child.ts'
import { BenchedEngine } from './engine-run.ts'
import { type Measurement, median } from './measurement.ts'
import { CHANGE, type Peer, runPeer } from './peer.ts'
import { createSbtest } from './sbtest.ts'

export const OPERATIONS = [
  { kind: 'alter', table: 'sbtest', statement: `ALTER TABLE sbtest ${CHANGE}` },
] as const

/** One copy of the whole table by the engine, and what its process took for it. */
export type CopyRun = {
  readonly seconds: number
  readonly cpuShare: number
  readonly end: EngineReport
}

/** From the first chunk until the last row is copied; the comparison that follows is not part of it. */
export async function copyOnce(target: Target, profile: Profile): Promise<CopyRun> {
  const engine = new BenchedEngine(target, { operations: OPERATIONS, profile })
  const begun = await engine.reached('copying')
  const copied = await engine.reached('catching_up')
  const end = await engine.reached('in_sync')
  await engine.end('cancel')
  const seconds = (copied.afterMs - begun.afterMs) / 1000
  return { seconds, cpuShare: (copied.cpuMs - begun.cpuMs) / 10 / seconds, end }
}

/** Copies an idle table in every way, `rounds` times in turn, so that whatever else the machine does meets all. */
export async function benchCopy(
  server: ThrowawayServer,
  {
    rows,
    rounds,
    peers,
  }: { readonly rows: number; readonly rounds: number; readonly peers: readonly Peer[] },
): Promise<readonly Measurement[]> {
  return await withSchema(server, 'bench_copy', async (bench) => {
    await createSbtest(bench.session, server.flavour, rows)
    const insert: number[] = []
    const alter: number[] = []
    const runs: Record<Profile, CopyRun[]> = { polite: [], fast: [] }
    for (let round = 0; round < rounds; round += 1) {
      insert.push(await insertSelect(bench))
      runs.polite.push(await copyOnce(bench.target, 'polite'))
      runs.fast.push(await copyOnce(bench.target, 'fast'))
      alter.push(await alterCopy(bench))
    }
    const base = median(insert)
    const seconds = (work: string, value: number, note = '') => ({
      work: `copy ${rows} idle rows: ${work}`,
      value,
      unit: 's' as const,
      note: `${(value / base).toFixed(2)} x INSERT … SELECT${note}`,
    })
    const engine = (profile: Profile) =>
      seconds(`engine, ${profile}`, median(runs[profile].map((run) => run.seconds)))
    const all = [...runs.polite, ...runs.fast]
    return [
      seconds('INSERT … SELECT', base),
      seconds('ALTER … ALGORITHM=COPY', median(alter), ', blocks writes'),
      engine('polite'),
      engine('fast'),
      ...(await benchPeers(server, bench, peers)),
      {
        work: "engine's processor time during the copy",
        value: median(all.map(({ cpuShare }) => cpuShare)),
        unit: '%',
        note: 'of one core',
      },
      {
        work: "memory of the engine's process",
        value: Math.max(...all.map(({ end }) => end.peakMiB)),
        unit: 'MiB',
        note: 'greatest resident size from start to gate',
      },
    ]
  })
}

async function insertSelect({ session }: Bench): Promise<number> {
  await session.run(sql`CREATE TABLE whole LIKE sbtest`)
  const seconds = await secondsOf(() => session.run(sql`INSERT INTO whole SELECT * FROM sbtest`))
  await session.run(sql`DROP TABLE whole`)
  return seconds
}

async function alterCopy({ session }: Bench): Promise<number> {
  return await secondsOf(() => session.run(sql`ALTER TABLE sbtest ENGINE = InnoDB, ALGORITHM=COPY`))
}

async function benchPeers(
  server: ThrowawayServer,
  { schema }: Bench,
  peers: readonly Peer[],
): Promise<readonly Measurement[]> {
  const measured: Measurement[] = []
  for (const peer of peers) {
    const run = await runPeer(peer, server, schema)
    const work = `whole change of the idle table: ${peer.name}`
    measured.push(
      'seconds' in run
        ? { work, value: run.seconds, unit: 's', note: 'with its start and cutover' }
        : { work, value: null, unit: 's', note: run.failure },
    )
  }
  return measured
}
