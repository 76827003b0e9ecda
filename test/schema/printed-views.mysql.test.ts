import { sql } from 'kysely'
import { expect } from 'vitest'
import { readSchema } from '../../src/schema/canonical.ts'
import { test } from '../support/mysql.ts'

/** What is refused as no server's text must be nothing that a server prints: such a view would be lost without a word. */
const QUERIES = [
  'SELECT 1 AS a FROM DUAL WHERE 1',
  'WITH c AS (SELECT id FROM t) SELECT c.id, x.id AS y FROM c JOIN c x ON x.id = c.id',
  'WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT * FROM c',
  "SELECT j.x FROM t, JSON_TABLE(t.doc, '$[*]' COLUMNS (x INT PATH '$')) AS j",
  'SELECT d.id FROM (SELECT id FROM t) AS d LEFT JOIN (t x JOIN u y ON x.id = y.id) ON d.id = x.id',
  'SELECT id, ROW_NUMBER() OVER (PARTITION BY id ORDER BY id) r, SUM(id) OVER w s FROM t WINDOW w AS (ORDER BY id)',
  'SELECT id FROM t UNION SELECT id FROM u UNION ALL SELECT id FROM u ORDER BY id LIMIT 3',
  '(SELECT id FROM t) EXCEPT (SELECT id FROM u)',
  'SELECT id FROM t INTERSECT SELECT id FROM u',
  'SELECT id FROM t USE INDEX (PRIMARY) WHERE id IN (SELECT id FROM u WHERE u.id = t.id)',
  "SELECT EXTRACT(YEAR FROM now()), TRIM(LEADING 'x' FROM doc), SUBSTRING(doc FROM 2 FOR 3) FROM t",
  'SELECT t.id AS `window`, t.`for` FROM t NATURAL JOIN u',
  'SELECT t.id FROM t JOIN u ON t.`for` JOIN p ON p.id = u.id',
  'SELECT STRAIGHT_JOIN t.id FROM t STRAIGHT_JOIN u',
  "SELECT GROUP_CONCAT(DISTINCT id ORDER BY id SEPARATOR ';') FROM t GROUP BY id HAVING COUNT(*) > 1",
  'SELECT CASE WHEN EXISTS (SELECT 1 FROM u) THEN 1 END, id BETWEEN 1 AND 2 FROM t',
  'SELECT id FROM t WHERE id = ANY (SELECT id FROM u) WITH CHECK OPTION',
  'SELECT id FROM p PARTITION (p0)',
]

test('every view of the schema itself is read, whatever is in it', async ({ mysql }) => {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, doc JSON, \`for\` INT)`)
  await session.run(sql`CREATE TABLE u (id INT PRIMARY KEY)`)
  await session.run(sql`CREATE TABLE p (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2`)
  for (const [at, query] of QUERIES.entries()) {
    await session.run(sql.raw(`CREATE VIEW v${at} AS ${query}`))
  }

  const { views } = await readSchema(session, mysql.schema)

  expect(QUERIES.filter((_, at) => !views.has(`v${at}`))).toEqual([])
})
