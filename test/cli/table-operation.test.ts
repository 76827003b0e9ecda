import { describe, expect, test } from 'vitest'
import { readTableOperation } from '../../src/cli/table-operation.ts'

describe('readTableOperation', () => {
  test.for([
    ['CREATE INDEX i ON t (a, b DESC)', 'ALTER TABLE t ADD INDEX i (a, b DESC)'],
    [
      "create unique index `i i` using btree on `t``t` ((lower(a)), b(3)) comment 'ON (x)';",
      "ALTER TABLE `t``t` ADD unique index `i i` using btree ((lower(a)), b(3)) comment 'ON (x)'",
    ],
    [
      '-- for the search\nCREATE FULLTEXT INDEX f ON shop.t (a) WITH PARSER ngram ALGORITHM=INPLACE LOCK NONE',
      'ALTER TABLE t ADD FULLTEXT INDEX f (a) WITH PARSER ngram, ALGORITHM = INPLACE, LOCK = NONE',
    ],
    ['DROP INDEX i ON t', 'ALTER TABLE t DROP INDEX i'],
    ['DROP INDEX `on` ON `t` LOCK = NONE;', 'ALTER TABLE `t` DROP INDEX `on`, LOCK = NONE'],
    ['ALTER TABLE shop.t ADD shop INT', 'ALTER TABLE t ADD shop INT'],
    ['ALTER TABLE `shop` . `t` ADD a INT', 'ALTER TABLE `t` ADD a INT'],
    [
      'ALTER TABLE t ADD a DECIMAL(4, 2) DEFAULT 1.5',
      'ALTER TABLE t ADD a DECIMAL(4, 2) DEFAULT 1.5',
    ],
  ] as const)('reads %s', ([given, statement]) => {
    expect(readTableOperation(given, 'shop')).toMatchObject({ kind: 'alter', statement })
  })

  test.for([
    ['CREATE TABLE shop.t (id INT PRIMARY KEY)', 'create', 'CREATE TABLE t (id INT PRIMARY KEY)'],
    ['# gone\nDROP TABLE IF EXISTS shop.t', 'drop', '# gone\nDROP TABLE IF EXISTS t'],
    [
      'CREATE TABLE t (id INT PRIMARY KEY, INDEX i (id)) COMMENT = "ON t (id)"',
      'create',
      'CREATE TABLE t (id INT PRIMARY KEY, INDEX i (id)) COMMENT = "ON t (id)"',
    ],
  ] as const)('knows what %s does to a table', ([given, kind, statement]) => {
    expect(readTableOperation(given, 'shop')).toEqual({ kind, table: 't', statement })
  })

  test.for([
    ['ALTER TABLE other.t ADD a INT', /qualified/],
    ['CREATE INDEX i ON other.t (a)', /qualified/],
    ['CREATE VIEW i AS SELECT 1', /TABLE is missing/],
    ['DROP INDEX i', /TABLE is missing/],
  ] as const)('refuses %s', ([given, said]) => {
    expect(() => readTableOperation(given, 'shop')).toThrow(said)
  })
})
