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

  test('tells a machine rows, moment and differences of a comparison, and nothing of what was thrown', () => {
    const lines: string[] = []
    const print = printerFor(anIo(lines), true)
    const at = new Date('2026-03-01T12:03:00Z')
    const verified = { at, rows: 7, lagging: 1 }

    print.event({ event: 'verified', ...verified, tookMs: 5, side: 'gate' })
    print.event({ event: 'progress', ...COPYING, at, verified })
    print.order({ kind: 'status', status: { ...COPYING, verified } })
    print.event({
      ...{
        event: 'failed',
        at,
        code: 'INTERNAL',
        message: 'Internal error: Error.',
        next: 'Report it.',
      },
      cause: new Error("Duplicate entry 'alice@example.org' for key 'by_mail'"),
    })

    const told = { at: at.toISOString(), rows: 7, lagging: 1, differences: 0 }
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'verified', ...told, side: 'gate' },
      { event: 'progress', verified: told },
      { event: 'status', verified: told },
      { event: 'failed', code: 'INTERNAL' },
    ])
    expect(lines.join()).not.toContain('alice')
  })

  test('tells a person what a deployment takes, and whom its cutover would wait for', () => {
    const lines: string[] = []
    const at = new Date('2026-03-01T12:03:00Z')
    const held = {
      connectionId: 12,
      seconds: 95,
      table: 'orders',
      statement: 'UPDATE `orders` SET ?',
    }

    printerFor(anIo(lines), false).event({
      event: 'started',
      at,
      tables: [
        { kind: 'alter', live: 'orders', shadow: 'orders__xf_new_1', old: 'orders__xf_old_1' },
      ],
      instant: [{ table: 'orders', eligible: false, reason: 'it changes a type' }],
      disk: { copies: 3_000_000, log: 2_000_000 },
      transactions: [held, { ...held, connectionId: 13, table: null, statement: null }],
    })

    expect(lines).toMatchInlineSnapshot(`
      [
        "12:03:00 UTC  Started. The live tables stay in use; their changed copies are:",
        "12:03:00 UTC    orders → orders__xf_new_1",
        "12:03:00 UTC    orders could not be changed with --instant: it changes a type.",
        "12:03:00 UTC  The copies take about 2.9 MiB of disk, and the binary log 1.9 MiB more.",
        "12:03:00 UTC  Connection 12 has a transaction of 95 s and uses orders, last statement UPDATE \`orders\` SET ?: a cutover would wait for it.",
        "12:03:00 UTC  Connection 13 has a transaction of 95 s: a cutover may wait for it.",
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
