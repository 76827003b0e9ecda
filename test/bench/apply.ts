import { sql } from 'kysely'
import { systemClock } from '../../src/clock.ts'
import { Applier } from '../../src/engine/apply/applier.ts'
import { KeySet } from '../../src/engine/apply/key-set.ts'
import { LOCK_OR_FAIL } from '../../src/engine/copy/copy-chunk.ts'
import { Frontier } from '../../src/engine/copy/frontier.ts'
import { pairTables, type TablePair } from '../../src/engine/table/pair.ts'
import { readShape } from '../../src/engine/table/table-shape.ts'
import { connect } from '../../src/mysql/connect.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { type Bench, secondsOf, withSchema } from './bench-server.ts'
import { type Measurement, median } from './measurement.ts'
import { CHANGE } from './peer.ts'
import { createSbtest } from './sbtest.ts'

/** Applies keys that are scattered over the table, as many as a fifth of its rows. */
export async function benchApply(
  server: ThrowawayServer,
  { rows, rounds }: { readonly rows: number; readonly rounds: number },
): Promise<readonly Measurement[]> {
  return await withSchema(server, 'bench_apply', async (bench) => {
    const { session } = bench
    await createSbtest(session, server.flavour, rows)
    await session.run(sql`CREATE TABLE sbtest_new LIKE sbtest`)
    await session.run(sql`ALTER TABLE sbtest_new ${sql.raw(CHANGE)}`)
    await session.run(sql`INSERT INTO sbtest_new SELECT * FROM sbtest`)
    const pair = await readPair(bench)
    const rates: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      rates.push(await keysPerSecond(bench, pair, { server, rows }))
    }
    return [
      {
        work: 'apply scattered keys',
        value: median(rates),
        unit: 'keys/s',
        note: `${Math.floor(rows / 5)} keys of ${rows} rows, each row read and written anew`,
      },
    ]
  })
}

async function readPair({ session, schema }: Bench): Promise<TablePair> {
  const source = await readShape(session, schema, 'sbtest')
  const target = await readShape(session, schema, 'sbtest_new')
  if (!source || !target) throw new TypeError('the tables were just made')
  return pairTables(source, target, { renames: new Map(), towardsOld: false })
}

async function keysPerSecond(
  { target }: Bench,
  pair: TablePair,
  { server, rows }: { readonly server: ThrowawayServer; readonly rows: number },
): Promise<number> {
  const keys = new KeySet()
  const applier = new Applier(pair, keys, {
    frontier: new Frontier(false),
    clock: systemClock,
    lockOrFail: LOCK_OR_FAIL[server.flavour],
  })
  const count = Math.floor(rows / 5)
  while (keys.size < count) keys.add([BigInt(1 + Math.floor(Math.random() * rows))], keys.size + 1)
  const stop = new AbortController()
  const sessions = await Promise.all(
    Array.from({ length: 1 + applier.helpers }, () => connect(target)),
  )
  const seconds = await secondsOf(async () => {
    const running = sessions.map((session) => applier.run(session, stop.signal))
    while (keys.size > 0) await Promise.race([...running, systemClock.sleep(2)])
    stop.abort()
    await Promise.allSettled(running)
  })
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
  return count / seconds
}
