import { sql } from 'kysely'
import type { Session } from '../../src/mysql/session.ts'
import type { Files } from '../support/github/person.ts'
import type { WorkloadTable } from '../support/workload/ledger.ts'

const CUSTOMERS = `CREATE TABLE customers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  email VARCHAR(120) NOT NULL,
  name VARCHAR(80) NOT NULL,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  KEY email (email)
);
`

const ORDERS = `CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  customer_id BIGINT UNSIGNED NOT NULL,
  status VARCHAR(16) NOT NULL DEFAULT 'new',
  total_cents INT NOT NULL,
  note VARCHAR(200) DEFAULT NULL,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  KEY customer (customer_id)
);
`

const ORDER_ITEMS = `CREATE TABLE order_items (
  order_id BIGINT UNSIGNED NOT NULL,
  line INT NOT NULL,
  product VARCHAR(60) NOT NULL,
  quantity INT NOT NULL,
  price_cents INT NOT NULL,
  PRIMARY KEY (order_id, line)
);
`

const SHIPMENTS = `CREATE TABLE shipments (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  order_id BIGINT UNSIGNED NOT NULL,
  carrier VARCHAR(40) NOT NULL,
  sent_at DATETIME DEFAULT NULL,
  PRIMARY KEY (id),
  KEY order_id (order_id)
);
`

const CONFIG = `version: 1
databases:
  shop:
    schema: schema/shop
    branches:
      production:
        deploy: on-merge
        cutover: hold
        revert_window: 30m
`

const WORKFLOW = `name: schema
on: pull_request
permissions:
  contents: read
  id-token: write
jobs:
  schema:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: crossfade/crossfade@v0
        with:
          bot-url: https://crossfade.example.com
`

/** What the repository holds: the schema as it runs in production, the settings, the workflow. */
export const REPOSITORY_FILES: Files = {
  'schema/shop/customers.sql': CUSTOMERS,
  'schema/shop/orders.sql': ORDERS,
  'schema/shop/order_items.sql': ORDER_ITEMS,
  '.github/crossfade.yml': CONFIG,
  '.github/workflows/schema.yml': WORKFLOW,
}

/** The first pull request: two tables change, one is new. */
export const SHIPMENTS_CHANGE: Files = {
  'schema/shop/orders.sql': ORDERS.replace(
    '  total_cents INT NOT NULL,\n',
    "  total_cents BIGINT NOT NULL,\n  currency CHAR(3) NOT NULL DEFAULT 'EUR',\n",
  ).replace('KEY customer (customer_id)', 'KEY customer_status (customer_id, status)'),
  'schema/shop/order_items.sql': ORDER_ITEMS.replace(
    '  PRIMARY KEY',
    '  discount_cents INT NOT NULL DEFAULT 0,\n  PRIMARY KEY',
  ).replace('(order_id, line)\n', '(order_id, line),\n  KEY product (product)\n'),
  'schema/shop/shipments.sql': SHIPMENTS,
}

/** The second pull request, the one that is reverted. */
export const LOYALTY_CHANGE: Files = {
  'schema/shop/customers.sql': CUSTOMERS.replace(
    '  created_at',
    '  loyalty_points INT NOT NULL DEFAULT 0,\n  created_at',
  ),
}

/** How much the shop has of each, by its number of orders. */
const customersOf = (orders: number) => Math.ceil(orders / 4)
const ITEMS_PER_ORDER = 2

/** All rows of the shop before anything is written to it. */
export function rowsOf(orders: number): number {
  return orders + orders * ITEMS_PER_ORDER + customersOf(orders)
}

/** Creates the shop's tables in the session's schema and fills them, on the server itself. */
export async function seedShop(session: Session, orders: number): Promise<void> {
  for (const statement of [CUSTOMERS, ORDERS, ORDER_ITEMS]) {
    await session.run(sql.raw(statement.trim().replace(/;$/, '')))
  }
  await session.run(sql`SET SESSION cte_max_recursion_depth = ${sql.lit(orders * ITEMS_PER_ORDER)}`)
  const numbers = (upTo: number) => sql`WITH RECURSIVE numbers (n) AS (
    SELECT CAST(1 AS UNSIGNED) UNION ALL SELECT n + 1 FROM numbers WHERE n < ${sql.lit(upTo)})`
  const customers = customersOf(orders)
  await session.run(sql`INSERT INTO customers (id, email, name) ${numbers(customers)}
    SELECT n, CONCAT('customer', n, '@example.com'), CONCAT('Customer ', n) FROM numbers`)
  await session.run(sql`INSERT INTO orders (id, customer_id, status, total_cents) ${numbers(orders)}
    SELECT n, 1 + n % ${sql.lit(customers)}, 'paid', 100 + n * 37 % 9900 FROM numbers`)
  await session.run(sql`INSERT INTO order_items (order_id, line, product, quantity, price_cents)
    ${numbers(orders * ITEMS_PER_ORDER)}
    SELECT 1 + (n - 1) DIV ${sql.lit(ITEMS_PER_ORDER)}, 1 + (n - 1) % ${sql.lit(ITEMS_PER_ORDER)},
      CONCAT('Product ', n % 500), 1 + n % 4, 100 + n * 53 % 4900 FROM numbers`)
  await session.rows(sql`ANALYZE TABLE customers, orders, order_items`)
}

/** The shop as its application writes it: columns that every version of the schema has. */
export function shopTables(orders: number): WorkloadTable[] {
  const whole = (random: () => number, below: number) => Math.floor(random() * below)
  return [
    {
      name: 'orders',
      key: (n) => ({ id: n }),
      initialRows: orders,
      initial: (n) => ({
        customer_id: 1 + (n % customersOf(orders)),
        status: 'paid',
        total_cents: 100 + ((n * 37) % 9900),
        note: null,
      }),
      values: (random) => ({
        customer_id: 1 + whole(random, customersOf(orders)),
        status: ['new', 'paid', 'sent'][whole(random, 3)] ?? 'new',
        total_cents: whole(random, 1_000_000),
        note: random() < 0.5 ? null : `Ring twice, Zoë № ${whole(random, 1e6)}`,
      }),
    },
    {
      name: 'order_items',
      key: (n) => ({
        order_id: 1 + Math.floor((n - 1) / ITEMS_PER_ORDER),
        line: 1 + ((n - 1) % ITEMS_PER_ORDER),
      }),
      initialRows: orders * ITEMS_PER_ORDER,
      initial: (n) => ({
        product: `Product ${n % 500}`,
        quantity: 1 + (n % 4),
        price_cents: 100 + ((n * 53) % 4900),
      }),
      values: (random) => ({
        product: `Product ${whole(random, 500)}`,
        quantity: 1 + whole(random, 9),
        price_cents: whole(random, 100_000),
      }),
    },
    {
      name: 'customers',
      key: (n) => ({ id: n }),
      initialRows: customersOf(orders),
      initial: (n) => ({ email: `customer${n}@example.com`, name: `Customer ${n}` }),
      values: (random) => ({
        email: `customer${whole(random, 1e9)}@example.com`,
        name: `Çağrı ${whole(random, 1e6)}`,
      }),
    },
  ]
}
