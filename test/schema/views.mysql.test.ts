import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../src/mysql/session.ts'
import { canonicalise, readSchema } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { withRightsOf } from '../../src/schema/diff/diff-views.ts'
import { stepsOf } from '../../src/schema/diff/steps.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { schemaFromSql, schemaToSql } from '../../src/schema/parse.ts'
import type { Schema } from '../../src/schema/table.ts'
import { test } from '../support/mysql.ts'
import { seededRandom } from '../support/seeded-random.ts'

const T = 'CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), d DATE, doc JSON);'
const U = 'CREATE TABLE u (id INT PRIMARY KEY, t_id INT);'

async function make(session: Session, text: string) {
  return await canonicalise(session, checkSchemaFile(text, 'schema/all.sql'))
}

describe('canonicalise', () => {
  test('makes views whatever the order of the file', async ({ mysql }) => {
    const session = await mysql.session()

    const schema = await make(
      session,
      `CREATE VIEW a AS SELECT id FROM b;
       CREATE VIEW b AS SELECT id, n FROM c;
       ${T} CREATE VIEW c AS SELECT id, count(*) AS n FROM t GROUP BY id;`,
    )

    expect([...schema.views.keys()]).toEqual(['a', 'b', 'c'])
    expect(schema.views.get('b')).toMatchObject({
      sql: 'CREATE VIEW `b` AS\nselect\n  `c`.`id` AS `id`,\n  `c`.`n` AS `n`\nfrom `c`',
      uses: ['c'],
    })
    expect(schemaFromSql(schemaToSql(schema))).toEqual(schema)
  })

  test.for<readonly [string, string, string | RegExp]>([
    [
      'a table that is nowhere',
      `${T}\nCREATE VIEW a AS\n  SELECT id FROM t JOIN nosuch USING (id);\nCREATE VIEW b AS SELECT id FROM a`,
      'schema/all.sql:3:25: the view a reads nosuch, which is no table or view of the schema',
    ],
    [
      'a circle',
      'CREATE VIEW a AS SELECT 1 FROM b;\nCREATE VIEW b AS SELECT 1 FROM c;\nCREATE VIEW c AS SELECT 1 FROM b',
      'schema/all.sql:2:1: views that read each other in a circle, b → c → b (c at schema/all.sql:3:1)',
    ],
    [
      'a column that is not there',
      `${T}\nCREATE VIEW a AS SELECT t.nosuch FROM t`,
      /schema\/all\.sql:2:\d+: the server refuses the view a: Unknown column/,
    ],
    [
      'a stored function',
      `${T}\nCREATE VIEW a AS SELECT nosuch(t.id) FROM t`,
      /schema\/all\.sql:2:\d+: the server refuses the view a: FUNCTION nosuch does not exist/,
    ],
  ])('points at %s', async ([, text, message], { mysql }) => {
    await expect(make(await mysql.session(), text)).rejects.toThrow(message)
  })
})

describe('readSchema', () => {
  test('reads views the same from every schema, also broken ones and from anywhere', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const text = `${T} ${U}
      CREATE VIEW v1 AS SELECT * FROM t;
      CREATE VIEW v2 (x, y) AS SELECT u.id, count(*) FROM u JOIN t AS z ON z.id = u.t_id GROUP BY u.id;
      CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v3 AS SELECT id, a FROM v1 WHERE id > 3 WITH CHECK OPTION;
      CREATE VIEW v4 AS SELECT t.id, j.x FROM t, JSON_TABLE(t.doc, '$[*]' COLUMNS (x INT PATH '$.a')) j;
      CREATE VIEW v5 AS SELECT EXTRACT(YEAR FROM d) y, TRIM(BOTH 'x' FROM a) z, 'it''s 😀 \`t\`.x' q FROM t ORDER BY 1;
      CREATE VIEW v6 AS WITH c AS (SELECT id FROM t) SELECT c.id FROM c UNION ALL SELECT id FROM u;`
    const wanted = await make(session, text)
    for (const { statement } of checkSchemaFile(text, 'x.sql'))
      await session.run(sql.raw(statement))
    await session.run(sql`CREATE DATABASE IF NOT EXISTS ${sql.id(`${mysql.schema}_o`)}`)

    await session.run(sql`USE ${sql.id(`${mysql.schema}_o`)}`)
    const live = await readSchema(session, mysql.schema)

    expect(schemaToSql(live)).toEqual(schemaToSql(wanted))
    expect(live.views.get('v5')?.sql).toContain('😀')
    await session.run(sql`ALTER TABLE t DROP COLUMN doc`)
    expect((await readSchema(session, mysql.schema)).views.get('v4')).toEqual(
      wanted.views.get('v4'),
    )
    await session.run(sql`DROP DATABASE ${sql.id(`${mysql.schema}_o`)}`)
  })

  test('tells what is never deployed, and leaves views alone that no file could hold', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const run = (text: string) => session.run(sql.raw(text))
    await run('CREATE TABLE t (id INT PRIMARY KEY)')
    await run('CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN x + 1')
    await run('CREATE PROCEDURE p() SELECT 1')
    await run('CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 1')
    await run('CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1')
    await run('CREATE VIEW v1 AS SELECT f(id) x FROM t')
    await run('CREATE VIEW v2 AS SELECT table_name FROM information_schema.tables')
    await run('CREATE VIEW v3 AS SELECT sleep(1) x FROM t')
    await run('CREATE VIEW v4 AS SELECT id FROM t')
    if (mysql.flavour === 'mariadb') await run('CREATE SEQUENCE s')

    const schema = await readSchema(session, mysql.schema)

    expect([...schema.views.keys()]).toEqual(['v4'])
    expect(schema.unmanaged).toEqual([
      { kind: 'event', name: 'e', table: null },
      { kind: 'function', name: 'f', table: null },
      { kind: 'procedure', name: 'p', table: null },
      ...(mysql.flavour === 'mariadb' ? [{ kind: 'sequence', name: 's', table: null }] : []),
      { kind: 'trigger', name: 'g', table: 't' },
      { kind: 'view', name: 'v1', table: null },
      { kind: 'view', name: 'v2', table: null },
      { kind: 'view', name: 'v3', table: null },
    ])
    expect(
      diffSchemas(schema, await make(session, 'CREATE TABLE t (id INT PRIMARY KEY)')),
    ).toMatchObject([{ kind: 'drop_view', from: { name: 'v4' } }])
  })
})

