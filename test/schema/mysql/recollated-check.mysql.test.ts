import { sql } from 'kysely'
import { expect } from 'vitest'
import { readSchema } from '../../../src/schema/canonical.ts'
import { ddlOf } from '../../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../../src/schema/diff/diff.ts'
import { test } from '../../support/mysql.ts'

test.for([
  ['of its table', '', 'CHARSET=latin1', '', 'CHARSET=utf8mb4'],
  ['of its own', 'CHARACTER SET latin1', '', '', ''],
] as const)(
  'keeps the text of a CHECK beside a column that gets another character set, %s',
  async ([, ownBefore, before, ownAfter, after], { mysql }) => {
    const session = await mysql.session()
    const made = async (own: string, options: string) => {
      await session.run(sql`DROP TABLE IF EXISTS t`)
      const body = `(a VARCHAR(9) ${own}, b INT, CONSTRAINT accent CHECK (a <> 'é'), CONSTRAINT plain CHECK (a <> 'y'), CHECK (b > 0))`
      await session.run(sql.raw(`CREATE TABLE t ${body} ${options}`))
      return { schema: await readSchema(session, mysql.schema), shown: await shown() }
    }
    const shown = () => session.row(sql`SHOW CREATE TABLE t`)
    const wanted = await made(ownAfter, after)
    const former = await made(ownBefore, before)

    const statements = diffSchemas(former.schema, wanted.schema).map(
      (change) => ddlOf(change).statement,
    )
    for (const statement of statements) await session.run(sql.raw(statement))

    expect(statements).toHaveLength(1)
    expect(statements[0]).not.toContain('t_chk_1')
    expect(await shown()).toEqual(wanted.shown)
  },
)
