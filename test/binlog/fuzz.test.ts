import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChangeEvent } from '../../src/binlog/event.ts'
import {
  CODE,
  eventBytes,
  formatBody,
  queryBody,
  rowsBody,
  tableMapBody,
  uint,
} from './event-bytes.ts'
import { refusalOf, row, TABLE_MAP, translate } from './orders-bytes.ts'

/** Damaged bytes may still read as some event; anything but that must be a refusal. */
function expectRefusalOrChanges(act: () => ChangeEvent[]): void {
  const outcome = refusalOf(act)
  if (Array.isArray(outcome)) return
  expect(['STREAM_STOPPED', 'TABLE_CHANGED', 'BINLOG_FORMAT']).toContain(outcome)
}

type Damage = {
  readonly changes: readonly { readonly at: number; readonly value: number }[]
  readonly length: number
  /** Whether the event says the size that it has after the cut. */
  readonly honest: boolean
}

function damageBytes(bytes: Buffer, { changes, length, honest }: Damage): Buffer {
  const cut = Buffer.from(bytes.subarray(0, Math.max(length, 19)))
  for (const { at, value } of changes) if (at < cut.length) cut[at] = value
  if (honest) cut.writeUInt32LE(cut.length, 9)
  return cut
}

describe('a stream stops', () => {
  test('at damaged bytes, and with nothing but a refusal', () => {
    const bare = (code: number, body: Buffer) => eventBytes(code, body, { checksum: false })
    const events = [
      bare(CODE.FORMAT, Buffer.concat([formatBody(false), uint(0, 4)])),
      bare(CODE.TABLE_MAP, TABLE_MAP),
      bare(CODE.WRITE_ROWS, rowsBody(7, 3, [0b111], [row(-5, 'x', 'ab'), row(6, null, '')])),
      bare(CODE.UPDATE_ROWS, rowsBody(7, 3, [7, 7], [row(1, 'x', 'a'), row(2, 'y', 'a')])),
      bare(CODE.QUERY, queryBody('shop', 'ALTER TABLE a ADD b INT')),
      bare(42, Buffer.alloc(40, 2)),
      bare(CODE.MARIADB_GTID, Buffer.alloc(19)),
    ]
    const damage = fc.record({
      event: fc.nat(events.length - 1),
      changes: fc.array(fc.record({ at: fc.nat(120), value: fc.nat(255) }), { maxLength: 4 }),
      length: fc.nat(200),
      honest: fc.boolean(),
    })
    fc.assert(
      fc.property(damage, damage, (one, other) => {
        const damaged = events.map((bytes, index) =>
          [one, other].filter(({ event }) => event === index).reduce(damageBytes, bytes),
        )
        expectRefusalOrChanges(() => translate(damaged, { checksum: false }))
      }),
      { numRuns: 5000 },
    )
  })

  test('at a table and rows that make no sense', () => {
    const column = fc.oneof(
      fc.constantFrom(1, 2, 3, 8, 9, 10, 13).map((type): number[] => [type]),
      fc.tuple(fc.constantFrom(4, 5, 17, 18, 19, 242, 245, 252, 255), fc.nat(7)),
      fc.tuple(fc.constantFrom(15, 16, 20, 246, 254), fc.nat(255), fc.nat(40)),
      fc.tuple(fc.nat(255), fc.nat(255)),
    )
    const dataTypes = fc.constantFrom(
      ...['bigint', 'bit', 'decimal', 'time', 'datetime', 'timestamp', 'enum', 'binary', 'varchar'],
    )
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 4 }),
        dataTypes,
        fc.uint8Array({ maxLength: 60 }),
        (columns, dataType, noise) => {
          const key = { ordinal: 0, dataType, unsigned: false, length: 3 }
          const layout = { columnCount: columns.length, keyColumns: [key] }
          const every = 2 ** columns.length - 1
          const events = [
            eventBytes(CODE.TABLE_MAP, tableMapBody(7, 'orders', columns)),
            eventBytes(CODE.WRITE_ROWS, rowsBody(7, columns.length, [every], [Buffer.from(noise)])),
          ]
          expectRefusalOrChanges(() => translate(events, { layout }))
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('at bytes that are no event at all', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(171),
        fc.boolean(),
        (noise, code, sound) => {
          const bytes = sound
            ? eventBytes(code, Buffer.from(noise), { checksum: false })
            : Buffer.from(noise)
          expectRefusalOrChanges(() => translate([bytes], { checksum: false }))
        },
      ),
      { numRuns: 5000 },
    )
  })
})
