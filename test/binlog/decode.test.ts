import { describe, expect, test } from 'vitest'
import { Place } from '../../src/binlog/place.ts'
import { comparePositions } from '../../src/mysql/position.ts'
import { CODE, eventBytes, queryBody, rowsBody, tableMapBody, uint } from './event-bytes.ts'
import { FROM, LAYOUT, refusalOf, row, TABLE_MAP, translate } from './orders-bytes.ts'

const [TABLE, INSERT, XID] = [
  eventBytes(CODE.TABLE_MAP, TABLE_MAP),
  eventBytes(CODE.WRITE_ROWS, rowsBody(7, 3, [0b111], [row(-5, 'x', 'ab'), row(6, null, '')])),
  eventBytes(CODE.XID, Buffer.alloc(8)),
]

describe('an event', () => {
  test('yields the keys of its rows, padded to the length of the column', () => {
    expect(translate([TABLE, INSERT])).toEqual([
      {
        type: 'keys',
        at: 1_767_322_800,
        schema: 'shop',
        table: 'orders',
        change: 'write',
        keys: [
          [-5n, new Uint8Array([97, 98, 0])],
          [6n, new Uint8Array(3)],
        ],
        moves: [],
      },
    ])
  })

  test('yields the key once when an update left it alone, and both when not', () => {
    const update = rowsBody(
      7,
      3,
      [0b111, 0b111],
      [row(1, 'x', 'a'), row(1, 'y', 'a'), row(2, 'x', 'a'), row(2, 'x', 'b')],
    )
    const [keys] = translate([TABLE, eventBytes(CODE.UPDATE_ROWS, update)])

    expect(keys).toMatchObject({
      keys: [
        [1n, new Uint8Array([97, 0, 0])],
        [2n, new Uint8Array([97, 0, 0])],
        [2n, new Uint8Array([98, 0, 0])],
      ],
      change: 'update',
      moves: [1],
    })
  })

  test('takes what a minimal after-image lacks from the image before', () => {
    const before = Buffer.concat([Buffer.of(0), uint(9, 4), Buffer.of(1, 97)])
    const after = Buffer.concat([Buffer.of(0), uint(10, 4)])
    const update = rowsBody(7, 3, [0b101, 0b001], [before, after])

    const [keys] = translate([TABLE, eventBytes(CODE.UPDATE_ROWS, update)])

    expect(keys).toMatchObject({
      keys: [
        [9n, new Uint8Array([97, 0, 0])],
        [10n, new Uint8Array([97, 0, 0])],
      ],
    })
  })

  test('skips the part that says which JSON columns are partial', () => {
    const layout = { columnCount: 2, keyColumns: LAYOUT.keyColumns.slice(0, 1) }
    const json = Buffer.concat([uint(3, 4), Buffer.from('abc')])
    const image = Buffer.concat([Buffer.of(0), uint(4, 4), json])
    const partial = Buffer.of(1, 0b1)
    const whole = Buffer.of(0)
    const update = rowsBody(7, 2, [0b11, 0b11], [image, partial, image, image, whole, image])
    const table = eventBytes(CODE.TABLE_MAP, tableMapBody(7, 'orders', [[3], [245, 4]]))

    const [keys] = translate([table, eventBytes(CODE.PARTIAL_UPDATE_ROWS, update)], { layout })

    expect(keys).toMatchObject({ keys: [[4n], [4n]] })
  })

  test('of a table that is not wanted yields nothing', () => {
    expect(translate([TABLE, INSERT], { layout: null })).toEqual([])
  })

  test('ends a transaction at the place where the event ends, also beyond 4 GiB of a file', () => {
    const place = new Place({ ...FROM, offset: 0xffff_ff00n })
    const header = { at: 0, code: CODE.XID, serverId: 1, flags: 0 }

    place.advance({ ...header, end: 0xffff_fff0 })
    const inside = place.commit()
    place.advance({ ...header, end: 0x10 })
    const beyond = place.commit()
    place.rotate('binlog.000002', 4n)

    // No stream could start from 4 GiB + 16, so the position stays before until the next file.
    expect(inside).toMatchObject({ file: 'binlog.000001', offset: 0xffff_fff0n })
    expect(beyond).toEqual(inside)
    expect(place.boundary).toEqual({ kind: 'file', file: 'binlog.000002', offset: 4n })
  })

  test('of a rotation goes on after the file with the last number of six digits', () => {
    const rotation = Buffer.concat([uint(4, 4), uint(0, 4), Buffer.from('binlog.1000000')])
    const end = { end: 500 }
    const events = [
      eventBytes(
        CODE.ROTATE,
        Buffer.concat([uint(4, 4), uint(0, 4), Buffer.from('binlog.999999')]),
      ),
      eventBytes(CODE.XID, Buffer.alloc(8), end),
      eventBytes(CODE.ROTATE, rotation),
      eventBytes(CODE.XID, Buffer.alloc(8), end),
    ]

    const places = translate(events).flatMap((change) =>
      change.type === 'transaction' ? [change.position] : [],
    )

    expect(places).toEqual([
      { kind: 'file', file: 'binlog.999999', offset: 500n },
      { kind: 'file', file: 'binlog.1000000', offset: 500n },
    ])
    const [before = FROM, after = FROM] = places
    expect(comparePositions(before, after)).toBe(-1)
  })

  test('of DDL is a statement and the end of a transaction, of DML inside one only a statement', () => {
    const types = (...statements: string[]) =>
      translate(statements.map((text) => eventBytes(CODE.QUERY, queryBody('shop', text)))).map(
        ({ type }) => type,
      )

    expect(types('ALTER TABLE a ADD b INT')).toEqual(['statement', 'transaction'])
    expect(
      types('BEGIN', 'UPDATE a SET b = 1', 'SAVEPOINT `s`', 'ROLLBACK TO `s`', 'COMMIT'),
    ).toEqual(['statement', 'transaction'])
    expect(types("XA START X'61',X'',1", "XA END X'61',X'',1", "XA COMMIT X'61',X'',1")).toEqual([
      'transaction',
    ])
  })
})

