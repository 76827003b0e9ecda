import { describe, expect, test } from 'vitest'
import type { CommandIo } from '../../src/cli/io.ts'
import { printerFor } from '../../src/cli/printer.ts'
import type { RunStatus } from '../../src/engine/port.ts'

describe('printerFor', () => {
  test('tells a person what holds the copy up', () => {
    const lines: string[] = []
    const print = printerFor(anIo(lines), false)
    const status = { ...COPYING, throttledBy: 'commit latency: 340 ms, limit 100 ms' }

    print.order({ kind: 'status', status })
    print.order({ kind: 'status', status: COPYING })

    expect(lines).toMatchInlineSnapshot(`
      [
        "██████████░░░░░░░░░░ 50 % · copying rows · 500 of about 1,000 rows · 100 rows/s · 5 s left · lag 20 ms · throttled by commit latency: 340 ms, limit 100 ms",
        "██████████░░░░░░░░░░ 50 % · copying rows · 500 of about 1,000 rows · 100 rows/s · 5 s left · lag 20 ms",
      ]
    `)
  })
})

/** As much of a status as a line of progress shows. */
const COPYING = {
  phase: 'copying',
  rowsCopied: 500,
  rowsEstimated: 1_000,
  rowsPerSecond: 100,
  etaSeconds: 5,
  lagMs: 20,
  paused: false,
  throttledBy: null,
  verified: null,
  revertImpossible: null,
} as RunStatus

/** Keeps what is printed. */
function anIo(lines: string[]): CommandIo {
  return {
    out: (line) => lines.push(line),
    err: () => undefined,
    lines: (async function* () {})(),
    onInterrupt: () => undefined,
    env: {},
  }
}
