import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../src/clock.ts'
import { prepareEngineSchema } from '../../../src/engine/engine-schema.ts'
import { commitLatency } from '../../../src/engine/signal/commit-latency.ts'
import { historyLength } from '../../../src/engine/signal/history-length.ts'
import { replicaLag } from '../../../src/engine/signal/replica-lag.ts'
import { excess, reasonOf } from '../../../src/engine/signal/signal.ts'
import { threadsRunning } from '../../../src/engine/signal/threads-running.ts'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { test } from '../../support/mysql.ts'
import { startReplicaPair } from '../../support/replica.ts'

describe('replicaLag', () => {
  test('tells the age of the newest heartbeat that has arrived', async ({ mysql }) => {
    await using pair = await startReplicaPair(mysql.flavour)
    await using primary = await connect(parseTarget(pair.primary.url()))
    let nowMs = Date.UTC(2030, 0, 1)
    const clock: Clock = { ...systemClock, now: () => new Date(nowMs) }
    const replica = parseTarget(pair.replica.url('not_there'))
    const signal = replicaLag(replica, { id: 'd1', limit: 2_000, clock })
    await using session = await signal.open()
    const read = async () => {
      await pair.caughtUp()
      return await signal.read(session).catch(reasonOf)
    }
    const beat = (id: string, atMs: number) =>
      primary.run(sql`INSERT INTO _crossfade.barrier VALUES (${id}, ${BigInt(atMs) * 1_000n})`)

    expect(await signal.probe(session)).toBeNull()
    expect(await read()).toBe('no heartbeat of this deployment has arrived')

    await prepareEngineSchema(primary)
    await beat('d2', nowMs)
    expect(await read()).toBe('no heartbeat of this deployment has arrived')

    await beat('d1', nowMs - 5_000)
    expect(await read()).toBe(5_000)

    await beat('d1', nowMs)
    expect(await read()).toBe(0)

    await pair.holdUp()
    nowMs += 3_500
    await beat('d1', nowMs)
    const lagMs = await signal.read(session)
    expect(excess(signal, lagMs)).toBe(
      `replica lag of 127.0.0.1:${pair.replica.port}: 3.5 s, limit 2 s`,
    )

    await pair.goOn()
    nowMs -= 10_000
    expect(await read()).toMatch(/a clock that is ahead/)
  })
})

describe('threadsRunning', () => {
  test('counts who works on a statement', async ({ mysql }) => {
    const signal = threadsRunning(() => connect(mysql.target), 0)
    await using session = await signal.open()

    const running = await signal.read(session)

    expect(running).toBeGreaterThan(0)
    expect(excess(signal, running)).toBe(`threads running: ${running}, limit 0`)
  })
})

describe('historyLength', () => {
  test('grows by the changes behind an open transaction', async ({ mysql }) => {
    const writer = await mysql.session()
    await writer.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)`)
    await writer.run(sql`INSERT INTO t VALUES (1, 0)`)
    const reader = await mysql.session()
    await reader.run(sql`SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ`)
    await reader.run(sql`START TRANSACTION WITH CONSISTENT SNAPSHOT`)
    const signal = historyLength(() => connect(mysql.target), 50)
    await using session = await signal.open()

    for (let round = 0; round < 100; round += 1) await writer.run(sql`UPDATE t SET v = v + 1`)
    const length = await signal.read(session)

    expect(length).toBeGreaterThanOrEqual(100)
    expect(excess(signal, length)).toMatch(/^history list length: [\d,]+, limit 50$/)
  })
})

describe('commitLatency', () => {
  test('is the time from the insert to its commit', async ({ mysql }) => {
    let nowMs = Date.UTC(2030, 0, 1)
    const clock: Clock = { ...systemClock, now: () => new Date(nowMs) }
    const id = `l${mysql.schema.slice(-16)}`
    const blocker = await mysql.session()
    const watcher = await mysql.session()
    await prepareEngineSchema(blocker)
    const signal = commitLatency(() => connect(mysql.target), { id, limit: 100, clock })
    await using session = await signal.open()
    expect(await signal.read(session)).toBe(0)
    onTestFinished(async () => {
      await using cleaner = await connect({ ...mysql.target, schema: null })
      await cleaner.run(sql`DELETE FROM _crossfade.barrier WHERE deployment_id = ${id}`)
    })

    nowMs += 1
    await blocker.run(sql`SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ`)
    await blocker.run(sql`START TRANSACTION`)
    await blocker.rows(sql`SELECT * FROM _crossfade.barrier WHERE deployment_id = ${id} FOR UPDATE`)
    const reading = signal.read(session)
    await seen(
      watcher,
      sql`SELECT 1 FROM information_schema.INNODB_TRX
      WHERE trx_state = 'LOCK WAIT' AND trx_mysql_thread_id = ${session.threadId}`,
    )
    nowMs += 700
    await blocker.run(sql`ROLLBACK`)

    expect(excess(signal, await reading)).toBe('commit latency: 700 ms, limit 100 ms')
  })
})

/** Resolves when the query finds a row. */
async function seen(session: Session, query: RawBuilder<unknown>): Promise<void> {
  // INNODB_TRX does not change while it is read more often than every tenth of a second.
  await expect.poll(() => session.row(query), { timeout: 20_000, interval: 250 }).not.toBeNull()
}
