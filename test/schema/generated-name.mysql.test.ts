import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../src/mysql/session.ts'
import { readSchema } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { stepsOf } from '../../src/schema/diff/steps.ts'
import { renamesFromJson } from '../../src/schema/renames.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

const toP = (column: string, action = '') => `FOREIGN KEY (${column}) REFERENCES p (id)${action}`

/** Lines of the table `t` after its columns, as people write them: from, to, and how many constraints go and come. */
const CASES: readonly (readonly [
  name: string,
  from: readonly string[],
  to: readonly string[],
  changes: readonly [drops: number, adds: number],
])[] = [
  ['another order', ['CHECK (a > 1)', 'CHECK (b > 1)'], ['CHECK (b > 1)', 'CHECK (a > 1)'], [0, 0]],
  [
    'a new one before the others',
    ['CHECK (a > 1)', 'CHECK (b > 1)'],
    ['CHECK (c > 1)', 'CHECK (a > 1)', 'CHECK (b > 1)'],
    [0, 1],
  ],
  ['the first one gone', ['CHECK (a > 1)', 'CHECK (b > 1)'], ['CHECK (b > 1)'], [1, 0]],
  [
    'equal ones, one of them more',
    ['CHECK (a > 1)', 'CHECK (b > 1)'],
    ['CHECK (a > 1)', 'CHECK (a > 1)', 'CHECK (b > 1)'],
    [0, 1],
  ],
  [
    'one changed and the others in another order',
    ['CHECK (a > 1)', 'CHECK (b > 1)', 'CHECK (c > 1)'],
    ['CHECK (c > 1)', 'CHECK (a > 2)', 'CHECK (b > 1)'],
    [1, 1],
  ],
  ['foreign keys in another order', [toP('a'), toP('b')], [toP('b'), toP('a')], [0, 0]],
  ['a foreign key before the others', [toP('a'), toP('b')], [toP('c'), toP('a'), toP('b')], [0, 1]],
  [
    'other actions of a foreign key, and another order',
    [toP('a'), toP('b')],
    [toP('b'), toP('a', ' ON DELETE CASCADE')],
    [1, 1],
  ],
]

describe('constraints that nobody named', () => {
  test.for(CASES)('DIFF-2: are what they are by what they say: %s', async (one, { mysql }) => {
    const [, from, to, [drops, adds]] = one
    const session = await mysql.session()
    const wanted = await made(session, mysql, to)
    const former = await made(session, mysql, from)

    const changes = diffSchemas(former, wanted)
    const count = (start: string) =>
      changes.flatMap((change) =>
        change.kind === 'alter' ? change.clauses.filter(({ kind }) => kind.startsWith(start)) : [],
      ).length

    expect([
      count('drop_check') + count('drop_foreign'),
      count('add_check') + count('add_foreign'),
    ]).toEqual([drops, adds])
    for (const step of stepsOf(changes, { from: former, to: wanted })) {
      await session.run(sql.raw(ddlOf(step).statement))
    }
    const after = await readSchema(session, mysql.schema)
    expect(diffSchemas(after, wanted)).toEqual([])
    expect(diffSchemas(wanted, after)).toEqual([])
    const altered = changes.find(({ kind }) => kind === 'alter')
    if (altered?.kind === 'alter') expect(after.tables.get('t')?.sql).toBe(altered.to.sql)
  })

  test('keep their numbers while the columns of a foreign key change', async ({ mysql }) => {
    const session = await mysql.session()
    const wanted = await made(session, mysql, [toP('b'), toP('z')], { type: 'BIGINT', first: 'z' })
    const former = await made(session, mysql, [toP('a'), toP('b')])
    const renames = renamesFromJson({ t: { z: 'a' } })

    const changes = diffSchemas(former, wanted, renames)
    for (const step of stepsOf(changes, { from: former, to: wanted })) {
      await session.run(sql.raw(ddlOf(step).statement))
    }

    const after = await readSchema(session, mysql.schema)
    expect(diffSchemas(after, wanted)).toEqual([])
    expect(
      after.tables.get('t')?.foreignKeys.map(({ name, columns }) => [name, ...columns]),
    ).toEqual([
      ['t_ibfk_1', 'z'],
      ['t_ibfk_2', 'b'],
    ])
  })
})

async function made(
  session: Session,
  { schema }: MysqlTest,
  lines: readonly string[],
  { type, first } = { type: 'INT', first: 'a' },
) {
  await session.run(sql`DROP TABLE IF EXISTS t, p`)
  await session.run(sql`CREATE TABLE p (id ${sql.raw(type)} PRIMARY KEY)`)
  const columns = [first, 'b', 'c'].map((name) => `${name} ${type}, KEY ${name} (${name})`)
  await session.run(sql.raw(`CREATE TABLE t (${[...columns, ...lines].join(', ')})`))
  return await readSchema(session, schema)
}
