import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { errnoOf } from '../../src/mysql/errno.ts'
import type { Session } from '../../src/mysql/session.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { stepsOf } from '../../src/schema/diff/steps.ts'
import { mergeSchemas } from '../../src/schema/merge/merge.ts'
import { type Part, textOf } from '../../src/schema/merge/part.ts'
import { schemaToSql, withSql } from '../../src/schema/parse.ts'
import type { Schema } from '../../src/schema/table.ts'
import { test } from '../support/mysql.ts'

/** To look for more: PROPERTY_RUNS=2000 PROPERTY_SEED=$RANDOM. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 12)

const BASE = [
  `CREATE TABLE p (id INT NOT NULL PRIMARY KEY, x INT NOT NULL, UNIQUE KEY ux (x))`,
  `CREATE TABLE t (
    id INT NOT NULL,
    a INT,
    b VARCHAR(20) NOT NULL DEFAULT 'x',
    c BIGINT UNSIGNED,
    d INT,
    PRIMARY KEY (id),
    KEY ka (a),
    KEY kb (b, c),
    CONSTRAINT c0 CHECK (d > 1)
  )`,
]

const column = fc.constantFrom('a', 'b', 'c', 'd')
const fresh = fc.constantFrom('n1', 'n2')
const type = fc.constantFrom(
  'INT',
  'BIGINT',
  'VARCHAR(30)',
  "VARCHAR(20) CHARACTER SET ascii NOT NULL DEFAULT 'y'",
  "INT COMMENT 'other'",
  'DATE',
  'TEXT',
)
const place = fc.constantFrom('', '', '', ' FIRST', ' AFTER a', ' AFTER c')
const texts = (...parts: readonly (string | fc.Arbitrary<string>)[]) =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((words) => words.join(''))

/** One statement of somebody who changes the base; the server refuses those that make no sense, which do nothing then. */
const statement = fc.oneof(
  { weight: 4, arbitrary: texts('ALTER TABLE t ADD COLUMN ', fresh, ' ', type, place) },
  { weight: 2, arbitrary: texts('ALTER TABLE t ADD COLUMN g INT AS (', column, ' + 1) VIRTUAL') },
  { weight: 3, arbitrary: texts('ALTER TABLE t MODIFY COLUMN ', column, ' ', type, place) },
  { weight: 2, arbitrary: texts('ALTER TABLE t DROP COLUMN ', column) },
  {
    weight: 4,
    arbitrary: texts(
      fc.constantFrom('ALTER TABLE t ADD KEY k1 (', 'ALTER TABLE t ADD UNIQUE KEY k2 ('),
      column,
      fc.constantFrom('', ', id', ', d DESC'),
      ')',
    ),
  },
  { weight: 2, arbitrary: texts('ALTER TABLE t DROP KEY ', fc.constantFrom('ka', 'kb')) },
  {
    weight: 2,
    arbitrary: texts('ALTER TABLE t ADD CONSTRAINT c1 CHECK (', column, ' <> 5)'),
  },
  {
    weight: 3,
    arbitrary: texts(
      'ALTER TABLE t ADD CONSTRAINT ',
      fc.constantFrom('f1', 'f2'),
      ' FOREIGN KEY (',
      fc.constantFrom('a', 'd'),
      ') REFERENCES p (',
      fc.constantFrom('id', 'x'),
      ')',
    ),
  },
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      'ALTER TABLE t DROP CONSTRAINT c0',
      "ALTER TABLE t COMMENT='other'",
      'ALTER TABLE t ROW_FORMAT=DYNAMIC STATS_PERSISTENT=1',
      'ALTER TABLE t CONVERT TO CHARACTER SET latin1',
      'ALTER TABLE t DEFAULT CHARACTER SET latin1',
      'ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 2',
      'ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, a)',
      'ALTER TABLE t MODIFY COLUMN id INT NOT NULL AUTO_INCREMENT',
      'ALTER TABLE t ADD COLUMN n3 INT NOT NULL AUTO_INCREMENT UNIQUE',
      'ALTER TABLE t ADD KEY kp (b(5))',
      'ALTER TABLE t ADD KEY ke ((a + 1))',
      'ALTER TABLE t ADD FULLTEXT KEY ft (b)',
      'ALTER TABLE t MODIFY COLUMN a INT NOT NULL',
      'ALTER TABLE t MODIFY COLUMN b VARCHAR(900) CHARACTER SET latin1',
      'ALTER TABLE t RENAME COLUMN a TO z',
      'ALTER TABLE t DROP COLUMN c, DROP COLUMN d',
      'ALTER TABLE t PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10))',
      'ALTER TABLE t ADD CONSTRAINT f3 FOREIGN KEY (a) REFERENCES p (id) ON DELETE SET NULL',
      'CREATE TABLE r (id INT PRIMARY KEY, CONSTRAINT f1 FOREIGN KEY (id) REFERENCES t (id))',
      'CREATE TABLE r (id INT PRIMARY KEY, CONSTRAINT f4 FOREIGN KEY (id) REFERENCES p (x))',
      'ALTER TABLE p MODIFY COLUMN x BIGINT NOT NULL',
      'ALTER TABLE p DROP KEY ux',
      'ALTER TABLE p ADD COLUMN y INT',
      'DROP TABLE p',
      'CREATE TABLE u (id INT PRIMARY KEY)',
      'CREATE TABLE u (id BIGINT PRIMARY KEY)',
      'CREATE SQL SECURITY INVOKER VIEW v AS SELECT id, a FROM t',
      'CREATE SQL SECURITY INVOKER VIEW v AS SELECT x FROM p',
    ),
  },
)
const change = fc.array(statement, { minLength: 2, maxLength: 5 })

