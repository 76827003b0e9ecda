import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../src/mysql/session.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { stepsOf } from '../../src/schema/diff/steps.ts'
import { mergeSchemas } from '../../src/schema/merge/merge.ts'
import { schemaToSql } from '../../src/schema/parse.ts'
import { FLAVOUR, test } from '../support/mysql.ts'

/** Options of every kind that the family knows; each side sets every other one. */
const OPTIONS = {
  mysql: [
    'MIN_ROWS=1',
    'MAX_ROWS=2',
    'AVG_ROW_LENGTH=3',
    'PACK_KEYS=0',
    'STATS_PERSISTENT=1',
    'STATS_AUTO_RECALC=0',
    'STATS_SAMPLE_PAGES=9',
    'CHECKSUM=1',
    'DELAY_KEY_WRITE=1',
    'ROW_FORMAT=DYNAMIC',
    "COMMENT='x'",
    "COMPRESSION='zlib'",
    'AUTOEXTEND_SIZE=4M',
  ],
  mariadb: [
    'MIN_ROWS=1',
    'MAX_ROWS=2',
    'AVG_ROW_LENGTH=3',
    'PACK_KEYS=0',
    'STATS_PERSISTENT=1',
    'STATS_AUTO_RECALC=0',
    'STATS_SAMPLE_PAGES=9',
    'CHECKSUM=1',
    'PAGE_CHECKSUM=1',
    'DELAY_KEY_WRITE=1',
    'TRANSACTIONAL=1',
    'ROW_FORMAT=DYNAMIC',
    "COMMENT='x'",
    'PAGE_COMPRESSED=1',
  ],
}[FLAVOUR]

describe('mergeSchemas', () => {
  test.for([
    ['every other option', ({ at }: { at: number }) => at % 2 === 0],
    ['the first options', ({ at }: { at: number }) => at < 6],
  ] as const)(
    'writes the options of both sides in the order of the server: %s',
    async ([, isTheirs], { mysql }) => {
      const session = await mysql.session()
      const made = async (options: readonly string[]) => await table(session, mysql.schema, options)
      const theirs = OPTIONS.filter((_, at) => isTheirs({ at }))
      const ours = OPTIONS.filter((_, at) => !isTheirs({ at }))
      const all = await made(OPTIONS)

      const merged = mergeSchemas(await made([]), await made(theirs), await made(ours))

      expect(merged.kind === 'merged' && schemaToSql(merged.schema)).toEqual(schemaToSql(all))
    },
  )
})

describe('mergeSchemas with a rename', () => {
  const BASE = [
    `CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL, g INT AS (a + 1) VIRTUAL,
      KEY ka (a), CONSTRAINT ck CHECK (a > 1))`,
  ]
  const THEIRS = [
    'ALTER TABLE t ADD COLUMN n INT AFTER a, ADD KEY kn (n)',
    'CREATE TABLE w (id INT)',
  ]

  test('keeps the values of the column on the way from what the others have', async ({ mysql }) => {
    const session = await mysql.session()
    const run = async (statements: readonly string[]) => {
      for (const text of statements) await session.run(sql.raw(text))
    }
    const read = async () => await readSchema(session, mysql.schema)
    const drop = async () => await run(['DROP TABLE t'])
    const renames = new Map([['t', new Map([['z', 'a']])]])
    await run(BASE.map((text) => text.replaceAll(/\ba\b/g, 'z')))
    const ours = await read()
    await drop()
    await run(BASE)
    const base = await read()
    await run([...THEIRS, 'INSERT INTO t (id, a) VALUES (1, 7)'])
    const theirs = await read()

    const merged = mergeSchemas(base, theirs, ours, renames)

    if (merged.kind === 'conflict') throw new Error(JSON.stringify(merged.conflicts))
    const changes = diffSchemas(theirs, merged.schema, renames)
    const steps = stepsOf(changes, { from: theirs, to: merged.schema })
    await run(steps.map((step) => ddlOf(step).statement))
    expect(schemaToSql(await read())).toEqual(schemaToSql(merged.schema))
    expect(await session.rows(sql`SELECT z FROM t`)).toEqual([{ z: 7 }])
    expect([...(merged.schema.tables.get('t')?.columns ?? [])].map(({ name }) => name)).toEqual([
      'id',
      'z',
      'n',
      'g',
    ])
  })
})

async function table(session: Session, schema: string, options: readonly string[]) {
  await session.run(sql`DROP TABLE IF EXISTS t`)
  await session.run(sql.raw(`CREATE TABLE t (id INT PRIMARY KEY) ${options.join(' ')}`))
  return await readSchema(session, schema)
}
