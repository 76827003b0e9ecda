import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import type { ErrorCode } from '../../../src/errors.ts'
import { connect, parseTarget, type Target } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'
import { tableNames, unfinished } from './leftovers.ts'

const T = 'id INT PRIMARY KEY, v INT'
const ADD = 'ALTER TABLE t ADD COLUMN w INT'

type TableCase = {
  readonly name: string
  readonly code: ErrorCode
  /** What stands before the deployment. */
  readonly before: readonly string[]
  readonly deploy?: readonly string[]
  /** What the message must name. */
  readonly says: string
}

const TABLES: readonly TableCase[] = [
  {
    name: 'a table without a key',
    code: 'NO_UNIQUE_KEY',
    before: ['CREATE TABLE t (id INT, v INT)'],
    says: 't has no unique key',
  },
  {
    name: 'a table whose only unique key can be NULL',
    code: 'NO_UNIQUE_KEY',
    before: ['CREATE TABLE t (id INT NULL UNIQUE, v INT)'],
    says: 't has no unique key',
  },
  {
    name: 'a table whose key is a float',
    code: 'NO_UNIQUE_KEY',
    before: ['CREATE TABLE t (id FLOAT PRIMARY KEY, v INT)'],
    says: 't has no unique key',
  },
  {
    name: 'a table whose key is the first characters of a text',
    code: 'NO_UNIQUE_KEY',
    before: ['CREATE TABLE t (id VARCHAR(50) NOT NULL, v INT, UNIQUE (id(5)))'],
    says: 't has no unique key',
  },
  {
    name: 'a change that drops the key',
    code: 'NO_UNIQUE_KEY',
    before: [`CREATE TABLE t (${T})`],
    deploy: ['ALTER TABLE t DROP PRIMARY KEY'],
    says: 't has no unique key',
  },
  {
    name: 'a change that orders the key in another way',
    code: 'NO_UNIQUE_KEY',
    before: [`CREATE TABLE t (${T})`],
    deploy: ['ALTER TABLE t MODIFY id VARCHAR(20) NOT NULL'],
    says: 't has no unique key',
  },
  {
    name: 'a table with a foreign key to itself',
    code: 'FOREIGN_KEY',
    before: [`CREATE TABLE t (${T}, CONSTRAINT of_itself FOREIGN KEY (v) REFERENCES t (id))`],
    says: 'of_itself',
  },
  {
    name: 'a table that a foreign key points to',
    code: 'FOREIGN_KEY',
    before: [
      `CREATE TABLE t (${T})`,
      'CREATE TABLE child (id INT PRIMARY KEY, CONSTRAINT of_t FOREIGN KEY (id) REFERENCES t (id))',
    ],
    says: 'of_t',
  },
  {
    name: 'a change that adds a foreign key',
    code: 'FOREIGN_KEY',
    before: ['CREATE TABLE parent (id INT PRIMARY KEY)', `CREATE TABLE t (${T})`],
    deploy: ['ALTER TABLE t ADD FOREIGN KEY (v) REFERENCES parent (id)'],
    says: 'adds a foreign key',
  },
  {
    name: 'a new table with a foreign key to a table that is dropped',
    code: 'FOREIGN_KEY',
    before: [`CREATE TABLE t (${T})`],
    deploy: [
      'CREATE TABLE child (id INT PRIMARY KEY, CONSTRAINT of_t FOREIGN KEY (id) REFERENCES t (id))',
      'DROP TABLE t',
    ],
    says: 'new table child has a foreign key to t',
  },
  {
    name: 'a table with a trigger',
    code: 'TRIGGER',
    before: [
      `CREATE TABLE t (${T})`,
      'CREATE TRIGGER watcher BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 1',
    ],
    says: 'watcher',
  },
  {
    name: 'a table of another storage engine',
    code: 'TABLE_UNSUPPORTED',
    before: [`CREATE TABLE t (${T}) ENGINE=MyISAM`],
    says: 'myisam',
  },
  { name: 'a table that is not there', code: 'TABLE_MISSING', before: [], says: 'no table t' },
  {
    name: 'a view',
    code: 'TABLE_MISSING',
    before: [`CREATE TABLE base (${T})`, 'CREATE VIEW t AS SELECT * FROM base'],
    says: 'no table t',
  },
  {
    name: 'a table to create that is there',
    code: 'TABLE_EXISTS',
    before: [`CREATE TABLE t (${T})`],
    deploy: [`CREATE TABLE t (${T})`],
    says: 't is already there',
  },
  {
    name: 'a table to create where a view is',
    code: 'TABLE_EXISTS',
    before: [`CREATE TABLE base (${T})`, 'CREATE VIEW t AS SELECT * FROM base'],
    deploy: [`CREATE TABLE t (${T})`],
    says: 't is already there',
  },
  {
    name: 'two statements for one table',
    code: 'TABLE_UNSUPPORTED',
    before: [`CREATE TABLE t (${T})`],
    deploy: [ADD, 'ALTER TABLE t ADD COLUMN x INT'],
    says: 'more than one statement',
  },
  {
    name: 'a statement that the server rejects',
    code: 'ALTER_INVALID',
    before: [`CREATE TABLE t (${T})`],
    deploy: ['ALTER TABLE t DROP COLUMN nothing'],
    says: 'error 1091',
  },
  {
    name: 'one statement of several that the server rejects',
    code: 'ALTER_INVALID',
    before: [`CREATE TABLE t (${T})`, `CREATE TABLE u (${T})`],
    deploy: [ADD, 'ALTER TABLE u ADD INDEX (nothing)', 'CREATE TABLE x (id INT PRIMARY KEY)'],
    says: 'error 1072',
  },
]

