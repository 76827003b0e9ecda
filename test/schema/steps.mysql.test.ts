import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../src/mysql/session.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas, tableOf } from '../../src/schema/diff/diff.ts'
import { stepsOf } from '../../src/schema/diff/steps.ts'
import { schemaToSql } from '../../src/schema/parse.ts'
import { renamesFromJson } from '../../src/schema/renames.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

const refers = (name: string, column: string, parent: string, more = '') =>
  `CONSTRAINT ${name} FOREIGN KEY (${column}) REFERENCES ${parent}${more}`

type Bodies = Readonly<Record<string, string>>

/** Tables by name: from, to, and the statements that turn the one into the other. */
const CASES: readonly (readonly [
  name: string,
  from: Bodies,
  to: Bodies,
  steps: readonly string[],
])[] = [
  [
    'tables that refer to each other in a circle',
    {},
    {
      a: `(id INT PRIMARY KEY, b_id INT, ${refers('f_a', 'b_id', 'b (id)')})`,
      b: `(id INT PRIMARY KEY, a_id INT, ${refers('f_b', 'a_id', 'a (id)')})`,
      c: `(id INT PRIMARY KEY, c_id INT, ${refers('f_c', 'c_id', 'c (id)')})`,
    },
    ['create b', 'create a', 'create c', 'alter b'],
  ],
  [
    'a circle and a table that refers to it',
    { t: '(id INT PRIMARY KEY, a_id INT)' },
    {
      t: `(id INT PRIMARY KEY, a_id INT, ${refers('f_t', 'a_id', 'a (id)')})`,
      a: `(id INT PRIMARY KEY, b_id INT, ${refers('f_a', 'b_id', 'b (id)')})`,
      b: `(id INT PRIMARY KEY, a_id INT, ${refers('f_b', 'a_id', 'a (id)')})`,
    },
    ['create b', 'create a', 'alter t', 'alter b'],
  ],
  [
    'three full-text keys',
    { t: '(id INT PRIMARY KEY, a TEXT, b TEXT)' },
    {
      t: '(id INT PRIMARY KEY, c TEXT, a TEXT, b TEXT, FULLTEXT KEY x (a), FULLTEXT KEY y (b, c), FULLTEXT KEY z (c))',
    },
    ['alter t', 'alter t', 'alter t'],
  ],
  [
    'the type of both ends',
    {
      child: `(id INT PRIMARY KEY, p_id INT, ${refers('f', 'p_id', 'parent (id)')})`,
      parent: '(id INT PRIMARY KEY)',
    },
    {
      child: `(id INT PRIMARY KEY, p_id BIGINT, ${refers('f', 'p_id', 'parent (id)')})`,
      parent: '(id BIGINT PRIMARY KEY)',
    },
    ['alter child', 'alter parent', 'alter child', 'alter child'],
  ],
  [
    'the type of both ends in one table',
    { t: `(id INT PRIMARY KEY, up INT, ${refers('f', 'up', 't (id)')})` },
    { t: `(id BIGINT PRIMARY KEY, up BIGINT, ${refers('f', 'up', 't (id)')})` },
    ['alter t', 'alter t', 'alter t'],
  ],
  [
    'a foreign key under its name',
    { p: '(id INT PRIMARY KEY)', t: `(a INT, KEY k (a), ${refers('f', 'a', 'p (id)')})` },
    {
      p: '(id INT PRIMARY KEY)',
      t: `(a INT, KEY k (a), ${refers('f', 'a', 'p (id)', ' ON DELETE CASCADE')})`,
    },
    ['alter t', 'alter t'],
  ],
  [
    'a column that nobody refers to any more',
    {
      a: '(id INT PRIMARY KEY, code INT, UNIQUE KEY u (code))',
      t: `(c INT, KEY k (c), ${refers('f', 'c', 'a (code)')})`,
    },
    { a: '(id INT PRIMARY KEY)', t: '(c INT, KEY k (c))' },
    ['alter t', 'alter a'],
  ],
  [
    'partitions instead of a foreign key',
    {
      p: '(id INT PRIMARY KEY)',
      t: `(id INT PRIMARY KEY, up INT, KEY k (up), ${refers('f', 'up', 't (id)')})`,
    },
    {
      p: '(id INT PRIMARY KEY)',
      t: '(id INT PRIMARY KEY, up INT, KEY k (up)) PARTITION BY HASH (id) PARTITIONS 2',
    },
    ['alter t', 'alter t'],
  ],
]

