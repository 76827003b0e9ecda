import { describe, expect, test } from 'vitest'
import { createCopy, parseAlter, tableNamed } from '../../src/engine/table/statement.ts'

describe('parseAlter', () => {
  test('moves the change to another table and leaves every clause as it stands', () => {
    const alter = parseAlter("ALTER TABLE `or``ders` ADD COLUMN note TEXT COMMENT 'a; b, c'")

    expect(alter.table).toBe('or`ders')
    expect(alter.on('shop', 'copy')).toBe(
      "ALTER TABLE `shop`.`copy` ADD COLUMN note TEXT COMMENT 'a; b, c'",
    )
  })

  test('sees which columns are renamed', () => {
    const { renames } = parseAlter(
      'ALTER TABLE t CHANGE COLUMN a b INT, RENAME COLUMN c TO `d`, CHANGE e e BIGINT, ADD f INT',
    )

    expect([...renames]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  test('gives the constraints of the copy names of their own', () => {
    const alter = parseAlter(
      'ALTER TABLE t DROP CHECK t_chk_1, DROP CONSTRAINT `positive`, ADD CONSTRAINT few CHECK (n < 9), ADD CHECK (n > 0)',
    )

    expect(alter.on('shop', 't__xf_new_abc123')).toBe(
      'ALTER TABLE `shop`.`t__xf_new_abc123` DROP CHECK `t__xf_new_abc123_chk_1`, DROP CONSTRAINT `positive_xf_abc123`, ADD CONSTRAINT `few_xf_abc123` CHECK (n < 9), ADD CHECK (n > 0)',
    )
  })

  test('drops a foreign key first that is added again under its name', () => {
    const alter = parseAlter(
      'ALTER TABLE t DROP FOREIGN KEY f_xf_000000, ADD x INT, DROP FOREIGN KEY g, ADD CONSTRAINT F FOREIGN KEY (a) REFERENCES p (id)',
    )

    expect(alter.before('shop', 't__xf_new_abc123')).toBe(
      'ALTER TABLE `shop`.`t__xf_new_abc123` DROP FOREIGN KEY `f_xf_abc123`',
    )
    expect(alter.on('shop', 't__xf_new_abc123')).toBe(
      'ALTER TABLE `shop`.`t__xf_new_abc123` ADD x INT, DROP FOREIGN KEY `g_xf_abc123`, ADD CONSTRAINT `F_xf_abc123` FOREIGN KEY (a) REFERENCES p (id)',
    )
    expect(parseAlter('ALTER TABLE t DROP FOREIGN KEY g').before('shop', 'copy')).toBeNull()
  })

  test.each([
    ['DROP TABLE t'],
    ['ALTER DATABASE shop CHARACTER SET utf8mb4'],
    ['ALTER TABLE shop.t ADD x INT'],
    ['ALTER TABLE t ADD x INT; DROP TABLE t'],
    ['ALTER TABLE t RENAME TO u'],
    ['ALTER TABLE t RENAME u'],
    ['ALTER TABLE t ADD x INT, RENAME AS u'],
    ['ALTER IGNORE TABLE t ADD UNIQUE (x)'],
    ['ALTER TABLE t DISCARD TABLESPACE'],
    ['ALTER TABLE t DROP PARTITION p0'],
    ['ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE u'],
    ['ALTER TABLE t /*!80000 RENAME TO u */'],
    ['ALTER TABLE'],
    [''],
  ])('refuses %j', (statement) => {
    expect(() => parseAlter(statement)).toThrow(
      expect.objectContaining({ code: 'ALTER_INVALID', next: expect.any(String) }),
    )
  })

  test('takes RENAME INDEX and RENAME COLUMN for what they are', () => {
    expect(parseAlter('ALTER TABLE t RENAME INDEX a TO b, RENAME KEY c TO d').table).toBe('t')
  })
})

describe('createCopy', () => {
  test('copies what the server prints, with names of its own', () => {
    const created =
      'CREATE TABLE `t` (\n  `id` int NOT NULL,\n  CONSTRAINT `t_chk_1` CHECK ((`id` > 0)),\n  CONSTRAINT `small` CHECK ((`id` < 9))\n) ENGINE=InnoDB\n/*!50100 PARTITION BY KEY (id) */'

    expect(createCopy(created, 'shop', 't__xf_new_abc123')).toBe(
      'CREATE TABLE `shop`.`t__xf_new_abc123` (\n  `id` int NOT NULL,\n  CONSTRAINT `t__xf_new_abc123_chk_1` CHECK ((`id` > 0)),\n  CONSTRAINT `small_xf_abc123` CHECK ((`id` < 9))\n) ENGINE=InnoDB\n/*!50100 PARTITION BY KEY (id) */',
    )
  })
})

describe('tableNamed', () => {
  test('reads the name past IF EXISTS', () => {
    expect(tableNamed('DROP TABLE IF EXISTS `a b`', 'DROP')).toBe('a b')
    expect(tableNamed('CREATE TABLE IF NOT EXISTS t (id INT)', 'CREATE')).toBe('t')
  })
})
