import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { HeldStream } from '../../support/held-stream.ts'
import { test } from '../../support/mysql.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const WINDOW = { cutover: 'auto', revertWindowMs: 600_000 } as const
const CHANGE = 'ALTER TABLE t DROP COLUMN kept'
const ROWS = 40

describe('REVERSE-2: a row that gets another key during the revert window', () => {
  test.for([
    ['one row', ['UPDATE t SET id = 101 WHERE id = 1']],
    ['twice', ['UPDATE t SET id = 101 WHERE id = 1', 'UPDATE t SET id = 102 WHERE id = 101']],
    [
      'changed right before',
      ['UPDATE t SET v = 9 WHERE id = 1', 'UPDATE t SET id = 101 WHERE id = 1'],
    ],
    [
      'two that swap their keys',
      [
        'UPDATE t SET id = 0 WHERE id = 1',
        'UPDATE t SET id = 1 WHERE id = 2',
        'UPDATE t SET id = 2 WHERE id = 0',
      ],
    ],
    ['all, by one', ['UPDATE t SET id = id + 1 ORDER BY id DESC']],
    [
      'a new one takes its key',
      ['UPDATE t SET id = 101 WHERE id = 1', 'INSERT INTO t VALUES (1, 99, 0)'],
    ],
    [
      'a new one takes its key and goes on',
      [
        'UPDATE t SET id = 101 WHERE id = 1',
        'INSERT INTO t VALUES (1, 99, 0)',
        'UPDATE t SET id = 102 WHERE id = 1',
      ],
    ],
    [
      'to the key of one that was deleted',
      ['DELETE FROM t WHERE id = 2', 'UPDATE t SET id = 2 WHERE id = 1'],
    ],
  ] as const)(
    'takes the values along that only the old table has: %s',
    async ([, statements], { mysql }) => {
      const session = await mysql.session()
      await fill(session)
      await using way = await HeldStream.open(mysql.target)
      const deployment = await Deployment.stage(way.target, [CHANGE], WINDOW)
      await deployment.reached('reverse_in_sync')

      // All of it waits at once, and the source is ahead of it.
      way.hold(300)
      for (const statement of statements) await session.run(sql.raw(statement))
      deployment.run.revert()

      expect(await deployment.run.finished, deployment.story).toBe('reverted')
      expect(await strangers(session)).toEqual([])
    },
  )

  test('is possible where the dropped column had no default', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(
      sql`CREATE TABLE t (id INT PRIMARY KEY, who INT, v INT, kept VARCHAR(20) NOT NULL)`,
    )
    await session.run(sql`INSERT INTO t VALUES (1, 1, 0, 'row 1')`)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], WINDOW)
    await deployment.reached('reverse_in_sync')

    await session.run(sql`UPDATE t SET id = 2`)
    deployment.run.revert()

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(await session.rows(sql`SELECT id, kept FROM t`)).toEqual([{ id: 2, kept: 'row 1' }])
  })

  test('waits while the application holds it, and keeps its values', async ({ mysql }) => {
    const [session, application] = [await mysql.session(), await mysql.session()]
    await fill(session)
    const deployment = await Deployment.stage(mysql.target, [CHANGE], WINDOW)
    await deployment.reached('reverse_in_sync')

    await session.run(sql`UPDATE t SET id = 101 WHERE id = 1`)
    await application.transaction(async () => {
      await application.run(sql`UPDATE t SET v = 7 WHERE id = 101`)
      await session.run(sql`UPDATE t SET v = 8 WHERE id = 5`)
      await expect.poll(() => deployment.run.status().pendingKeys).toBeLessThan(3)
    })
    deployment.run.revert()

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(await strangers(session)).toEqual([])
  })

  test.for([[1], [2], [3]] as const)(
    'whatever else happens to it, drawn by seed %i',
    async ([seed], { mysql }) => {
      const session = await mysql.session()
      await fill(session)
      const deployment = await Deployment.stage(mysql.target, [CHANGE], WINDOW)
      await deployment.reached('reverse_in_sync')

      await meddle(session, { seed, steps: 300 })
      deployment.run.revert()

      expect(await deployment.run.finished, deployment.story).toBe('reverted')
      expect(await strangers(session)).toEqual([])
    },
  )

  test('still does when another process has taken over', async ({ mysql }) => {
    const session = await mysql.session()
    await fill(session)
    const first = EngineProcess.stage(mysql.target, [CHANGE], WINDOW)
    onTestFinished(() => first.kill())
    await first.seen(({ event }) => event === 'reverse_in_sync')
    await first.kill()

    const resumed = await Deployment.resume(mysql.target, first.id)
    await resumed.reached('reverse_in_sync')
    await meddle(session, { seed: 5, steps: 100 })
    resumed.run.revert()

    expect(await resumed.run.finished, resumed.story).toBe('reverted')
    expect(await strangers(session)).toEqual([])
  })

  test('CRASH-1: is not lost, doubled or invented when the process is killed meanwhile', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await fill(session)
    const first = EngineProcess.stage(mysql.target, [CHANGE], WINDOW)
    onTestFinished(() => first.kill())
    await first.seen(({ event }) => event === 'reverse_in_sync')
    const meddling = meddle(session, { seed: 4, steps: 300 })
    await first.kill()

    const resumed = await Deployment.resume(mysql.target, first.id)
    await resumed.reached('reverse_in_sync')
    await meddling
    const rows = await session.rows(sql`SELECT id, who, v FROM t ORDER BY id`)
    resumed.run.revert()

    expect(await resumed.run.finished, resumed.story).toBe('reverted')
    expect(await session.rows(sql`SELECT id, who, v FROM t ORDER BY id`)).toEqual(rows)
  })
})

