import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { readSchema } from '../../../src/schema/canonical.ts'
import { ddlOf } from '../../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../../src/schema/diff/diff.ts'
import { stepsOf } from '../../../src/schema/diff/steps.ts'
import { schemaToSql } from '../../../src/schema/parse.ts'
import type { Schema } from '../../../src/schema/table.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

async function made({ session, schema }: MysqlTest, srid: number, key: string) {
  const server = await session()
  await server.run(sql`DROP TABLE IF EXISTS t`)
  await server.run(
    sql.raw(`CREATE TABLE t (id INT PRIMARY KEY, g POINT NOT NULL SRID ${srid}, ${key})`),
  )
  return await readSchema(server, schema)
}

async function run({ session, schema }: MysqlTest, from: Schema, to: Schema) {
  const server = await session()
  for (const step of stepsOf(diffSchemas(from, to), { from, to })) {
    await server.run(sql.raw(ddlOf(step).statement))
  }
  return schemaToSql(await readSchema(server, schema))
}

describe('spatialKeysFirst', () => {
  test.for([
    ['stays', 'SPATIAL KEY k (g)'],
    ['goes', 'KEY j (id)'],
    ['becomes another', "SPATIAL KEY j (g) COMMENT 'j'"],
    ['is renamed', 'SPATIAL KEY j (g)'],
    ['is hidden', 'SPATIAL KEY k (g) INVISIBLE'],
  ] as const)(
    'gives a column another spatial reference system while its key %s',
    async ([, key], { mysql }) => {
      const wanted = await made(mysql, 3857, key)
      const former = await made(mysql, 4326, 'SPATIAL KEY k (g)')

      const forth = await run(mysql, former, wanted)
      const back = await run(mysql, wanted, former)

      expect(forth).toEqual(schemaToSql(wanted))
      expect(back).toEqual(schemaToSql(former))
    },
  )
})
