import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../src/mysql/session.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { mergeSchemas } from '../../src/schema/merge.ts'
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

async function table(session: Session, schema: string, options: readonly string[]) {
  await session.run(sql`DROP TABLE IF EXISTS t`)
  await session.run(sql.raw(`CREATE TABLE t (id INT PRIMARY KEY) ${options.join(' ')}`))
  return await readSchema(session, schema)
}
