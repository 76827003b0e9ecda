import { sql } from 'kysely'
import { expect, onTestFinished } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const ROWS = 400
const WRITERS = 4
/** How many writes lie between two deaths: at each of them rows of the shadow are taken away for others. */
const WRITES = 150

test('CRASH-1: no row is lost whose value moves on all the time, however often the engine is killed', async ({
  mysql,
}) => {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, place INT NOT NULL)`)
  const rows = Array.from({ length: ROWS }, (_, id) => sql`(${id}, ${id})`)
  await session.run(sql`INSERT INTO t VALUES ${sql.join(rows)}`)
  const swapping = await startSwapping(mysql)
  onTestFinished(async () => void (await swapping.stop()))

  let engine = EngineProcess.stage(mysql.target, ['ALTER TABLE t ADD UNIQUE KEY (place)'], {
    chunkRows: 50,
  })
  onTestFinished(() => engine.kill())
  await engine.seen(({ event }) => event === 'ready_to_cutover')
  for (let death = 0; death < 4; death += 1) {
    await swapping.written(WRITES)
    await engine.kill()
    await swapping.written(WRITES)
    engine = EngineProcess.resume(mysql.target, engine.id)
    await engine.seen((event) => event.event === 'progress' && event.phase !== 'starting')
  }
  await engine.seen(({ event }) => event === 'ready_to_cutover')
  const cutOver = engine.seen(({ event }) => event === 'complete')
  engine.tell('cutover')
  await cutOver
  const places = await swapping.stop()

  const live = await session.rows(sql<Record<string, unknown>>`SELECT id, place FROM t ORDER BY id`)
  expect(live).toEqual(places.map((place, id) => ({ id, place })))
})

/** Each writer swaps the values of two of its own rows again and again, so that it knows where each value is. */
async function startSwapping(mysql: MysqlTest) {
  const places = Array.from({ length: ROWS }, (_, id) => id)
  let writes = 0
  let isOver = false
  const sessions = await Promise.all(Array.from({ length: WRITERS }, () => mysql.session()))
  const swapAll = async (writer: Session, first: number) => {
    for (let step = 1; !isOver; step += 1) {
      const one = first + ((step * 7 * WRITERS) % ROWS)
      const other = first + ((step * 31 * WRITERS) % ROWS)
      const [here, there] = [places[one] ?? 0, places[other] ?? 0]
      if (one === other) continue
      const put = (id: number, place: number) =>
        writer.run(sql`UPDATE t SET place = ${place} WHERE id = ${id}`)
      await writer.transaction(async () => {
        // The unique key of the new table lets no two rows have a value even within a transaction.
        await put(one, -1 - one)
        await put(other, here)
        await put(one, there)
      })
      places[one] = there
      places[other] = here
      writes += 1
    }
  }
  const running = Promise.all(sessions.map(swapAll))
  return {
    /** Resolves when so many more writes are done. */
    written: async (more: number) => {
      const until = writes + more
      await Promise.race([
        running.then(() => Promise.reject(new Error('nobody writes any more'))),
        expect.poll(() => writes, { timeout: 20_000, interval: 5 }).toBeGreaterThanOrEqual(until),
      ])
    },
    stop: async (): Promise<readonly number[]> => {
      isOver = true
      await running
      return places
    },
  }
}
