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
  ])('STREAM-1: stops at %s', (statement, code) => {
    expect(check(statement)).toThrow(expect.objectContaining({ code }))
  })

  test('stops at a qualified name from another schema', () => {
    expect(check('ALTER TABLE shop.orders ADD x INT', 'other')).toThrow(
      expect.objectContaining({ code: 'TABLE_CHANGED' }),
    )
  })

  test.each([
    ['ALTER TABLE items ADD x INT'],
    ['CREATE VIEW v AS SELECT * FROM orders'],
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
