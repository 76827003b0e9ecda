import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { assess } from '../../src/engine/assess.ts'
import { findIterationKey } from '../../src/engine/table/iteration-key.ts'
import { plannedShape } from '../../src/engine/table/planned-shape.ts'
import { sharedColumns } from '../../src/engine/table/shared-column.ts'
import { readShape, type TableShape } from '../../src/engine/table/table-shape.ts'
import { Refusal } from '../../src/errors.ts'
import { canonicalise, readSchema } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { runAll } from '../forecast/a-forecast.ts'
import { Deployment } from '../support/deployment.ts'
import { FLAVOUR, type MysqlTest, test } from '../support/mysql.ts'

const T = 'id INT PRIMARY KEY, v INT'
const PARENT = 'CREATE TABLE parent (id INT PRIMARY KEY)'

type Case = {
  readonly name: string
  readonly before: readonly string[]
  readonly wanted: string
}

const REFUSED: readonly Case[] = [
  {
    name: 'a table without a key',
    before: ['CREATE TABLE t (id INT, v INT)'],
    wanted: 'CREATE TABLE t (id INT, v BIGINT)',
  },
  {
    name: 'a table whose only unique key can be NULL',
    before: ['CREATE TABLE t (id INT NULL UNIQUE, v INT)'],
    wanted: 'CREATE TABLE t (id INT NULL, v BIGINT, UNIQUE KEY id (id))',
  },
  {
    name: 'a table whose key is the first characters of a text',
    before: ['CREATE TABLE t (id VARCHAR(50) NOT NULL, v INT, UNIQUE KEY k (id(5)))'],
    wanted: 'CREATE TABLE t (id VARCHAR(50) NOT NULL, v BIGINT, UNIQUE KEY k (id(5)))',
  },
  {
    name: 'a change that drops the key',
    before: [`CREATE TABLE t (${T})`],
    wanted: 'CREATE TABLE t (id INT NOT NULL, v INT)',
  },
  {
    name: 'a change that orders the key in another way',
    before: [`CREATE TABLE t (${T})`],
    wanted: 'CREATE TABLE t (id VARCHAR(20) NOT NULL PRIMARY KEY, v INT)',
  },
  {
    name: 'a new foreign key',
    before: [PARENT, `CREATE TABLE t (${T}, KEY v (v))`],
    wanted: `${PARENT}; CREATE TABLE t (${T}, KEY v (v), CONSTRAINT f FOREIGN KEY (v) REFERENCES parent (id))`,
  },
  {
    name: 'a parent',
    before: [
      `CREATE TABLE t (${T})`,
      'CREATE TABLE child (id INT PRIMARY KEY, t INT, KEY t (t), CONSTRAINT f FOREIGN KEY (t) REFERENCES t (id))',
    ],
    wanted:
      'CREATE TABLE t (id INT PRIMARY KEY, v BIGINT); CREATE TABLE child (id INT PRIMARY KEY, t INT, KEY t (t), CONSTRAINT f FOREIGN KEY (t) REFERENCES t (id))',
  },
  {
    name: 'a table with a trigger',
    before: [
      `CREATE TABLE t (${T})`,
      'CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @a = 1',
    ],
    wanted: 'CREATE TABLE t (id INT PRIMARY KEY, v BIGINT)',
  },
  {
    name: 'a table of another engine',
    before: [`CREATE TABLE t (${T}) ENGINE=MyISAM`],
    wanted: 'CREATE TABLE t (id INT PRIMARY KEY, v BIGINT)',
  },
]

const ONLY_MARIADB: readonly Case[] =
  FLAVOUR === 'mariadb'
    ? [
        {
          name: 'a child that its parent deletes',
          before: [
            PARENT,
            `CREATE TABLE t (${T}, KEY v (v), CONSTRAINT f FOREIGN KEY (v) REFERENCES parent (id) ON DELETE CASCADE)`,
          ],
          wanted: `${PARENT}; CREATE TABLE t (${T}, w INT, KEY v (v), CONSTRAINT f FOREIGN KEY (v) REFERENCES parent (id) ON DELETE CASCADE)`,
        },
        {
          name: 'a table with a past',
          before: [`CREATE TABLE t (${T}) WITH SYSTEM VERSIONING`],
          wanted: `CREATE TABLE t (${T}, w INT) WITH SYSTEM VERSIONING`,
        },
      ]
    : []

