import { describe, expect, test } from 'vitest'
import { checkCanonical, checkSchemaFile } from '../../src/schema/file/allow-list.ts'

/** What servers die of, with how often it may be repeated. */
const CASES: readonly (readonly [string, number, (times: number) => string])[] = [
  ['calls', 490, (times) => `${'CONCAT('.repeat(times)}1${')'.repeat(times)}`],
  ['calls with more arguments', 490, (n) => `${'IF(1, 2, '.repeat(n)}1${')'.repeat(n)}`],
  ['parentheses', 990, (times) => `${'('.repeat(times)}1${')'.repeat(times)}`],
  ['signs', 990, (times) => `${'- '.repeat(times)}1`],
  ['terms', 490, (times) => `1${' + 1'.repeat(times)}`],
  ['cases', 190, (times) => `${'CASE WHEN 1 THEN '.repeat(times)}1${' END'.repeat(times)}`],
  ['collations', 490, (times) => `'x'${' COLLATE utf8mb4_bin'.repeat(times)}`],
]

describe('checkSchemaFile', () => {
  test.each(CASES)('refuses to nest deeper than a server should go: %s', (_, most, expression) => {
    const table = (times: number) => `CREATE TABLE t (a INT, b TEXT AS (${expression(times)}))`
    const refusal = expect.objectContaining({
      code: 'SQL_NOT_ALLOWED',
      message: expect.stringContaining('t:1:'),
    })

    expect(checkSchemaFile(table(most), 't')).toHaveLength(1)
    expect(() => checkSchemaFile(table(most * 2), 't')).toThrow(refusal)
    expect(() => checkCanonical(table(most * 2), 't')).toThrow(refusal)
  })

  test.each(CASES)('does so in views: %s', (_, most, expression) => {
    const view = (times: number) => `CREATE VIEW v AS SELECT ${expression(times)} AS a`

    expect(checkSchemaFile(view(most), 'v')).toHaveLength(1)
    expect(() => checkSchemaFile(view(most * 2), 'v')).toThrow(/^v:1:/)
  })

  test('takes long lists, which are not deep', () => {
    const many = Array.from({ length: 5000 }, (_, at) => at)
    const columns = many.map((at) => `c${at} INT NOT NULL DEFAULT (1 + 2)`).join(', ')
    const values = many.map((at) => `'v${at}'`).join(', ')

    const text = `CREATE TABLE t (${columns}); CREATE TABLE u (a ENUM(${values}), CHECK (a IN (${values})))`

    expect(checkSchemaFile(text, 't')).toHaveLength(2)
  })
})
