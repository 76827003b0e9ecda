import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { prepareEngineSchema } from '../../src/engine/engine-schema.ts'
import { Follower } from '../../src/engine/follower.ts'
import { readPosition } from '../../src/mysql/position.ts'
import { test } from '../support/mysql.ts'
import { numbered } from './a-pair.ts'

const ROWS = 30_000
const LAYOUT = {
  columnCount: 2,
  keyColumns: [{ ordinal: 0, dataType: 'int', unsigned: false, length: null }],
}

describe('Follower', () => {
  test('reads no further while there is no room, however large one transaction is', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await prepareEngineSchema(session)
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL)`)
    const from = await readPosition(session)
    let keys = 0
    const room = Promise.withResolvers<void>()
    const seen: number[] = []
    const follower = new Follower(
      { id: 'room', clock: systemClock, from, afterFence: false },
      {
        layoutOf: (schema, table) => (schema === mysql.schema && table === 't' ? LAYOUT : null),
        onKeys: (change) => {
          keys += change.keys.length
        },
        onStatement: () => undefined,
        room: async () => {
          if (keys > 0) seen.push(keys)
          if (seen.length === 1) await room.promise
        },
      },
    )
    const stop = new AbortController()
    const following = follower.follow(mysql.target, stop.signal).catch(() => null)
    await session.run(sql`INSERT INTO t VALUES ${sql.raw(numbered(ROWS, (n) => `${n}, 0`).join())}`)
    const passed = follower.passBarrier(session, stop.signal)
    await expect.poll(() => seen.length, { timeout: 20_000, interval: 5 }).toBe(1)

    // The barrier is written by now, and is not read: nobody has made room.
    await session.run(sql`DO 1`)
    expect(keys).toBe(seen[0])
    expect(keys).toBeLessThan(ROWS)

    room.resolve()
    await passed
    expect(keys).toBe(ROWS)
    const largest = Math.max(...seen.map((count, at) => count - (seen[at - 1] ?? 0)))
    expect(largest).toBeLessThan(ROWS / 2)
    stop.abort(new Error('enough'))
    await following
  })
})
