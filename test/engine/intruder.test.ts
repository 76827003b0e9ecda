import { describe, expect, test } from 'vitest'
import { fenceComment, ownComment } from '../../src/engine/follower.ts'
import { refuseIntruder } from '../../src/engine/intruder.ts'

const own = { id: 'm1', schema: 'shop', tables: new Set(['orders', 'orders__xf_new_abc123']) }
const check =
  (statement: string, schema = 'shop') =>
  () =>
    refuseIntruder({ schema, statement }, own)

describe('refuseIntruder', () => {
  test.each([
    ['ALTER TABLE orders ADD x INT', 'TABLE_CHANGED'],
    ['TRUNCATE orders', 'TABLE_CHANGED'],
    ['TRUNCATE TABLE `orders`', 'TABLE_CHANGED'],
    ['DROP TABLE items, orders', 'TABLE_CHANGED'],
    ['RENAME TABLE orders TO x', 'TABLE_CHANGED'],
    ['CREATE INDEX i ON orders (a)', 'TABLE_CHANGED'],
    ['CREATE TRIGGER g AFTER INSERT ON orders FOR EACH ROW SET @a = 1', 'TABLE_CHANGED'],
    ['DROP TABLE orders__xf_new_abc123', 'TABLE_CHANGED'],
    ['ALTER TABLE Orders ADD x INT', 'TABLE_CHANGED'],
    ['DROP DATABASE shop', 'TABLE_CHANGED'],
    ['DROP SCHEMA IF EXISTS `shop`', 'TABLE_CHANGED'],
    ['INSERT INTO orders VALUES (1)', 'STREAM_STOPPED'],
    ['/* a */ UPDATE orders SET a = 1', 'STREAM_STOPPED'],
    ['TRUNCATE TABLE "orders"', 'TABLE_CHANGED'],
    ['TRUNCATE TABLE "shop"."Orders"', 'TABLE_CHANGED'],
    ['/*!50000 TRUNCATE TABLE orders */', 'TABLE_CHANGED'],
    ['ALTER TABLE /*M!100100 orders */ ADD x INT', 'TABLE_CHANGED'],
    ['/*!50000 /*!40000 DROP */ TABLE orders */', 'TABLE_CHANGED'],
    ['UPDATE v SET a = 1', 'STREAM_STOPPED'],
    ['SELECT `shop`.`f`()', 'STREAM_STOPPED'],
    ["ALTER TABLE orders COMMENT 'c:\\'", 'STREAM_STOPPED'],
  ])('STREAM-1: stops at %s', (statement, code) => {
    expect(check(statement)).toThrow(expect.objectContaining({ code }))
  })

  test.each([['INSERT INTO shop.v VALUES (1)'], ['SELECT `shop`.`f`()']])(
    'STREAM-1: stops at %s from another schema',
    (statement) => {
      expect(check(statement, 'other')).toThrow(expect.objectContaining({ code: 'STREAM_STOPPED' }))
    },
  )

  test('lets a statement of another schema go by', () => {
    expect(check('UPDATE heartbeat SET ts = NOW()', 'tools')).not.toThrow()
  })

  test('stops at a qualified name from another schema', () => {
    expect(check('ALTER TABLE shop.orders ADD x INT', 'other')).toThrow(
      expect.objectContaining({ code: 'TABLE_CHANGED' }),
    )
  })

  test.each([
    ['ALTER TABLE items ADD x INT'],
    ['CREATE VIEW v AS SELECT * FROM orders'],
    [
      'CREATE OR REPLACE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `v` AS SELECT * FROM orders',
    ],
    // As a session with NO_BACKSLASH_ESCAPES writes it.
    ["CREATE TABLE items (path TEXT COMMENT 'c:\\')"],
    ['ANALYZE TABLE orders'],
    ['CREATE TEMPORARY TABLE t AS SELECT * FROM orders'],
    [`DROP TABLE orders__xf_new_abc123 ${ownComment('m1')}`],
    [`RENAME TABLE ${fenceComment('m1')} orders TO orders__xf_old_abc123`],
  ])('lets %s go by', (statement) => {
    expect(check(statement)).not.toThrow()
  })

  test('lets a table of the same name in another schema go by', () => {
    expect(check('ALTER TABLE orders ADD x INT', 'other')).not.toThrow()
  })
})