async function fill(session: Session): Promise<void> {
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, who INT NOT NULL, v INT NOT NULL,
    kept VARCHAR(20) NOT NULL DEFAULT 'none')`)
  const rows = Array.from(
    { length: ROWS },
    (_, n) => sql`(${n + 1}, ${n + 1}, 0, ${`row ${n + 1}`})`,
  )
  await session.run(sql`INSERT INTO t VALUES ${sql.join(rows)}`)
}

/** Rows that do not have the values that they had when they were made. */
async function strangers(session: Session) {
  return await session.rows(sql<{ id: number; who: number; kept: string }>`
    SELECT id, who, kept FROM t
    WHERE kept <> IF(who <= ${sql.lit(ROWS)}, CONCAT('row ', who), 'none')`)
}

type State = { readonly taken: Set<number>; readonly closed: Set<number>; who: number }

/** Moves, changes, deletes and inserts rows, several at once at times. A key at which a row was deleted stays free. */
async function meddle(
  session: Session,
  { seed, steps }: { readonly seed: number; readonly steps: number },
): Promise<void> {
  const random = seededRandom(seed)
  const rows = Array.from({ length: ROWS }, (_, n) => n + 1)
  const state: State = { taken: new Set(rows), closed: new Set(), who: 1_000 }
  for (let step = 0; step < steps; step += 1) {
    const statements = draw(state, random)
    await session.transaction(async () => {
      for (const statement of statements) await session.run(statement)
    })
  }
}

function draw(state: State, random: () => number): readonly RawBuilder<unknown>[] {
  const { taken, closed } = state
  const keys = Array.from({ length: 3 * ROWS }, (_, key) => key)
  const open = keys.filter((key) => !taken.has(key) && !closed.has(key))
  const pick = (from: readonly number[]) => from[Math.floor(random() * from.length)] ?? 0
  const [one, other, free] = [pick([...taken]), pick([...taken]), pick(open)]
  const move = (from: number, to: number) => {
    taken.delete(from)
    taken.add(to)
    return sql`UPDATE t SET id = ${to} WHERE id = ${from}`
  }
  const change = sql`UPDATE t SET v = v + 1 WHERE id = ${one}`
  const kind = random()
  if (kind < 0.3) return [move(one, free)]
  if (kind < 0.5) return [change, move(one, free)]
  if (kind < 0.7 && one !== other) return [move(one, free), move(other, one), move(free, other)]
  if (kind < 0.9 || taken.size > 2 * ROWS) return [change]
  if (kind < 0.93 && closed.size < ROWS / 2) {
    taken.delete(one)
    closed.add(one)
    return [sql`DELETE FROM t WHERE id = ${one}`]
  }
  taken.add(free)
  state.who += 1
  return [sql`INSERT INTO t (id, who, v) VALUES (${free}, ${state.who}, 0)`]
}
