import { describe, expect, test } from 'vitest'
import { messages } from './case.ts'

describe('lossOf', () => {
  test('says what no longer fits, and nothing when all does', () => {
    const change = (from: string, to: string) =>
      messages('lossy-change', { from: { t: [`\`a\` ${from}`] }, to: { t: [`\`a\` ${to}`] } })
        .map((message) => message.replace('The new type of `t`.`a` cannot hold ', ''))
        .join()
    const pairs: readonly (readonly [string, string])[] = [
      ['bigint', 'int'],
      ['int', 'bigint'],
      ['int', 'int unsigned'],
      ['int unsigned', 'int'],
      ['int unsigned', 'bigint'],
      ['decimal(10,2)', 'decimal(8,2)'],
      ['decimal(10,2)', 'decimal(12,2)'],
      ['decimal(10,2)', 'decimal(12,1)'],
      ['decimal(10,2)', 'int'],
      ['int', 'decimal(9,0)'],
      ['int', 'decimal(10,0)'],
      ['double', 'float'],
      ['float', 'double'],
      ['double', 'decimal(20,4)'],
      ['bigint', 'double'],
      ['int', 'double'],
      ['varchar(20)', 'varchar(10)'],
      ['varchar(10)', 'varchar(20)'],
      ['varchar(100)', 'tinytext'],
      ['varchar(60)', 'tinytext'],
      ['mediumtext', 'text'],
      ['text', 'varchar(500)'],
      ['text', 'mediumtext'],
      ['blob', 'varbinary(10)'],
      ['varchar(9) CHARACTER SET latin1', 'varchar(9)'],
      ['varchar(9)', 'varchar(9) CHARACTER SET latin1'],
      ['varchar(9) CHARACTER SET ascii', 'varchar(9) CHARACTER SET latin1'],
      ['varchar(9)', 'int'],
      ['text', 'json'],
      ['varchar(9)', "enum('a')"],
      ["enum('a')", 'varchar(9)'],
      ['datetime', 'date'],
      ['datetime', 'timestamp'],
      ['timestamp', 'datetime'],
      ['datetime(6)', 'datetime(3)'],
      ['date', 'datetime'],
      ['json', 'longtext'],
    ]

    expect(
      pairs.map(([from, to]) => `${from} → ${to}: ${change(from, to) || 'fits'}`),
    ).toMatchInlineSnapshot(`
      [
        "bigint → int: numbers above 2,147,483,647.",
        "int → bigint: fits",
        "int → int unsigned: negative numbers.",
        "int unsigned → int: numbers above 2,147,483,647.",
        "int unsigned → bigint: fits",
        "decimal(10,2) → decimal(8,2): more than 6 digits before the point.",
        "decimal(10,2) → decimal(12,2): fits",
        "decimal(10,2) → decimal(12,1): more than 1 digit after the point.",
        "decimal(10,2) → int: fractions.",
        "int → decimal(9,0): more than 9 digits before the point.",
        "int → decimal(10,0): fits",
        "double → float: so many digits.",
        "float → double: fits",
        "double → decimal(20,4): every fraction and every size that the old one holds.",
        "bigint → double: all digits exactly.",
        "int → double: fits",
        "varchar(20) → varchar(10): more than 10 characters.",
        "varchar(10) → varchar(20): fits",
        "varchar(100) → tinytext: more than 255 bytes.",
        "varchar(60) → tinytext: fits",
        "mediumtext → text: more than 65,535 bytes.",
        "text → varchar(500): more than 500 characters.",
        "text → mediumtext: fits",
        "blob → varbinary(10): more than 10 bytes.",
        "varchar(9) CHARACTER SET latin1 → varchar(9): fits",
        "varchar(9) → varchar(9) CHARACTER SET latin1: characters that latin1 does not have.",
        "varchar(9) CHARACTER SET ascii → varchar(9) CHARACTER SET latin1: fits",
        "varchar(9) → int: texts that are no numbers.",
        "text → json: texts that are no JSON.",
        "varchar(9) → enum('a'): texts that are not among its values.",
        "enum('a') → varchar(9): fits",
        "datetime → date: all of a DATETIME.",
        "datetime → timestamp: times before 1970 and after January 2038.",
        "timestamp → datetime: fits",
        "datetime(6) → datetime(3): so small fractions of a second.",
        "date → datetime: fits",
        "json → longtext: fits",
      ]
    `)
  })
})
