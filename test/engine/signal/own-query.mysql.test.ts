import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { ownQuery } from '../../../src/engine/signal/own-query.ts'
import { reasonOf, type Signal } from '../../../src/engine/signal/signal.ts'
import { connect } from '../../../src/mysql/connect.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

describe('ownQuery', () => {
  test.for([
    ['SELECT 3', 3],
    ['SELECT -1.5', -1.5],
    ['SELECT COUNT(*) FROM t WHERE id > 1 -- those that wait', 2],
    ['WITH late (n) AS (SELECT MAX(id) FROM t) SELECT n FROM late', 3],
    ['/* of ours */ SELECT id FROM t ORDER BY id LIMIT 1', 1],
    ["SELECT COUNT(*) FROM t WHERE SUBSTRING('into' FROM 1 FOR 2) = 'in'", 3],
  ] as const)('reads %s', async ([query, value], { mysql }) => {
    const signal = await aQuery(mysql, query)

    await using session = await signal.open()
    expect(await signal.read(session)).toBe(value)
  })

  test.for([
    ['SELECT id FROM t', 'it gives more than one row'],
    ['SELECT 1, 2', 'it gives more than one column'],
    ['SELECT id FROM t WHERE id = 99', 'it gives no row or NULL'],
    ['SELECT NULL', 'it gives no row or NULL'],
    ["SELECT 'many'", 'it gives something other than a number'],
    ["SELECT ''", 'it gives something other than a number'],
    ['SELECT 1; DROP TABLE t', 'it is more than one SELECT'],
    ['SELECT 1) AS x, (SELECT 2', 'it is more than one SELECT'],
    ['SELECT 1 /*! INTO @x */', 'it is more than one SELECT'],
    ["SELECT 1 INTO OUTFILE '/nowhere'", 'it has the clause INTO'],
    ['SELECT id FROM t LIMIT 1 FOR UPDATE', 'it has the clause FOR'],
    ['SELECT id FROM t LIMIT 1 LOCK IN SHARE MODE', 'it has the clause LOCK'],
    ['DELETE FROM t', 'it is not a SELECT'],
    ['', 'it is not a SELECT'],
    ["SELECT 'open", 'a text, name or comment in it never ends'],
    ['SELECT nothing FROM t', 'it names an unknown column'],
    ['SELECT id FROM gone', 'it names an unknown table'],
    ['SELECT FROM', 'the server does not understand it'],
    ['SELECT eats()', 'it writes'],
  ] as const)('does not read %s: %s', async ([query, reason], { mysql }) => {
    const signal = await aQuery(mysql, query)

    await using session = await signal.open()
    const error = await signal.read(session).catch((thrown: unknown) => thrown)

    expect(reasonOf(error)).toBe(reason)
    expect(await session.rows(sql`SELECT id FROM t`)).toHaveLength(3)
  })

  test('is ended by the server when it takes too long', async ({ mysql }) => {
    const signal = await aQuery(
      mysql,
      'SELECT COUNT(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c, information_schema.COLUMNS d WHERE CONCAT(a.COLUMN_NAME, b.COLUMN_NAME) < CONCAT(c.COLUMN_NAME, d.COLUMN_NAME)',
    )

    await using session = await signal.open()
    const error = await signal.read(session).catch((thrown: unknown) => thrown)

    expect(reasonOf(error)).toBe('it takes too long')
  })
})

/** A query over three rows, with a function in reach that deletes them. */
async function aQuery(mysql: MysqlTest, query: string): Promise<Signal> {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
  await session.run(sql`INSERT INTO t VALUES (1), (2), (3)`)
  await session.run(sql`CREATE FUNCTION eats() RETURNS INT DETERMINISTIC MODIFIES SQL DATA
    BEGIN DELETE FROM t; RETURN 1; END`)
  return ownQuery(() => connect(mysql.target), { query, flavour: mysql.flavour })
}