/** Changes of which each leaves alone what the others touch, so that any of the one side goes with any of the other. */
const commuting = {
  theirs: fc.subarray(
    [
      'ALTER TABLE t ADD COLUMN n1 VARCHAR(9)',
      'ALTER TABLE t ADD KEY k1 (a, d)',
      'ALTER TABLE t MODIFY COLUMN c BIGINT',
      'ALTER TABLE t DROP KEY ka',
      'ALTER TABLE t ADD CONSTRAINT c1 CHECK (a < 99)',
      "ALTER TABLE t COMMENT='other'",
      'ALTER TABLE p ADD COLUMN y INT',
      'CREATE SQL SECURITY INVOKER VIEW v AS SELECT id, a FROM t',
      'CREATE TABLE u (id INT PRIMARY KEY)',
    ],
    { minLength: 1 },
  ),
  ours: fc.subarray(
    [
      'ALTER TABLE t ADD COLUMN n2 INT AS (a + 1) STORED AFTER a',
      'ALTER TABLE t ADD UNIQUE KEY k2 (c, id)',
      "ALTER TABLE t MODIFY COLUMN b VARCHAR(30) NOT NULL DEFAULT 'y'",
      'ALTER TABLE t DROP CONSTRAINT c0',
      'ALTER TABLE t ADD CONSTRAINT f1 FOREIGN KEY (d) REFERENCES p (x)',
      'ALTER TABLE t STATS_PERSISTENT=1',
      'ALTER TABLE t ADD FULLTEXT KEY ft (b)',
      'CREATE SQL SECURITY INVOKER VIEW w AS SELECT x FROM p',
      'CREATE TABLE w2 (id INT PRIMARY KEY, a TEXT)',
    ],
    { minLength: 1 },
  ),
}

describe('mergeSchemas', () => {
  test('MERGE-1: what it merges is the same in whatever order it is applied', {
    timeout: 60_000 + RUNS * 10_000,
  }, async ({ mysql }) => {
    const server = new Server(await mysql.session(), mysql.schema)
    const seen = { merged: 0, conflict: 0 }
    await fc.assert(
      fc.asyncProperty(change, change, async (their, our) => {
        const sides = await server.sides(their, our)
        const result = mergeSchemas(sides.base, sides.theirs, sides.ours)
        seen[result.kind] += 1
        const mirrored = mergeSchemas(sides.base, sides.ours, sides.theirs)

        expect(mirrored.kind).toBe(result.kind)
        if (result.kind === 'merged' && mirrored.kind === 'merged') {
          expect(unordered(mirrored.schema)).toEqual(unordered(result.schema))
          await server.expectBothWays(sides, result.schema)
        }
        if (result.kind === 'merged') return
        expect(result.conflicts).not.toEqual([])
        for (const { theirs, ours } of result.conflicts) {
          expect(isTouched(sides.base, sides.theirs, theirs.part)).toBe(true)
          expect(isTouched(sides.base, sides.ours, ours.part)).toBe(true)
        }
      }),
      { numRuns: RUNS },
    )
    expect(Math.min(seen.merged, seen.conflict)).toBeGreaterThan(0)
  })

  test('MERGE-2: changes of different things are never a conflict', {
    timeout: 60_000 + RUNS * 10_000,
  }, async ({ mysql }) => {
    const server = new Server(await mysql.session(), mysql.schema)
    await fc.assert(
      fc.asyncProperty(commuting.theirs, commuting.ours, async (their, our) => {
        const sides = await server.sides(their, our)
        const result = mergeSchemas(sides.base, sides.theirs, sides.ours)

        expect(result.kind === 'conflict' ? result.conflicts : []).toEqual([])
        if (result.kind === 'merged') await server.expectBothWays(sides, result.schema)
      }),
      { numRuns: Math.ceil(RUNS / 2) },
    )
  })
})

