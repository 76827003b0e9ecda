import { describe, expect, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { TableCopy } from '../../src/engine/copy/copy.ts'
import { Frontier } from '../../src/engine/copy/frontier.ts'
import { MAX_WORKERS, Pace } from '../../src/engine/copy/pace.ts'
import { RowCopy } from '../../src/engine/copy/row-copy.ts'
import { Throttle } from '../../src/engine/throttle.ts'
import { connect } from '../../src/mysql/connect.ts'
import { test } from '../support/mysql.ts'
import { aPair, numbered } from './a-pair.ts'

const WAIT = { timeout: 20_000 }

describe('RowCopy', () => {
  test('THROTTLE-1: a worker that the pace lets in later begins no chunk', async ({ mysql }) => {
    const { pair, lock } = await aPair(mysql, {
      columns: 'id INT PRIMARY KEY',
      rows: numbered(5_000, (n) => `${n}`),
    })
    const id = `r${mysql.schema.slice(-16)}`
    const clock = systemClock
    let over = false
    // Above the limit from the first chunk on.
    const load = async () => (over || table.rowsCopied === 0 ? 0 : 11)
    const throttle = new Throttle({
      clock,
      ratio: 0,
      signals: [
        {
          name: 'load',
          limit: 10,
          unit: 'count',
          everyMs: 5,
          open: () => connect(mysql.target),
          read: load,
          probe: load,
          next: 'Wait.',
        },
      ],
    })
    const rest = vi.spyOn(throttle, 'rest')
    const pace = new Pace('polite')
    expect(pace.workers).toBe(1)
    const table = new TableCopy(pair, new Frontier(true), {
      id,
      clock,
      lockOrFail: lock,
      chunkRows: 10,
      serial: false,
      prefix: null,
      end: null,
    })
    const copy = new RowCopy([table], {
      id,
      clock,
      pace,
      throttle,
      open: () => connect(mysql.target),
      othersWrite: () => false,
    })
    const stop = new AbortController()
    const tasks = [throttle.watch(stop.signal), copy.run(stop.signal)]
    const ended = Promise.allSettled(tasks)
    onTestFinished(async () => {
      stop.abort('over')
      await ended
    })

    await expect.poll(() => throttle.throttledBy, WAIT).toBe('load: 11, limit 10')
    const { rowsCopied } = table
    const asked = rest.mock.calls.length
    for (let round = 0; round < 10; round += 1) pace.observe({ commitMs: 0, othersWrite: false })
    expect(pace.workers).toBe(MAX_WORKERS)
    await expect.poll(() => rest.mock.calls.length, WAIT).toBe(asked + MAX_WORKERS - 1)

    expect(table.rowsCopied).toBe(rowsCopied)
    over = true
    await tasks[1]
    expect(table.rowsCopied).toBe(5_000)
  })
})