const ACCEPTED: readonly Case[] = [
  {
    name: 'a parent of a new table',
    before: [`CREATE TABLE t (${T})`],
    wanted:
      'CREATE TABLE t (id INT PRIMARY KEY, v BIGINT); CREATE TABLE child (id INT PRIMARY KEY, t INT, KEY t (t), CONSTRAINT f FOREIGN KEY (t) REFERENCES t (id))',
  },
  {
    name: 'a child',
    before: [
      PARENT,
      `CREATE TABLE t (${T}, KEY v (v), CONSTRAINT f FOREIGN KEY (v) REFERENCES parent (id))`,
    ],
    wanted: `${PARENT}; CREATE TABLE t (${T}, w INT, KEY v (v), CONSTRAINT f FOREIGN KEY (v) REFERENCES parent (id))`,
  },
  {
    name: 'a wider key',
    before: [`CREATE TABLE t (${T})`],
    wanted: 'CREATE TABLE t (id BIGINT PRIMARY KEY, v INT)',
  },
  {
    name: 'another collation of the key',
    before: ['CREATE TABLE t (id VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY, v INT)'],
    wanted: 'CREATE TABLE t (id VARCHAR(30) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT)',
  },
  {
    name: 'a primary key that becomes another one',
    before: ['CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL UNIQUE)'],
    wanted: 'CREATE TABLE t (id INT NOT NULL, v INT NOT NULL PRIMARY KEY)',
  },
]

describe('assess', () => {
  test.for([...REFUSED, ...ONLY_MARIADB, ...ACCEPTED])(
    'says of $name what the engine will say, and writes nothing',
    async ({ before, wanted }, { mysql }) => {
      const session = await mysql.session()
      await runAll(session, before)
      const { operations, refusals } = await assessed(mysql, wanted)
      await session.run(sql`SET SESSION TRANSACTION READ WRITE`)

      const staged = await Deployment.stage(
        mysql.target,
        operations.map(({ statement }) => statement),
      ).catch((error: unknown) => error)
      if (staged instanceof Deployment) {
        staged.run.cancel()
        await staged.run.finished
      }

      expect(refusals.slice(0, 1)).toEqual(
        staged instanceof Refusal ? [[staged.code, staged.message.split(' Also: ')[0]]] : [],
      )
    },
  )

  test('minds for an instant change only what would be in its way', async ({ mysql }) => {
    await runAll(await mysql.session(), ['CREATE TABLE t (id INT, v INT)'])

    const { instant, refusals } = await assessed(mysql, 'CREATE TABLE t (id INT, v INT, w INT)')

    expect(refusals.map(([code]) => code)).toEqual(['NO_UNIQUE_KEY'])
    expect(instant).toEqual([])
  })
})

describe('plannedShape', () => {
  test.for([
    'id INT PRIMARY KEY',
    'a BIGINT UNSIGNED NOT NULL, b DATETIME(3) NOT NULL, c INT, PRIMARY KEY (a, b), UNIQUE (c)',
    "a ENUM('A','b') NOT NULL, b DECIMAL(12,3) NOT NULL, UNIQUE (b), UNIQUE (a)",
    'a VARCHAR(9) CHARACTER SET latin1 NOT NULL, b VARBINARY(9) NOT NULL, UNIQUE (a(3)), PRIMARY KEY (b, a)',
    'id INT NOT NULL, g INT AS (id + 1) STORED NOT NULL, v INT AS (id + 2) VIRTUAL, UNIQUE (g), UNIQUE (v)',
  ])('leads to the same key as the table itself: %s', async (columns, { mysql }) => {
    const session = await mysql.session()
    await session.run(sql.raw(`CREATE TABLE t (${columns.replace('STORED NOT NULL', 'STORED')})`))
    const table = (await readSchema(session, mysql.schema)).tables.get('t')
    const real = await readShape(session, mysql.schema, 't')
    if (!table || !real) throw new TypeError('the table is not there')

    expect(keyOf(plannedShape(mysql.schema, table))).toEqual(keyOf(real))
  })
})

function keyOf(shape: TableShape) {
  const columns = sharedColumns(shape, shape, new Map())
  try {
    const { key, keyName } = findIterationKey({
      source: shape,
      target: shape,
      columns,
      towardsOld: false,
    })
    return {
      keyName,
      columns: key.map(({ from }) => [from.name, withoutWidth(from.columnType), from.nullable]),
    }
  } catch (error) {
    return error instanceof Refusal ? error.message : error
  }
}

/** Of an integer it says nothing, and schemas leave it out. */
function withoutWidth(type: string): string {
  return type.replace(/int\(\d+\)/, 'int')
}

async function assessed(mysql: MysqlTest, wanted: string) {
  const session = await mysql.session()
  const live = await readSchema(session, mysql.schema)
  const to = await canonicalise(session, checkSchemaFile(wanted, 'wanted.sql'))
  const changes = diffSchemas(live, to).flatMap((change) =>
    change.kind === 'alter' || change.kind === 'create' ? [change] : [],
  )
  const operations = changes.map((change) => ({ ...ddlOf(change), kind: change.kind }))
  await session.run(sql`SET SESSION TRANSACTION READ ONLY`)
  const found = await assess(session, mysql.schema, {
    operations: changes.map((change, at) => ({
      operation: operations[at] ?? { kind: 'alter', table: '', statement: '' },
      before: change.kind === 'create' ? null : change.from,
      after: change.to,
    })),
    revertWindowMs: null,
  })
  const told = (refusals: readonly Refusal[]) =>
    refusals.map(({ code, message }) => [code, message] as const)
  return {
    operations,
    refusals: found.flatMap(({ shadow }) => told(shadow)),
    instant: found.flatMap(({ instant }) => told(instant)),
  }
}
