import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { Signal } from '../../src/engine/signal/signal.ts'
import { SignalWatch } from '../../src/engine/signal/watch.ts'
import { Throttle } from '../../src/engine/throttle.ts'
import { connect } from '../../src/mysql/connect.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

const WAIT = { timeout: 20_000 }

describe('SignalWatch', () => {
  test('holds the copy up until the first number is read', async ({ mysql }) => {
    const watch = new SignalWatch(aSignal(mysql, { read: async () => 1 }), systemClock)

    expect(watch.trouble).toBe('load: not read yet')
    running((signal) => watch.run(always, signal))

    await expect.poll(() => watch.trouble, WAIT).toBeNull()
  })

  test('tells value and limit while the number is above it', async ({ mysql }) => {
    let value = 10_001
    const watch = new SignalWatch(aSignal(mysql, { read: async () => value }), systemClock)
    running((signal) => watch.run(always, signal))

    await expect.poll(() => watch.trouble, WAIT).toBe('load: 10,001, limit 10,000')
    value = 10_000
    await expect.poll(() => watch.trouble, WAIT).toBeNull()
  })

  test('fails closed and connects again when its connection is killed', async ({ mysql }) => {
    let threadId = 0
    let opened = 0
    const gate = Promise.withResolvers<void>()
    const signal = aSignal(mysql, {
      open: async () => {
        opened += 1
        if (opened > 1) await gate.promise
        return await connect(mysql.target)
      },
      read: async (session) => {
        threadId = session.threadId
        await session.row(sql`SELECT 1`)
        return 0
      },
    })
    const watch = new SignalWatch(signal, systemClock)
    running((abort) => watch.run(always, abort))
    await expect.poll(() => watch.trouble, WAIT).toBeNull()

    const root = await mysql.session()
    await root.run(sql`KILL ${sql.lit(threadId)}`)

    await expect.poll(() => watch.trouble, WAIT).toMatch(/^load cannot be read: /)
    gate.resolve()
    await expect.poll(() => watch.trouble, WAIT).toBeNull()
  })

  test('survives that its connection is killed while nobody asks', async ({ mysql }) => {
    let wanted = true
    let threadId = 0
    const signal = aSignal(mysql, {
      read: async (session) => {
        threadId = session.threadId
        await session.row(sql`SELECT 1`)
        return 0
      },
    })
    const watch = new SignalWatch(signal, systemClock)
    running((abort) => watch.run(() => wanted, abort))
    await expect.poll(() => watch.trouble, WAIT).toBeNull()
    wanted = false
    await expect.poll(() => watch.trouble, WAIT).toBe('load: not read yet')

    const root = await mysql.session()
    const killed = threadId
    await root.run(sql`KILL ${sql.lit(killed)}`)
    wanted = true

    await expect.poll(() => watch.trouble, WAIT).toBeNull()
    expect(threadId).not.toBe(killed)
  })

  test('takes a server that does not answer for unreadable', async ({ mysql }) => {
    const signal = aSignal(mysql, {
      read: async (session) => Number(await session.run(sql`DO SLEEP(100)`)),
    })
    const watch = new SignalWatch(signal, hurried(20))
    running((abort) => watch.run(always, abort))

    await expect.poll(() => watch.trouble, WAIT).toBe('load cannot be read: no answer within 3 s')
  })

  test('takes an old number for unreadable', async ({ mysql }) => {
    let nowMs = Date.UTC(2030, 0, 1)
    const clock: Clock = { ...systemClock, now: () => new Date(nowMs) }
    const watch = new SignalWatch(aSignal(mysql, { everyMs: 60_000, read: async () => 0 }), clock)
    running((abort) => watch.run(always, abort))
    await expect.poll(() => watch.trouble, WAIT).toBeNull()

    nowMs += 7_000

    expect(watch.trouble).toBe('load cannot be read: no answer for 7 s')
  })

  test('ends at once when it is told to, also while a server does not answer', async ({
    mysql,
  }) => {
    const asked = Promise.withResolvers<number>()
    const signal = aSignal(mysql, {
      read: async (session) => {
        asked.resolve(session.threadId)
        return Number(await session.run(sql`DO SLEEP(100)`))
      },
    })
    const stop = new AbortController()
    const ended = new SignalWatch(signal, systemClock)
      .run(always, stop.signal)
      .catch((reason: unknown) => reason)
    await asked.promise

    stop.abort(new Error('enough'))

    expect(await ended).toMatchObject({ message: 'enough' })
  })
})