describe('REFUSE-1: a deployment is refused before anything is touched', () => {
  test.for(TABLES)('$name: $code', async ({ code, before, deploy = [ADD], says }, { mysql }) => {
    const session = await mysql.session()
    for (const statement of before) await session.run(sql.raw(statement))
    const tables = await tableNames(session)

    await expect(Deployment.stage(mysql.target, deploy)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says),
      next: expect.stringMatching(/\.$|^[A-Z]/),
    })

    expect(await tableNames(session)).toEqual(tables)
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test('with everything that is wrong in one answer', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM`)
    const deploy = [ADD, 'ALTER TABLE gone ADD COLUMN w INT']

    await expect(Deployment.stage(mysql.target, deploy)).rejects.toMatchObject({
      message: expect.stringMatching(/t is stored by myisam.* Also: There is no table gone/),
    })
  })

  test('a server that is read only: SERVER_READ_ONLY', async () => {
    await using server = await startThrowaway('mysql', { env: process.env })
    const target = await aSchema(server.url)
    await using root = await connect(target)
    await root.run(sql`SET GLOBAL super_read_only = ON`)

    await expect(Deployment.stage(target, [ADD])).rejects.toMatchObject({
      code: 'SERVER_READ_ONLY',
    })
  })

  test.for([
    ['--skip-log-bin', 'BINLOG_OFF'],
    ['--binlog-format=MIXED', 'BINLOG_FORMAT'],
    ['--binlog-ignore-db=other', 'BINLOG_FORMAT'],
  ] as const)('a server started with %s: %s', async ([arg, code]) => {
    await using server = await startThrowaway('mysql', { env: process.env, args: [arg] })
    const target = await aSchema(server.url)

    await expect(Deployment.stage(target, [ADD])).rejects.toMatchObject({ code })

    await using root = await connect(target)
    expect(await productTables(root)).toEqual([])
    expect(await unfinished(root, 'shop')).toBe(0)
  })

  test.for([
    ['REPLICATION SLAVE', 'SELECT', 'REPLICATION SLAVE'],
    ['LOCK TABLES', 'SELECT, REPLICATION SLAVE, REPLICATION CLIENT', 'LOCK TABLES'],
  ] as const)('an account without %s: PRIVILEGE_MISSING', async ([, global, says], { mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const target = await anAccount(mysql, session, global)

    await expect(Deployment.stage(target, [ADD])).rejects.toMatchObject({
      code: 'PRIVILEGE_MISSING',
      message: expect.stringContaining(says),
    })

    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test('an account that may not create tables: PRIVILEGE_MISSING', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const target = await anAccount(
      mysql,
      session,
      'SELECT, REPLICATION SLAVE, REPLICATION CLIENT',
      'SELECT, INSERT, UPDATE, DELETE, ALTER, DROP, LOCK TABLES, TRIGGER',
    )

    await expect(Deployment.stage(target, [ADD])).rejects.toMatchObject({
      code: 'PRIVILEGE_MISSING',
    })
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test('an account that may not lock a parent in another schema: PRIVILEGE_MISSING', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const other = `${mysql.schema}_p`
    onTestFinished(async () => {
      await using admin = await connect({ ...mysql.target, schema: null })
      await admin.run(sql`DROP DATABASE ${sql.id(other)}`)
    })
    await session.run(sql`CREATE DATABASE ${sql.id(other)}`)
    await session.run(sql`CREATE TABLE ${sql.id(other, 'parents')} (id INT PRIMARY KEY)`)
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY,
      FOREIGN KEY (id) REFERENCES ${sql.id(other, 'parents')} (id))`)
    const global = 'SELECT, REFERENCES, REPLICATION SLAVE, REPLICATION CLIENT'
    const rights =
      'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP, LOCK TABLES, TRIGGER'
    const target = await anAccount(mysql, session, global, rights)

    await expect(Deployment.stage(target, [ADD])).rejects.toMatchObject({
      code: 'PRIVILEGE_MISSING',
      message: expect.stringContaining(`LOCK TABLES on ${other}`),
    })

    await session.run(sql`DROP TABLE t`)
    expect(await productTables(session)).toEqual([])
  })

  test('an account that could not see a trigger: PRIVILEGE_MISSING', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    await session.run(sql`CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 1`)
    const target = await anAccount(
      mysql,
      session,
      'SELECT, REPLICATION SLAVE, REPLICATION CLIENT',
      'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, LOCK TABLES',
    )

    await expect(Deployment.stage(target, [ADD])).rejects.toMatchObject({
      code: 'PRIVILEGE_MISSING',
      message: expect.stringContaining('TRIGGER'),
    })
    expect(await productTables(session)).toEqual([])
  })

  test('two deployments of one table that start at once: one is refused', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)

    const staged = await Promise.allSettled([
      Deployment.stage(mysql.target, [ADD]),
      Deployment.stage(mysql.target, [ADD]),
      Deployment.stage(mysql.target, [ADD]),
    ])

    const refused = staged.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(2)
    for (const result of refused) {
      expect(result).toMatchObject({ reason: { code: 'NAME_CLASH' } })
    }
    for (const result of staged) {
      if (result.status !== 'fulfilled') continue
      result.value.run.cancel()
      expect(await result.value.run.finished).toBe('cancelled')
    }
  })
})