describe('a stream stops', () => {
  test.each<[string, readonly Buffer[], string]>([
    ['at a wrong checksum', [Buffer.concat([XID.subarray(0, -1), Buffer.of(0)])], 'STREAM_STOPPED'],
    ['at an event of unknown type', [eventBytes(99, Buffer.alloc(4))], 'STREAM_STOPPED'],
    [
      'when the server says that changes are missing',
      [eventBytes(CODE.INCIDENT, Buffer.of(1, 0, 0))],
      'STREAM_STOPPED',
    ],
    ['at an encrypted log', [eventBytes(164, Buffer.alloc(17))], 'STREAM_STOPPED'],
    ['at an event that is cut off', [XID.subarray(0, -5)], 'STREAM_STOPPED'],
    ['at rows of a table that was not named', [INSERT], 'STREAM_STOPPED'],
    // Each statement names its tables; who remembers all of them remembers a million after some days.
    ['at rows of a table that another transaction named', [TABLE, XID, INSERT], 'STREAM_STOPPED'],
    [
      'at a row that is cut off',
      [
        TABLE,
        eventBytes(CODE.WRITE_ROWS, rowsBody(7, 3, [0b111], [row(1, 'x', 'a').subarray(0, -1)])),
      ],
      'STREAM_STOPPED',
    ],
    [
      'at a row without the whole key',
      [
        TABLE,
        eventBytes(
          CODE.WRITE_ROWS,
          rowsBody(7, 3, [0b001], [Buffer.concat([Buffer.of(0), uint(1, 4)])]),
        ),
      ],
      'BINLOG_FORMAT',
    ],
    [
      'at a table with other columns',
      [eventBytes(CODE.TABLE_MAP, tableMapBody(7, 'orders', [[3], [3]]))],
      'TABLE_CHANGED',
    ],
    [
      'at a table whose key is of another type',
      [eventBytes(CODE.TABLE_MAP, tableMapBody(7, 'orders', [[8], [3], [254, 254, 3]]))],
      'TABLE_CHANGED',
    ],
    [
      'at a key that is NULL',
      [TABLE, eventBytes(CODE.WRITE_ROWS, rowsBody(7, 3, [0b111], [Buffer.of(0b111)]))],
      'TABLE_CHANGED',
    ],
    [
      'at a time column whose size is not known',
      [eventBytes(CODE.TABLE_MAP, tableMapBody(7, 'orders', [[3], [12], [254, 254, 3]]))],
      'STREAM_STOPPED',
    ],
  ])('%s', (_, events, code) => {
    expect(refusalOf(() => translate(events))).toBe(code)
  })

  test('but not at an event that may be ignored', () => {
    expect(translate([eventBytes(99, Buffer.alloc(4), { flags: 0x80 })])).toEqual([])
  })
})
