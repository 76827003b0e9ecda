import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../src/mysql/session.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/ddl.ts'
import { diffSchemas } from '../../src/schema/diff.ts'
import { fingerprintSchema } from '../../src/schema/fingerprint.ts'
import { schemaToSql } from '../../src/schema/parse.ts'
import { test } from '../support/mysql.ts'

const RUNS = 60
const SEED = 20_260_101

const base = fc.constantFrom(
  'INT',
  'BIGINT UNSIGNED NOT NULL',
  'VARCHAR(20)',
  "VARCHAR(30) COLLATE utf8mb4_bin NOT NULL DEFAULT 'x'",
  "ENUM('a','b') DEFAULT 'b'",
  'DECIMAL(10,2) DEFAULT 1.5',
  'DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3)',
  'INT DEFAULT (1 + 1)',
  "INT COMMENT 'it''s, (so)'",
)
const computed = fc.constantFrom(
  'INT AS (id + 1) VIRTUAL',
  'INT AS (id + 1) STORED',
  'INT AS (id * 2) VIRTUAL',
)
const definition = fc.oneof({ weight: 4, arbitrary: base }, { weight: 1, arbitrary: computed })

/** A table `t` with some of six columns in any order, keys over them, and options. */
const table = fc
  .record({
    columns: fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f'], { minLength: 1 }),
    definitions: fc.array(definition, { minLength: 6, maxLength: 6 }),
    idAt: fc.nat(6),
    keys: fc.array(
      fc.record({
        name: fc.constantFrom('k', 'l', 'm'),
        kind: fc.constantFrom('KEY', 'UNIQUE KEY'),
        parts: fc.array(fc.tuple(fc.nat(5), fc.constantFrom('', ' DESC')), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
      { maxLength: 3 },
    ),
    check: fc.constantFrom(null, 'id > 1', 'id < 99'),
    options: fc.constantFrom(
      '',
      " COMMENT='x'",
      ' CHARSET=latin1',
      ' COLLATE=utf8mb4_unicode_ci',
      ' ROW_FORMAT=DYNAMIC',
    ),
    partition: fc.constantFrom('', '', ' PARTITION BY HASH (id) PARTITIONS 2'),
  })
  .map(({ columns, definitions, idAt, keys, check, options, partition }) => {
    const items = columns.map((name, at) => `${name} ${definitions[at]}`)
    items.splice(Math.min(idAt, items.length), 0, 'id INT NOT NULL AUTO_INCREMENT PRIMARY KEY')
    const seen = new Map(keys.map((key) => [key.name, key]))
    for (const { name, kind, parts } of seen.values()) {
      const listed = new Map(
        parts.map(([at, direction]) => [columns[at % columns.length], direction]),
      )
      const text = [...listed].map(([column, direction]) => `${column}${direction}`).join(', ')
      // A unique key of a partitioned table must hold the columns it is partitioned by.
      items.push(`${kind} ${name} (${text}${kind === 'KEY' ? '' : ', id'})`)
    }
    if (check) items.push(`CONSTRAINT ck CHECK (${check})`)
    // MySQL takes no AUTO_INCREMENT column in a check or in a generated column.
    const id = 'id INT NOT NULL PRIMARY KEY'
    const body = items.map((item) => (item.startsWith('id ') ? id : item)).join(', ')
    return `CREATE TABLE t (${body})${options}${partition}`
  })

describe('diffSchemas', () => {
  test('turns any table into any other', { timeout: 120_000 }, async ({ mysql }) => {
    const session = await mysql.session()
    await fc.assert(
      fc.asyncProperty(table, table, async (from, to) => {
        const wanted = await made(session, mysql.schema, to)
        const before = await made(session, mysql.schema, from)
        for (const change of diffSchemas(before, wanted)) {
          await session.run(sql.raw(ddlOf(change).statement))
        }
        const after = await readSchema(session, mysql.schema)
        expect(schemaToSql(after)).toEqual(schemaToSql(wanted))
        expect(diffSchemas(after, wanted)).toEqual([])
        expect(fingerprintSchema(after)).toBe(fingerprintSchema(wanted))
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })
})

async function made(session: Session, schema: string, statement: string) {
  await session.run(sql`DROP TABLE IF EXISTS t`)
  await session.run(sql.raw(statement))
  return await readSchema(session, schema)
}
