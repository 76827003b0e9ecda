import { sql } from 'kysely'
import { openChangeStream } from '../../src/binlog/stream.ts'
import type { Target } from '../../src/mysql/connect.ts'
import { type Position, readPosition } from '../../src/mysql/position.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { secondsOf, withSchema } from './bench-server.ts'
import { type Measurement, median } from './measurement.ts'
import { createSbtest } from './sbtest.ts'

const LAYOUT = {
  columnCount: 4,
  keyColumns: [{ ordinal: 0, dataType: 'int', unsigned: false, length: null }],
}

/** Reads an UPDATE of every row from the server's binlog, and takes the keys out of it: before and after each change. */
export async function benchDecode(
  server: ThrowawayServer,
  { rows, rounds }: { readonly rows: number; readonly rounds: number },
): Promise<readonly Measurement[]> {
  return await withSchema(server, 'bench_decode', async ({ session, target, schema }) => {
    await createSbtest(session, server.flavour, rows)
    const from = await readPosition(session)
    await session.run(sql`UPDATE sbtest SET k = k + 1`)
    const rates: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const seconds = await secondsOf(() => readTransaction({ target, from, schema }))
      rates.push(rows / seconds)
    }
    return [
      {
        work: 'decode keys from the binlog',
        value: median(rates),
        unit: 'rows/s',
        note: 'updates of 228-byte rows, with the server that sends them',
      },
    ]
  })
}

/** Reads until the transaction that changed the table has ended. */
async function readTransaction({
  target,
  from,
  schema,
}: {
  readonly target: Target
  readonly from: Position
  readonly schema: string
}): Promise<void> {
  await using stream = await openChangeStream({
    target,
    from,
    heartbeatMs: 2_000,
    layoutOf: (name, table) => (name === schema && table === 'sbtest' ? LAYOUT : null),
  })
  let read = 0
  for await (const events of stream) {
    for (const event of events) {
      if (event.type === 'keys') read += event.keys.length
      if (event.type === 'transaction' && read > 0) return
    }
  }
}
