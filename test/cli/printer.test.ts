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
    print.order({
      kind: 'status',
      status: { ...COPYING, phase: 'cutting_over', throttledBy: 'connection 12 holds orders' },
    })

    expect(lines).toMatchInlineSnapshot(`
      [
        "██████████░░░░░░░░░░ 50 % · copying rows · 500 of about 1,000 rows · 100 rows/s · 5 s left · lag 20 ms · throttled by commit latency: 340 ms, limit 100 ms",
        "██████████░░░░░░░░░░ 50 % · copying rows · 500 of about 1,000 rows · 100 rows/s · 5 s left · lag 20 ms",
        "████████████████████ 100 % · cutting over · 500 of about 1,000 rows · 5 s left · lag 20 ms · in the way: connection 12 holds orders",
      ]
    `)
  })

  test('tells a person what the last comparison came to, and since when there is no way back', () => {
    const lines: string[] = []
    const print = printerFor(anIo(lines), false)
    const at = new Date('2026-03-01T12:03:00Z')
    const verified = { at, rows: 1_234_567, lagging: 12 }
    const revertImpossible = { since: at, reason: 'A row is too long.' }

    print.event({ event: 'verified', ...verified, tookMs: 2_345, side: 'revert_window' })
    print.event({ event: 'revert_impossible', at, ...revertImpossible, cause: null })
    print.order({
      kind: 'status',
      status: { ...COPYING, phase: 'revert_window', verified, revertImpossible },
    })

    expect(lines).toMatchInlineSnapshot(`
      [
        "12:03:00 UTC  1,234,567 rows compared, 0 differences, 12 had lagged, in 2.3 s.",
        "12:03:00 UTC  A revert is not possible since 12:03:00 UTC: A row is too long.",
        "████████████████████ 100 % · live; the old tables follow · 500 of about 1,000 rows · 5 s left · lag 20 ms · 1,234,567 rows compared, 0 differences, 12 had lagged at 12:03:00 UTC · a revert is not possible since 12:03:00 UTC",
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
