import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Flavour } from '../../../src/mysql/server.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { FLAVOUR, test } from '../../support/mysql.ts'

type ShapeCase = {
  readonly name: string
  /** The only server family that knows such a table. */
  readonly only?: Flavour
  readonly create: string
  /** Before the deployment, and while it waits at the gate. */
  readonly writes: readonly string[]
  readonly change: string
  /** What must be the same before and after the cutover. */
  readonly select: string
  /** What must be part of the new table. */
  readonly shows?: RegExp
}

/** Every fiftieth is a text; of more texts a row would not fit a page. */
const COLUMNS = Array.from(
  { length: 1_000 },
  (_, index) => `c${index} ${index % 50 === 0 ? 'VARCHAR(4)' : 'INT'}`,
)

const SHAPES: readonly ShapeCase[] = [
  {
    name: 'generated columns, virtual and stored',
    create: `CREATE TABLE t (id INT PRIMARY KEY, a INT, twice INT AS (a * 2) VIRTUAL,
      thrice INT AS (a * 3) STORED, UNIQUE (thrice), KEY (twice))`,
    writes: ['INSERT INTO t (id, a) VALUES (1, 1), (2, 2)', 'UPDATE t SET a = a + 10'],
    change: 'ADD COLUMN more INT AS (a + id) STORED FIRST, MODIFY a BIGINT',
    select: 'SELECT id, a, twice, thrice FROM t',
    shows: /`more` int(\(11\))? GENERATED ALWAYS/,
  },
  {
    name: 'a generated column that becomes an ordinary one, and the other way round',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT AS (a * 2) STORED, c INT)',
    writes: ['INSERT INTO t (id, a, c) VALUES (1, 1, 3), (2, 2, 6)', 'UPDATE t SET a = 5, c = 15'],
    change: 'MODIFY b INT, DROP COLUMN c, ADD COLUMN c INT AS (a * 3) VIRTUAL',
    select: 'SELECT id, a, b, c FROM t',
  },
  {
    name: 'columns that are renamed, moved and dropped',
    create: `CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, c INT, \`odd, name\` INT)`,
    writes: ['INSERT INTO t VALUES (1, 1, 2, 3, 4), (2, 2, 3, 4, 5)', 'UPDATE t SET b = b + 10'],
    change:
      'RENAME COLUMN a TO was_a, CHANGE `odd, name` even INT FIRST, DROP COLUMN b, MODIFY c BIGINT AFTER id',
    select: 'SELECT id, IFNULL(c, 0) AS c FROM t',
    shows: /`even` int.*`id` int.*`c` bigint.*`was_a` int/,
  },
  {
    name: 'columns that exchange their names',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)',
    writes: ['INSERT INTO t VALUES (1, 1, 2), (2, 2, 3)', 'UPDATE t SET b = b + 10'],
    change: 'RENAME COLUMN a TO b, RENAME COLUMN b TO a',
    select: 'SELECT id, a + b AS total, a * a + b * b AS squares FROM t',
  },
  {
    name: 'a JSON column and a functional key',
    only: 'mysql',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, j JSON, KEY ((CAST(j->"$.a" AS UNSIGNED))))',
    writes: [
      `INSERT INTO t VALUES (1, '{"a": 1, "b": [1.5, "é", null]}'), (2, NULL)`,
      `UPDATE t SET j = JSON_SET(j, '$.a', 7) WHERE id = 1`,
    ],
    change: 'ADD COLUMN w INT',
    select: 'SELECT id, j FROM t',
  },
  {
    name: 'a JSON column, which is a text with a CHECK',
    only: 'mariadb',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, j JSON)',
    writes: [
      `INSERT INTO t VALUES (1, '{"a": 1, "b": [1.5, "é", null]}'), (2, NULL)`,
      `UPDATE t SET j = JSON_SET(j, '$.a', 7) WHERE id = 1`,
    ],
    change: 'ADD COLUMN w INT, ADD COLUMN more JSON',
    select: 'SELECT id, j FROM t',
    shows: /`j` longtext .*json_valid\(`j`\).*json_valid\(`more`\)/,
  },
  {
    name: 'types that only MariaDB has, and a compressed column',
    only: 'mariadb',
    create: `CREATE TABLE t (id INT PRIMARY KEY, u UUID, i INET6, c TEXT COMPRESSED,
      s INT DEFAULT (id + 1))`,
    writes: [
      "INSERT INTO t VALUES (1, UUID(), '::1', REPEAT('é', 500), 3), (2, NULL, NULL, NULL, NULL)",
      "UPDATE t SET i = '2001:db8::ff00:42:8329', c = REPEAT('x', 1000)",
    ],
    change: 'ADD COLUMN w INT',
    select: 'SELECT id, u, i, c, s FROM t',
    shows: /COMPRESSED/,
  },
  {
    name: 'a POINT column',
    only: 'mariadb',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, p POINT NOT NULL, SPATIAL KEY (p))',
    writes: [
      "INSERT INTO t VALUES (1, ST_GeomFromText('POINT(1 2)'))",
      "UPDATE t SET p = ST_GeomFromText('POINT(3 4)')",
    ],
    change: 'ADD COLUMN w INT',
    select: 'SELECT id, ST_AsText(p) AS p FROM t',
  },
  {
    name: 'a POINT column with a reference system',
    only: 'mysql',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326, SPATIAL KEY (p))',
    writes: [
      "INSERT INTO t VALUES (1, ST_GeomFromText('POINT(1 2)', 4326))",
      "UPDATE t SET p = ST_GeomFromText('POINT(3 4)', 4326)",
    ],
    change: 'ADD COLUMN w INT',
    select: 'SELECT id, ST_AsText(p) AS p FROM t',
  },
  {
    name: 'partitions',
    create: `CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT) AUTO_INCREMENT = 100
      PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN MAXVALUE)`,
    writes: ['INSERT INTO t VALUES (1, 1), (50, 2)', 'UPDATE t SET v = v + 1'],
    change: 'MODIFY v BIGINT',
    select: 'SELECT id, v FROM t',
    shows: /AUTO_INCREMENT=100 .*PARTITION `?high/,
  },
  {
    name: 'FULLTEXT',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, body TEXT, FULLTEXT KEY words (body))',
    writes: ["INSERT INTO t VALUES (1, 'database'), (2, 'table')", "UPDATE t SET body = 'shadow'"],
    change: 'ADD COLUMN w INT',
    select: "SELECT id, body FROM t WHERE MATCH (body) AGAINST ('shadow')",
  },
  {
    name: 'an invisible column and an expression as default',
    only: 'mysql',
    create: `CREATE TABLE t (id INT PRIMARY KEY, hidden INT INVISIBLE DEFAULT 7,
      made VARCHAR(40) NOT NULL DEFAULT (CONCAT('x', id)))`,
    writes: ['INSERT INTO t (id) VALUES (1), (2)', 'UPDATE t SET hidden = hidden + 1 WHERE id = 1'],
    change: 'ADD COLUMN w INT',
    select: 'SELECT id, hidden, made FROM t',
    shows: /`hidden` int DEFAULT '7' .*INVISIBLE/,
  },
  {
    name: 'an invisible column and an expression as default, in the words of MariaDB',
    only: 'mariadb',
    create: `CREATE TABLE t (id INT PRIMARY KEY, hidden INT INVISIBLE DEFAULT 7,
      made VARCHAR(40) NOT NULL DEFAULT (CONCAT('x', id)))`,
    writes: ['INSERT INTO t (id) VALUES (1), (2)', 'UPDATE t SET hidden = hidden + 1 WHERE id = 1'],
    change: 'ADD COLUMN w INT',
    select: 'SELECT id, hidden, made FROM t',
    shows: /`hidden` int\(11\) INVISIBLE DEFAULT 7/,
  },
  {
    name: '1,000 columns',
    create: `CREATE TABLE t (id INT PRIMARY KEY, ${COLUMNS.join(', ')})`,
    writes: [
      "INSERT INTO t (id, c0, c950, c999) VALUES (1, 'é', 'x', 9), (2, NULL, '', NULL)",
      "UPDATE t SET c150 = 'y', c151 = id",
    ],
    change: 'ADD COLUMN w INT, DROP COLUMN c7',
    select: 'SELECT id, c0, c150, c151, c950, c999 FROM t',
  },
  {
    name: 'no rows',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, v INT)',
    writes: [],
    change: 'ADD COLUMN w INT',
    select: 'SELECT id, v FROM t',
  },
  {
    name: 'an AUTO_INCREMENT of 0',
    create: 'CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
    writes: ['INSERT INTO t VALUES (0, 1), (-5, 2)', 'UPDATE t SET v = v + 1'],
    change: 'MODIFY id BIGINT AUTO_INCREMENT',
    select: 'SELECT id, v FROM t',
  },
  {
    name: 'CHECK constraints of a column and of the table',
    only: 'mariadb',
    create: `CREATE TABLE t (id INT PRIMARY KEY, v INT CHECK (v >= 0), CHECK (v <> 3), CONSTRAINT below CHECK (v < 100))`,
    writes: ['INSERT INTO t VALUES (1, 7)', 'UPDATE t SET v = 8'],
    change: 'ADD COLUMN w INT, DROP CONSTRAINT below, ADD CONSTRAINT below CHECK (v < 1000)',
    select: 'SELECT id, v FROM t',
    shows: /CHECK \(`v` >= 0\).*CHECK \(`v` <> 3\).*CONSTRAINT `below\w*` CHECK \(`v` < 1000\)/,
  },
  {
    name: 'CHECK constraints with and without a name',
    only: 'mysql',
    create: `CREATE TABLE t (id INT PRIMARY KEY, v INT, CHECK (v >= 0), CONSTRAINT below CHECK (v < 100),
      CONSTRAINT unchecked CHECK (v <> 7) NOT ENFORCED)`,
    writes: ['INSERT INTO t VALUES (1, 7)', 'UPDATE t SET v = 8'],
    change: 'MODIFY v BIGINT, DROP CHECK below, ADD CONSTRAINT below CHECK (v < 1000)',
    select: 'SELECT id, v FROM t',
    shows:
      /CHECK \(\(`v` < 1000\)\).*CHECK \(\(`v` >= 0\)\).*CHECK \(\(`v` <> 7\)\) .*NOT ENFORCED/,
  },
  {
    name: 'values that only a lenient server took: zero dates and invalid ones',
    create: 'CREATE TABLE t (id INT PRIMARY KEY, d DATE, at DATETIME, year YEAR)',
    writes: [
      "INSERT INTO t VALUES (1, '0000-00-00', '2024-02-30 00:00:00', 0)",
      'UPDATE t SET year = 2001',
    ],
    change: 'ADD COLUMN w INT',
    select: 'SELECT id, d, at, year FROM t',
  },
  {
    name: 'names that need care',
    create:
      'CREATE TABLE t (`id` INT, `a.b` INT, `what?` INT, `c``d` INT, `é 漢` INT, PRIMARY KEY (`id`, `what?`))',
    writes: [
      'INSERT INTO t VALUES (1, 1, 2, 3, 4), (2, 1, 2, 3, 4)',
      'UPDATE t SET `what?` = 9 WHERE id = 1',
    ],
    change: 'RENAME COLUMN `a.b` TO `a``.?`, ADD COLUMN `/* c */` INT',
    select: 'SELECT id, `what?`, `c``d`, `é 漢` FROM t',
  },
]

describe('CUTOVER-1: a deployment of a table with', () => {
  test.for(SHAPES.filter(({ only = FLAVOUR }) => only === FLAVOUR))(
    '$name',
    async ({ create, writes, change, select, shows }, { mysql }) => {
      const session = await mysql.session()
      const [first, second] = writes
      await session.run(sql.raw(create))
      if (first) await session.run(sql.raw(first))

      const deployment = await Deployment.stage(mysql.target, [`ALTER TABLE t ${change}`])
      await deployment.reached('ready_to_cutover')
      if (second) await session.run(sql.raw(second))
      const before = await texts(session, select)
      deployment.run.cutover()
      await deployment.reached('complete')

      expect(await texts(session, select)).toEqual(before)
      if (shows) expect(await createOf(session)).toMatch(shows)
    },
  )

  test.for([
    ['what? is`this. é'],
    ['order'],
    ['a name that is as long as MySQL lets the name of a table be, 64'],
    ['/* comment */'],
  ] as const)('the name %s', async ([name], { mysql }) => {
    const session = await mysql.session()
    const quoted = `\`${name.replaceAll('`', '``')}\``
    await session.run(sql.raw(`CREATE TABLE ${quoted} (id INT PRIMARY KEY)`))
    await session.run(sql`INSERT INTO ${sql.id(name)} VALUES (1)`)

    const statement = `ALTER TABLE ${quoted} ADD COLUMN w INT`
    const deployment = await Deployment.stage(mysql.target, [statement], { revertWindowMs: 60_000 })
    await deployment.reached('ready_to_cutover')
    await session.run(sql`INSERT INTO ${sql.id(name)} VALUES (2)`)
    deployment.run.cutover()
    await deployment.reached('reverse_in_sync')
    await session.run(sql`INSERT INTO ${sql.id(name)} VALUES (3, 4)`)
    deployment.run.revert()
    await deployment.reached('reverted')

    const rows = await session.rows(sql`SELECT * FROM ${sql.id(name)}`)
    expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
  })

  test('constraint names that a second deployment can follow', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(
      sql`CREATE TABLE t (id INT PRIMARY KEY, v INT, CONSTRAINT small CHECK (v < 10))`,
    )

    for (const type of ['BIGINT', 'INT', 'BIGINT']) {
      const statement = `ALTER TABLE t MODIFY v ${type}`
      const deployment = await Deployment.stage(mysql.target, [statement], { cutover: 'auto' })
      await deployment.reached('complete')
    }

    expect(await productTables(session)).toHaveLength(3)
    await expect(session.run(sql`INSERT INTO t VALUES (1, 11)`)).rejects.toThrow(/constraint/i)
  })
})

