import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { connect } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

const WINDOW = { cutover: 'auto', revertWindowMs: 600_000 } as const

type ImpossibleCase = {
  readonly name: string
  readonly columns: string
  readonly change: string
  readonly write: string
  readonly says: RegExp
}

const IMPOSSIBLE: readonly ImpossibleCase[] = [
  {
    name: 'a text that is too long',
    columns: 'v VARCHAR(5)',
    change: 'MODIFY v VARCHAR(50)',
    write: "INSERT INTO t VALUES (9, 'secret words')",
    says: /column v of t in its old form/,
  },
  {
    name: 'NULL',
    columns: 'v INT NOT NULL DEFAULT 0',
    change: 'MODIFY v INT NULL',
    write: 'UPDATE t SET v = NULL',
    says: /column v of t in its old form: NULL/,
  },
  {
    name: 'a number out of range',
    columns: 'v TINYINT',
    change: 'MODIFY v INT',
    write: 'INSERT INTO t VALUES (9, 1234)',
    says: /column v of t in its old form: .*range/,
  },
  {
    name: 'digits that would be cut without a word',
    columns: 'v DECIMAL(10,2)',
    change: 'MODIFY v DECIMAL(10,4)',
    write: 'INSERT INTO t VALUES (9, 1.2345)',
    says: /The old type of v in t/,
  },
  {
    name: 'no value for a column that was dropped and had no default',
    columns: 'v INT, gone INT NOT NULL',
    change: 'DROP COLUMN gone',
    write: 'INSERT INTO t VALUES (9, 1)',
    says: /column gone of t in its old form/,
  },
  {
    name: 'equal values under a unique key that was dropped',
    columns: 'v INT, UNIQUE only_once (v)',
    change: 'DROP INDEX only_once',
    write: 'INSERT INTO t VALUES (8, 77), (9, 77)',
    says: /unique key only_once of the old schema/,
  },
  {
    name: 'a member that the ENUM did not have',
    columns: "v ENUM('new','paid')",
    change: "MODIFY v ENUM('new','paid','sent')",
    write: "INSERT INTO t VALUES (9, 'sent')",
    says: /column v of t in its old form/,
  },
]

describe('REVERT-1: a new row that the old table cannot hold', () => {
  test.for(IMPOSSIBLE)('is told at once: $name', async (given, { mysql }) => {
    const { columns, change, write, says } = given
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (id INT PRIMARY KEY, ${columns})`))
    const filled = columns.includes('gone') ? '(1, 0, 0)' : '(1, 1)'
    await session.run(sql.raw(`INSERT INTO t VALUES ${filled}`))
    const deployment = await Deployment.stage(mysql.target, [`ALTER TABLE t ${change}`], WINDOW)
    await deployment.reached('reverse_in_sync')

    await session.run(sql.raw(write))

    await deployment.reached('revert_impossible')
    const told = deployment.events.find(({ event }) => event === 'revert_impossible')
    expect(told).toMatchObject({ reason: expect.stringMatching(says) })
    expect(told).not.toMatchObject({ reason: expect.stringMatching(/secret|1234|1\.2345|77/) })
    expect(() => deployment.run.revert()).toThrow(
      expect.objectContaining({ code: 'REVERT_IMPOSSIBLE' }),
    )
    deployment.run.skipRevert()
    expect(await deployment.run.finished).toBe('complete')
  })

  test('ends a way back that has begun, even if the row is gone before the tables are to be had', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const holder = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(5))`)
    await session.run(sql`INSERT INTO t VALUES (1, 'here')`)
    const change = 'ALTER TABLE t MODIFY v VARCHAR(50)'
    const deployment = await Deployment.stage(mysql.target, [change], WINDOW)
    await deployment.reached('reverse_in_sync')
    await holder.run(sql`START TRANSACTION`)
    await holder.rows(sql`SELECT * FROM t WHERE id = 1 FOR UPDATE`)
    deployment.run.revert()
    await deployment.reached('cutover_retry')

    await session.run(sql`INSERT INTO t VALUES (2, 'a text that is too long')`)
    await deployment.reached('revert_impossible')
    await session.run(sql`DELETE FROM t WHERE id = 2`)
    await session.run(sql`INSERT INTO t VALUES (3, 'later')`)
    await holder.run(sql`ROLLBACK`)

    const phase = () => deployment.run.status().phase
    await expect.poll(phase, { timeout: 20_000 }).not.toBe('reverting')
    expect(phase()).toBe('revert_window')
    deployment.run.skipRevert()
    expect(await deployment.run.finished).toBe('complete')
    expect(await session.rows(sql`SELECT id FROM t ORDER BY id`)).toEqual([{ id: 1 }, { id: 3 }])
  })

  test('is told again after a restart, and the window still ends', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v TINYINT)`)
    const crash = new AbortController()
    const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE t MODIFY v INT'], {
      ...WINDOW,
      id: `r${Date.now().toString(36)}`,
      signal: crash.signal,
    })
    await deployment.reached('reverse_in_sync')
    await session.run(sql`INSERT INTO t VALUES (1, 1000)`)
    await deployment.reached('revert_impossible')
    // The checkpoint must not pass what could not be applied, however long it goes on.
    await session.run(sql`INSERT INTO t VALUES (2, 2)`)
    await positionSaved(session, mysql.schema)
    crash.abort(new Error('killed'))
    await expect(deployment.run.finished).rejects.toThrow('killed')

    const id = await idOf(session, mysql.schema)
    const resumed = await Deployment.resume(mysql.target, id)
    await resumed.reached('revert_impossible')
    await session.run(sql`UPDATE _crossfade.deployment SET revert_until = NOW() WHERE id = ${id}`)
    resumed.run.skipRevert()

    expect(await resumed.run.finished).toBe('complete')
  })
})

describe('REVERSE-1: while the revert window is open', () => {
  test('values of a unique key move between rows, and nothing is lost by the revert', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, u INT NOT NULL, kept INT NOT NULL,
      UNIQUE only_once (u))`)
    for (let id = 1; id <= 40; id += 1) {
      await session.run(sql`INSERT INTO t VALUES (${id}, ${id}, ${id * 100})`)
    }
    const change = 'ALTER TABLE t DROP INDEX only_once, DROP COLUMN kept'
    const deployment = await Deployment.stage(mysql.target, [change], WINDOW)
    await deployment.reached('reverse_in_sync')

    const swapping = await startSwapping(mysql)
    await swapping.swapped(300)
    await swapping.stop()
    const before = await session.rows(sql`SELECT id, u FROM t ORDER BY id`)
    deployment.run.revert()
    await deployment.reached('reverted')

    expect(deployment.story).not.toContain('revert_impossible')
    expect(await session.rows(sql`SELECT id, u FROM t ORDER BY id`)).toEqual(before)
    const own = await session.rows(sql`SELECT id FROM t WHERE kept = id * 100`)
    expect(own).toHaveLength(40)
  })

  test('a window that has ended while no process was there ends the deployment', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const crash = new AbortController()
    const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE t ADD COLUMN v INT'], {
      ...WINDOW,
      signal: crash.signal,
    })
    await deployment.reached('reverse_in_sync')
    crash.abort(new Error('killed'))
    await expect(deployment.run.finished).rejects.toThrow('killed')
    const id = await idOf(session, mysql.schema)
    await session.run(
      sql`UPDATE _crossfade.deployment SET revert_until = '2001-01-01' WHERE id = ${id}`,
    )

    const resumed = await Deployment.resume(mysql.target, id)

    expect(await resumed.run.finished).toBe('complete')
    expect(await session.rows(sql`SELECT id, v FROM t`)).toEqual([])
  })
})