/** Schemas between which each pair is a change that a deployment could bring. */
const SCHEMAS: readonly string[] = [
  'CREATE TABLE z (id INT PRIMARY KEY);',
  `${T} ${U}
   CREATE VIEW a AS SELECT id, n FROM b; CREATE VIEW b AS SELECT id, count(*) n FROM t GROUP BY id;
   CREATE VIEW c AS SELECT a.n, u.t_id FROM a JOIN u ON u.t_id = a.id;`,
  // The same names, the other way round.
  `${T} ${U}
   CREATE VIEW b AS SELECT id, n FROM a; CREATE VIEW a AS SELECT id, max(d) n FROM t GROUP BY id;
   CREATE SQL SECURITY INVOKER VIEW c AS SELECT 1 AS one;`,
  `CREATE TABLE t (id INT PRIMARY KEY, b TEXT); ${U}
   CREATE ALGORITHM=TEMPTABLE VIEW b AS SELECT DISTINCT b FROM t; CREATE VIEW c (x) AS SELECT b FROM b;`,
  // A table by the name of a view, and a view by the name of a table.
  `${T} CREATE TABLE b (id INT PRIMARY KEY); CREATE VIEW u AS SELECT * FROM b;`,
]

/** A way from each to each, over every ordered pair. */
function* walk<T>(all: readonly T[]): Generator<T> {
  for (const [at, one] of all.entries()) {
    for (const other of all.slice(at + 1)) yield* [one, other]
    yield one
  }
}

/** Views that read tables and each other at random, in a file in no order. */
function randomSchemas(count: number): readonly string[] {
  const chance = seededRandom(7)
  const pick = (items: readonly string[]) => items[Math.floor(chance() * items.length)] ?? ''
  return Array.from({ length: count }, () => {
    const names = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6'].filter(() => chance() < 0.8)
    const order = names.toSorted(() => chance() - 0.5)
    const views = order.map((name, at) => {
      const sources = ['t', 'u', ...order.slice(0, at)]
      const [a, b] = [pick(sources), pick(sources)]
      const queries = [
        `SELECT x.id, y.id AS other FROM ${a} x LEFT JOIN ${b} y ON x.id = y.id`,
        `SELECT id FROM ${a} UNION SELECT id FROM ${b}`,
        `SELECT id, (SELECT count(*) FROM ${b} i WHERE i.id = o.id) AS n FROM ${a} o`,
        `WITH c AS (SELECT id FROM ${a}) SELECT c.id FROM c JOIN ${b} USING (id)`,
        `SELECT d.id FROM (SELECT id FROM ${a} WHERE id > 3) d, ${b} e WHERE d.id = e.id`,
      ]
      return `CREATE VIEW ${name} AS ${pick(queries)};`
    })
    return [T, U, ...views.toSorted(() => chance() - 0.5)].join('\n')
  })
}

describe('diffSchemas', () => {
  test('makes of each schema each other one, and of equal ones nothing', async ({ mysql }) => {
    const session = await mysql.session()
    const schemas: Schema[] = []
    for (const text of [...SCHEMAS, ...randomSchemas(2)]) schemas.push(await make(session, text))

    for (const wanted of walk(schemas)) {
      const live = await readSchema(session, mysql.schema)
      for (const change of stepsOf(diffSchemas(live, wanted), { from: live, to: wanted })) {
        await session.run(sql.raw(ddlOf(change).statement))
      }

      const found = await readSchema(session, mysql.schema)
      expect(schemaToSql(found)).toEqual(schemaToSql(withRightsOf(wanted, live)))
      expect(diffSchemas(found, wanted)).toEqual([])
    }
  })

  test('keeps the rights of a view, and gives a new one those of its readers', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const wanted = await make(
      session,
      `${T} CREATE VIEW a AS SELECT id FROM t; CREATE SQL SECURITY DEFINER VIEW b AS SELECT id FROM t;
       CREATE VIEW c AS SELECT id FROM t; CREATE SQL SECURITY INVOKER VIEW d AS SELECT id FROM t;`,
    )
    const live = await make(
      session,
      `${T} CREATE VIEW c AS SELECT a FROM t; CREATE VIEW d AS SELECT id FROM t;`,
    )

    const statements = diffSchemas(live, wanted).map(
      (change) => ddlOf(change).statement.split(' AS')[0],
    )

    expect(statements).toEqual([
      'CREATE SQL SECURITY INVOKER VIEW `a`',
      'CREATE SQL SECURITY INVOKER VIEW `b`',
      'CREATE OR REPLACE VIEW `c`',
      'CREATE OR REPLACE SQL SECURITY INVOKER VIEW `d`',
    ])
  })
})
