import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { askInstant } from '../../src/engine/instant/instant.ts'
import { parseAlter } from '../../src/engine/table/statement.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

const COLUMNS = `id INT PRIMARY KEY, v VARCHAR(10), c INT NOT NULL DEFAULT 1, KEY (c),
  CONSTRAINT positive CHECK (c > 0)`

describe('askInstant', () => {
  test.for([
    ['ADD COLUMN x INT', true],
    ['add column x int, ALGORITHM=instant', true],
    ['RENAME COLUMN v TO w', true],
    ['MODIFY c BIGINT NOT NULL DEFAULT 1', false],
    ['ADD KEY (v)', false],
    ['DROP PRIMARY KEY', false],
    ['ADD COLUMN x INT, ALGORITHM=COPY', false],
    ['ADD COLUMN x INT, algorithm inplace', false],
    ['PARTITION BY HASH (id) PARTITIONS 2', false],
    ['ADD FOREIGN KEY (c) REFERENCES t (id)', false],
  ] as const)('%s: %s', async ([clauses, eligible], { mysql }) => {
    expect(await askedOf(mysql, `(${COLUMNS})`, clauses)).toMatchObject({
      eligible,
      reason: eligible ? null : expect.stringMatching(/^\w.*[^.]$/),
    })
  })

  test('is not deceived by a server that copies all the same', async ({ mysql }) => {
    const table = `(${COLUMNS}) PARTITION BY HASH (id) PARTITIONS 2`

    for (const clauses of ['DROP PRIMARY KEY', 'REMOVE PARTITIONING']) {
      expect(await askedOf(mysql, table, clauses)).toMatchObject({ eligible: false })
    }
  })

  test('finds a constraint by its name, and what a FULLTEXT index forbids', async ({ mysql }) => {
    expect(await askedOf(mysql, `(${COLUMNS})`, 'DROP CONSTRAINT positive')).toMatchObject({
      eligible: true,
    })
    expect(
      await askedOf(mysql, '(id INT PRIMARY KEY, v TEXT, FULLTEXT (v))', 'ADD COLUMN x INT'),
    ).toMatchObject({ eligible: false })
  })

  test('refuses a statement that is wrong, and leaves no table behind', async ({ mysql }) => {
    await expect(askedOf(mysql, `(${COLUMNS})`, 'ADD COLUMN id INT')).rejects.toMatchObject({
      code: 'ALTER_INVALID',
      message: expect.stringContaining('1060'),
    })

    const session = await mysql.session()
    expect(await session.rows(sql`SHOW TABLES`)).toEqual([])
  })

  test('knows beforehand what the table will be', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE parent (id INT PRIMARY KEY)`)
    const columns = `${COLUMNS}, p INT, CONSTRAINT child FOREIGN KEY (p) REFERENCES parent (id)`
    await session.run(sql`CREATE TABLE t (${sql.raw(columns)}) AUTO_INCREMENT = 7 COMMENT 'it''s'`)
    const statement = 'ALTER TABLE t ADD COLUMN x INT AFTER id, DROP CONSTRAINT positive'
    const ask = () =>
      askInstant(session, mysql.schema, {
        id: 'asked',
        operation: { kind: 'alter', table: 't', statement },
      })

    const { definitions } = await ask()
    await session.run(sql.raw(statement))
    const after = await askInstant(session, mysql.schema, {
      id: 'asked',
      operation: { kind: 'drop', table: 't', statement: 'DROP TABLE t' },
    })

    expect(definitions.before).not.toBe(definitions.after)
    expect(after.definitions.before).toBe(definitions.after)
  })
})

/** What is answered of `ALTER TABLE t <clauses>`; the table is there only meanwhile. */
async function askedOf(mysql: MysqlTest, definition: string, clauses: string) {
  const session = await mysql.session()
  const statement = `ALTER TABLE t ${clauses}`
  expect(parseAlter(statement).table).toBe('t')
  await session.run(sql.raw(`CREATE TABLE t ${definition}`))
  try {
    const asked = await askInstant(session, mysql.schema, {
      id: 'asked',
      operation: { kind: 'alter', table: 't', statement },
    })
    expect(await session.rows(sql`SHOW TABLES`)).toHaveLength(1)
    return asked.answer
  } finally {
    await session.run(sql`DROP TABLE t`)
  }
}