describe('stepsOf', () => {
  test.for(CASES)(
    'runs in a session that checks foreign keys, forth and back: %s',
    async ([, from, to, expected], { mysql }) => {
      const session = await mysql.session()
      const wanted = await made(session, mysql, to)
      const former = await made(session, mysql, from)
      await session.run(sql`SET SESSION foreign_key_checks = 1`)

      const steps = stepsOf(diffSchemas(former, wanted), { from: former, to: wanted })
      for (const step of steps) await session.run(sql.raw(ddlOf(step).statement))
      const after = await readSchema(session, mysql.schema)
      const back = stepsOf(diffSchemas(after, former), { from: after, to: former })
      for (const step of back) await session.run(sql.raw(ddlOf(step).statement))

      expect(steps.map((step) => `${step.kind} ${tableOf(step)}`)).toEqual(expected)
      expect(schemaToSql(after)).toEqual(schemaToSql(wanted))
      expect(schemaToSql(await readSchema(session, mysql.schema))).toEqual(schemaToSql(former))
    },
  )
})

describe('stepsOf with renames', () => {
  test('renames both ends of a foreign key in tables that are rebuilt', async ({ mysql }) => {
    const session = await mysql.session()
    const checked = (name: string) => `CONSTRAINT c CHECK (${name} > 0)`
    const wanted = await made(session, mysql, {
      child: `(id INT PRIMARY KEY, owner_id INT, ${refers('f', 'owner_id', 'parent (number)')}, ${checked('owner_id')})`,
      parent: '(number INT PRIMARY KEY, twice INT AS (number * 2) STORED)',
    })
    const former = await made(session, mysql, {
      child: `(id INT PRIMARY KEY, p_id INT, ${refers('f', 'p_id', 'parent (id)')}, ${checked('p_id')})`,
      parent: '(id INT PRIMARY KEY, twice INT AS (id * 2) STORED)',
    })
    await session.run(sql`SET SESSION foreign_key_checks = 1`)
    await session.run(sql`INSERT INTO parent (id) VALUES (7)`)
    await session.run(sql`INSERT INTO child VALUES (1, 7)`)
    const renames = renamesFromJson({ child: { owner_id: 'p_id' }, parent: { number: 'id' } })

    const changes = diffSchemas(former, wanted, renames)
    for (const step of stepsOf(changes, { from: former, to: wanted })) {
      await session.run(sql.raw(ddlOf(step).statement))
    }

    expect(schemaToSql(await readSchema(session, mysql.schema))).toEqual(schemaToSql(wanted))
    expect(await session.rows(sql`SELECT owner_id FROM child`)).toEqual([{ owner_id: 7 }])
    expect(await session.rows(sql`SELECT number, twice FROM parent`)).toEqual([
      { number: 7, twice: 14 },
    ])
  })
})

async function made(session: Session, { schema }: MysqlTest, tables: Bodies) {
  await session.run(sql`SET SESSION foreign_key_checks = 0`)
  const present = await readSchema(session, schema)
  for (const name of present.tables.keys()) await session.run(sql`DROP TABLE ${sql.id(name)}`)
  for (const [name, body] of Object.entries(tables)) {
    await session.run(sql.raw(`CREATE TABLE \`${name}\` ${body}`))
  }
  return await readSchema(session, schema)
}
