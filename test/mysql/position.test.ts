import { describe, expect, test } from 'vitest'
import {
  comparePositions,
  type Position,
  positionFromJson,
  positionToJson,
} from '../../src/mysql/position.ts'

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562'

function file(name: string, offset: bigint): Position {
  return { kind: 'file', file: name, offset }
}

function gtid(set: string): Position {
  return { kind: 'gtid', flavour: 'mysql', set }
}

describe('comparePositions', () => {
  test.each<readonly [Position, Position, -1 | 0 | 1 | null]>([
    [file('binlog.999999', 4n), file('binlog.1000000', 4n), -1],
    [file('binlog.000009', 4n), file('binlog.000010', 4n), -1],
    [file('binlog.000001', 9n), file('binlog.000001', 10n), -1],
    [file('binlog.000001', 10n), file('binlog.000001', 10n), 0],
    [file('binlog.000002', 4n), file('binlog.000001', 5_000_000_000n), 1],
    [file('binlog.000001', 4n), file('other.000001', 4n), null],
    [gtid(`${A}:1-4`), gtid(`${A}:1-5`), -1],
    [gtid(`${A}:1-5`), gtid(`${A}:1-5`), 0],
    [gtid(`${A}:1-5`), gtid(`${A}:1-4`), 1],
    [gtid(`${A}:1-5`), gtid(`${A}:2-6`), null],
    [gtid(''), file('binlog.000001', 4n), null],
    [gtid(''), { kind: 'gtid', flavour: 'mariadb', set: '' }, null],
  ])('case %#', (a, b, expected) => {
    expect(comparePositions(a, b)).toBe(expected)
  })
})

describe('a position as JSON', () => {
  test.each<Position>([
    file('binlog.000001', 18_446_744_073_709_551_615n),
    gtid(`${A}:1-5`),
    { kind: 'gtid', flavour: 'mariadb', set: '0-1-100' },
  ])('comes back the same, case %#', (position) => {
    const json = positionToJson(position)

    expect(positionFromJson(json)).toEqual(position)
    expect(positionFromJson(JSON.parse(json))).toEqual(position)
  })

  test.each(['', '{}', 'null', '{"kind":"file","file":"a.1","offset":"x"}', '{"kind":"gtid"}', 4])(
    'is refused when it is %j',
    (json) => {
      expect(() => positionFromJson(json)).toThrow(
        expect.objectContaining({ code: 'CHECKPOINT_MISSING' }),
      )
    },
  )
})