/** A schema `shop` with an empty table `t` on a server of its own. */
async function aSchema(url: (schema?: string) => string): Promise<Target> {
  await using root = await connect(parseTarget(url()))
  await root.run(sql`CREATE DATABASE shop`)
  await root.run(sql`CREATE TABLE shop.t (id INT PRIMARY KEY)`)
  return parseTarget(url('shop'))
}

/** An account with these rights on everything, and those on the schema. */
async function anAccount(
  mysql: MysqlTest,
  root: Session,
  global: string,
  onSchema = 'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, TRIGGER',
): Promise<Target> {
  const user = `u${mysql.schema.slice(-20)}`
  const account = sql`${sql.lit(user)}@'127.0.0.1'`
  await root.run(sql`CREATE USER ${account} IDENTIFIED BY 'pass'`)
  onTestFinished(async () => {
    await using session = await connect({ ...mysql.target, schema: null })
    await session.run(sql`DROP USER ${account}`)
  })
  await root.run(sql`GRANT ${sql.raw(global)} ON *.* TO ${account}`)
  await root.run(sql`GRANT ${sql.raw(onSchema)} ON ${sql.id(mysql.schema)}.* TO ${account}`)
  await root.run(sql`GRANT ALL ON _crossfade.* TO ${account}`)
  return { ...mysql.target, user, password: 'pass' }
}