/** The rows as texts: a BIGINT comes in another type than an INT. */
async function texts(session: Session, select: string): Promise<readonly string[]> {
  const rows = await session.rows(sql<Record<string, unknown>>`${sql.raw(select)} ORDER BY id`)
  return rows.map((row) => JSON.stringify(Object.values(row).map(String)))
}

async function createOf(session: Session): Promise<string> {
  const row = await session.row(sql<Record<string, string>>`SHOW CREATE TABLE t`)
  return (row?.['Create Table'] ?? '').replaceAll('\n', ' ')
}

describe('the names of constraints', () => {
  test('are to the schema what they were, deployment after deployment', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT, CONSTRAINT v_positive CHECK (v > 0),
      CHECK (w > 0))`)
    const before = (await readSchema(session, mysql.schema)).tables.get('t')

    for (const change of ['ADD COLUMN x INT', 'DROP COLUMN x']) {
      const deployment = await Deployment.stage(mysql.target, [`ALTER TABLE t ${change}`], {
        cutover: 'auto',
      })
      expect(await deployment.run.finished, deployment.story).toBe('complete')
    }
    const after = (await readSchema(session, mysql.schema)).tables.get('t')
    expect(after?.sql).toBe(before?.sql)

    // What the schema calls by its own name is found under the one that the server has.
    const dropping = await Deployment.stage(
      mysql.target,
      ['ALTER TABLE t DROP CONSTRAINT v_positive'],
      { cutover: 'auto' },
    )
    expect(await dropping.run.finished, dropping.story).toBe('complete')
    const dropped = (await readSchema(session, mysql.schema)).tables.get('t')
    expect(dropped?.checks).toHaveLength((before?.checks.length ?? 0) - 1)
  })
})