describe('Throttle', () => {
  const free = (mysql: MysqlTest, read: () => Promise<number>) =>
    new Throttle({ clock: systemClock, ratio: 0, signals: [aSignal(mysql, { read })] })

  test('says why only while somebody is held up', async ({ mysql }) => {
    let value = 20_000
    const throttle = free(mysql, async () => value)
    running((signal) => throttle.watch(signal))
    const stop = new AbortController()
    expect(throttle.throttledBy).toBeNull()

    const resting = throttle.rest(0, stop.signal)
    await expect.poll(() => throttle.throttledBy, WAIT).toBe('load: 20,000, limit 10,000')
    value = 1
    await resting

    expect(throttle.throttledBy).toBeNull()
  })

  test('names every signal that is in the way', async ({ mysql }) => {
    const read = async () => 20_000
    const signals = [aSignal(mysql, { read }), { ...aSignal(mysql, { read }), name: 'other' }]
    const throttle = new Throttle({ clock: systemClock, ratio: 0, signals })
    running((signal) => throttle.watch(signal))
    const stop = new AbortController()

    const resting = throttle.rest(0, stop.signal).catch((reason: unknown) => reason)
    await expect
      .poll(() => throttle.throttledBy, WAIT)
      .toBe('load: 20,000, limit 10,000; other: 20,000, limit 10,000')

    stop.abort('done')
    expect(await resting).toBe('done')
    expect(throttle.throttledBy).toBeNull()
  })

  test('holds everybody up while nobody reads', async ({ mysql }) => {
    const throttle = free(mysql, async () => 0)
    const stop = new AbortController()

    const resting = throttle.rest(0, stop.signal).catch((reason: unknown) => reason)
    await expect.poll(() => throttle.throttledBy, WAIT).toBe('load: not read yet')

    stop.abort('done')
    expect(await resting).toBe('done')
  })

  test('gives way to signals, not to a pause', async ({ mysql }) => {
    const throttle = free(mysql, async () => 0)
    running((signal) => throttle.watch(signal))
    const stop = new AbortController()
    throttle.pause()

    await throttle.giveWay(stop.signal)
    let rested = false
    const resting = throttle.rest(0, stop.signal).then(() => {
      rested = true
    })
    await throttle.giveWay(stop.signal)
    expect(rested).toBe(false)
    throttle.resume()

    await resting
    expect(rested).toBe(true)
  })
})

const always = () => true

/** A signal of the test's own making, called `load`. */
function aSignal(mysql: MysqlTest, parts: Partial<Signal> & Pick<Signal, 'read'>): Signal {
  return {
    name: 'load',
    limit: 10_000,
    unit: 'count',
    everyMs: 10,
    open: () => connect(mysql.target),
    probe: parts.read,
    next: 'Wait.',
    ...parts,
  }
}

/** Runs a task beside the test, and ends it with the test. */
function running(task: (signal: AbortSignal) => Promise<unknown>): void {
  const stop = new AbortController()
  const ended = task(stop.signal).catch((reason: unknown) => reason)
  onTestFinished(async () => {
    stop.abort('over')
    expect([undefined, 'over']).toContain(await ended)
  })
}

/** A clock that runs so many times as fast. */
function hurried(times: number): Clock {
  const startMs = systemClock.now().getTime()
  return {
    ...systemClock,
    now: () => new Date(startMs + (systemClock.now().getTime() - startMs) * times),
    sleep: (ms, options) => systemClock.sleep(ms / times, options),
  }
}
