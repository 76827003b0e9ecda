import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MysqlGtidSet, parseGtidSet } from '../../src/mysql/gtid-set.ts'

const A = '3e11fa47-71ca-11e1-9e33-c80aa9429562'
const B = '4e11fa47-71ca-11e1-9e33-c80aa9429562'

describe("MySQL's GTID set", () => {
  test.each([
    ['', ''],
    [`${A}:1-5`, `${A}:1-5`],
    [`${A.toUpperCase()}:5:1-3`, `${A}:1-3:5`],
    [`${B}:1,\n${A}:1-2:3-4`, `${A}:1-4,${B}:1`],
    [`${A}:1-3:tag_b:7:tag_a:1-2`, `${A}:1-3:tag_a:1-2:tag_b:7`],
    [`${A}:tag:1`, `${A}:tag:1`],
    [`${A}:1-10:2-3:5`, `${A}:1-10`],
    [`${A}:9223372036854775806`, `${A}:9223372036854775806`],
  ])('reads %j and prints %j', (text, printed) => {
    expect(parseGtidSet('mysql', text).toString()).toBe(printed)
  })

  test.each(['nonsense', `${A}:`, `${A}:1-x`, `${A}:UPPER-case:1`, `${A.slice(1)}:1`])(
    'does not read %j',
    (text) => {
      expect(() => parseGtidSet('mysql', text)).toThrow(TypeError)
    },
  )

  test('prints the same whatever the order in which numbers were added', () => {
    const numbers = fc.uniqueArray(fc.bigInt({ min: 1n, max: 40n }), { minLength: 1 })
    fc.assert(
      fc.property(numbers, (added) => {
        const set = new MysqlGtidSet()
        for (const number of added) set.add(A, '', number)

        const again = MysqlGtidSet.parse(set.toString())
        const [source] = again.sources()
        const held = source?.intervals.flatMap(({ first, last }) =>
          Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index)),
        )
        expect(held).toEqual([...added].sort((a, b) => Number(a - b)))
        expect(again.contains(set) && set.contains(again)).toBe(true)
      }),
    )
  })

  test.each([
    [`${A}:1-5`, `${A}:2-3`, true],
    [`${A}:1-5`, '', true],
    ['', `${A}:1`, false],
    [`${A}:1-2:4-5`, `${A}:2-4`, false],
    [`${A}:1-5`, `${A}:tag:1`, false],
    [`${A}:1-5,${B}:1`, `${B}:1`, true],
  ])('%j holds %j: %j', (set, other, held) => {
    expect(parseGtidSet('mysql', set).contains(parseGtidSet('mysql', other))).toBe(held)
  })
})

describe("MariaDB's GTID set", () => {
  test('reads and prints one transaction per domain', () => {
    expect(parseGtidSet('mariadb', '0-1-100, 7-2-5').toString()).toBe('0-1-100,7-2-5')
    expect(parseGtidSet('mariadb', '').toString()).toBe('')
  })

  test.each([
    ['0-1-100', '0-2-99', true],
    ['0-1-100', '0-1-101', false],
    ['0-1-100', '1-1-1', false],
    ['0-1-100,1-1-1', '1-1-1', true],
  ])('%j holds %j: %j', (set, other, held) => {
    expect(parseGtidSet('mariadb', set).contains(parseGtidSet('mariadb', other))).toBe(held)
  })

  test('is never compared with one of MySQL', () => {
    expect(parseGtidSet('mariadb', '').contains(parseGtidSet('mysql', ''))).toBe(false)
  })
})
