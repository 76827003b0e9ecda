import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import type { MysqlTest } from '../../support/mysql.ts'

/** A change of `items` in {@link shop}. */
export const CHANGE =
  'ALTER TABLE items MODIFY note VARCHAR(80) NULL, ADD COLUMN size INT NOT NULL DEFAULT 0'
/** What {@link referencesOf} says of the shop. */
export const OF_ITEMS = ['items.item_order -> orders.id', 'items.product_id -> products.id']

/** Items of orders and products. */
export async function shop(mysql: MysqlTest): Promise<Session> {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL)`)
  await session.run(sql`CREATE TABLE products (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE items (
    id INT AUTO_INCREMENT PRIMARY KEY, item_order INT NOT NULL, product_id INT NOT NULL, note VARCHAR(40) NULL,
    CONSTRAINT of_order FOREIGN KEY (item_order) REFERENCES orders (id),
    FOREIGN KEY (product_id) REFERENCES products (id))`)
  const numbers = Array.from({ length: 20 }, (_, n) => sql`(${n + 1})`)
  await session.run(sql`INSERT INTO products VALUES ${sql.join(numbers)}`)
  await session.run(sql`INSERT INTO orders SELECT id, 0 FROM products`)
  await session.run(sql`INSERT INTO items (item_order, product_id)
    SELECT orders.id, products.id FROM orders JOIN products WHERE products.id <= 5`)
  return session
}

/** Every foreign key of the schema, in whatever table: `child.column -> parent.column`. */
export async function referencesOf(session: Session): Promise<readonly string[]> {
  const rows = await session.rows(sql<{ reference: string }>`
    SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME, ' -> ', REFERENCED_TABLE_NAME, '.', REFERENCED_COLUMN_NAME) AS reference
    FROM information_schema.KEY_COLUMN_USAGE
    WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY 1`)
  return rows.map(({ reference }) => reference)
}

/** The server refuses a child without a parent, and to take a parent from its children. */
export async function requireEnforced(mysql: MysqlTest): Promise<void> {
  const user = await mysql.session()
  await user.run(sql`SET foreign_key_checks = 1`)
  await expect(
    user.run(sql`INSERT INTO items (item_order, product_id) VALUES (-5, 1)`),
  ).rejects.toMatchObject({ errno: 1452 })
  await expect(user.run(sql`DELETE FROM orders WHERE id = 1`)).rejects.toMatchObject({
    errno: 1451,
  })
}