type Sides = { readonly base: Schema; readonly theirs: Schema; readonly ours: Schema }

class Server {
  readonly #session: Session
  readonly #schema: string

  constructor(session: Session, schema: string) {
    this.#session = session
    this.#schema = schema
  }

  /** What two people make of the base, each with the statements that the server takes. */
  async sides(their: readonly string[], our: readonly string[]): Promise<Sides> {
    const base = await this.#reset()
    await this.#make(their)
    const theirs = await this.#read()
    await this.#reset()
    await this.#make(our)
    return { base, theirs, ours: await this.#read() }
  }

  /** From either side the server comes to exactly `merged`, and finds nothing left to do. */
  async expectBothWays({ base, theirs, ours }: Sides, merged: Schema): Promise<void> {
    for (const first of [ours, theirs]) {
      await this.#reset()
      await this.#run(base, first)
      await this.#run(first, merged)
      const found = await this.#read()
      expect(schemaToSql(found)).toEqual(schemaToSql(merged))
      expect(diffSchemas(found, merged)).toEqual([])
    }
  }

  async #reset(): Promise<Schema> {
    await this.#session.run(sql`SET foreign_key_checks = 0`)
    const { tables, views } = await this.#read()
    for (const name of views.keys()) await this.#session.run(sql`DROP VIEW ${sql.id(name)}`)
    for (const name of tables.keys()) await this.#session.run(sql`DROP TABLE ${sql.id(name)}`)
    await this.#session.run(sql`SET foreign_key_checks = 1`)
    for (const text of BASE) await this.#session.run(sql.raw(text))
    return await this.#read()
  }

  /** A server drops what a view reads without a word; nobody could make such a schema anew. */
  async #make(statements: readonly string[]): Promise<void> {
    await this.#try(statements)
    for (const name of (await this.#read()).views.keys()) {
      try {
        await this.#session.rows(sql`SELECT * FROM ${sql.id(name)} LIMIT 0`)
      } catch (error) {
        if (errnoOf(error) === null) throw error
        await this.#session.run(sql`DROP VIEW ${sql.id(name)}`)
      }
    }
  }

  async #try(statements: readonly string[]): Promise<void> {
    for (const text of statements) {
      try {
        await this.#session.run(sql.raw(text))
      } catch (error) {
        if (errnoOf(error) === null) throw error
      }
    }
  }

  async #run(from: Schema, to: Schema): Promise<void> {
    for (const one of stepsOf(diffSchemas(from, to), { from, to })) {
      await this.#session.run(sql.raw(ddlOf(one).statement))
    }
  }

  async #read(): Promise<Schema> {
    return await readSchema(this.#session, this.#schema)
  }
}

/** What may differ by who goes first is the order of columns that both add at one place. */
function unordered({ tables, views }: Schema): unknown {
  const sorted = [...tables.values()].map((table) =>
    withSql({ ...table, columns: table.columns.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }),
  )
  return [sorted.map((table) => table.sql), [...views.values()].map((view) => view.sql)]
}

/** Whether a side did something to a part; an order is something that happens to the table. */
function isTouched(before: Schema, after: Schema, part: Part): boolean {
  const table: Part = { table: part.table, kind: 'table', name: '' }
  return [part, ...(part.kind === 'column' ? [table] : [])].some(
    (one) => textOf(before, one) !== textOf(after, one),
  )
}