describe('a unique key that is introduced', () => {
  test('while its values move between rows is no violation, and no value is lost', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, u INT NOT NULL)`)
    for (let id = 1; id <= 200; id += 1) {
      await session.run(sql`INSERT INTO t VALUES (${id}, ${id})`)
    }
    const swapping = await startSwapping(mysql)

    const change = 'ALTER TABLE t ADD UNIQUE only_once (u)'
    const deployment = await Deployment.stage(mysql.target, [change], {
      chunkRows: 20,
      throttleRatio: 80,
    })
    await deployment.reached('ready_to_cutover')
    await swapping.swapped(200)
    await swapping.stop()
    const before = await session.rows(sql`SELECT id, u FROM t ORDER BY id`)
    deployment.run.cutover()
    await deployment.reached('complete')

    expect(await session.rows(sql`SELECT id, u FROM t ORDER BY id`)).toEqual(before)
  })
})

/** Two writers that exchange the values `u` of two rows of `t`, again and again, each in one transaction. */
async function startSwapping(mysql: MysqlTest) {
  let swaps = 0
  let stopped = false
  const write = async (seed: number) => {
    await using session = await connect(mysql.target)
    for (let step = seed; !stopped; step += 7) {
      const [one, other] = [1 + (step % 40), 1 + ((step * 13 + 5) % 40)].toSorted((a, b) => a - b)
      if (one === other) continue
      await session.transaction(() => swap(session, one ?? 0, other ?? 0))
      swaps += 1
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  const writing = Promise.all([write(1), write(4)])
  const stop = async () => {
    stopped = true
    await writing
  }
  onTestFinished(stop)
  return {
    stop,
    swapped: async (count: number) => {
      const wanted = swaps + count
      await expect.poll(() => swaps, { timeout: 30_000 }).toBeGreaterThan(wanted)
    },
  }
}

async function swap(session: Session, one: number, other: number): Promise<void> {
  const rows = await session.rows(sql<{ id: number; u: number }>`
    SELECT id, u FROM t WHERE id IN (${one}, ${other}) ORDER BY id FOR UPDATE`)
  const [first, second] = rows
  if (!first || !second) throw new TypeError('both rows are there')
  await session.run(sql`UPDATE t SET u = CASE id WHEN ${first.id} THEN ${second.u} ELSE ${first.u} END
    WHERE id IN (${first.id}, ${second.id})`)
}

async function idOf(session: Session, schema: string): Promise<string> {
  const row = await session.row(
    sql<{ id: string }>`SELECT id FROM _crossfade.deployment WHERE schema_name = ${schema}`,
  )
  return row?.id ?? ''
}

/** Resolves once the checkpoint was saved again. */
async function positionSaved(session: Session, schema: string): Promise<void> {
  const count = async () => {
    const row = await session.row(sql<{ n: string }>`
      SELECT MAX(b.number) AS n FROM _crossfade.barrier b
      JOIN _crossfade.deployment d ON d.id = b.deployment_id WHERE d.schema_name = ${schema}`)
    return BigInt(row?.n ?? 0)
  }
  const now = await count()
  // Two beats: what is saved at the second was read after the first.
  await expect.poll(count, { timeout: 10_000 }).toBeGreaterThan(now + 900_000n)
}
