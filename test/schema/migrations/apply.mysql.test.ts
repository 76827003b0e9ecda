import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect } from '../../../src/mysql/connect.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { ddlOf } from '../../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../../src/schema/diff/diff.ts'
import { loadSource } from '../../../src/schema/load.ts'
import { applyHistory } from '../../../src/schema/migrations/apply.ts'
import { readHistory } from '../../../src/schema/migrations/history.ts'
import { test } from '../../support/mysql.ts'

const FOLDER = 'test/schema/migrations'

function historyOf(...texts: readonly string[]) {
  const files = texts.map((text, at) => ({ name: `${at + 1}.sql`, path: `m/${at + 1}.sql`, text }))
  return readHistory(files, 'm')
}

describe('loadSource', () => {
  test.for([
    'prisma',
    'flyway',
    'dbmate',
    'golang-migrate',
    'goose',
    'drizzle',
    'numbered',
    'rails',
    'rails/structure.sql',
  ])('makes of %s what the same schema makes as definitions', async (layout, { mysql }) => {
    const session = await mysql.session()
    const scratch = () => Promise.resolve(session)
    const expected = await loadSource(`${FOLDER}/expected`, { scratch })

    const { schema } = await loadSource(`${FOLDER}/${layout}`, { scratch })

    expect([...schema.tables.keys()]).toEqual(['posts', 'users'])
    expect(diffSchemas(schema, expected.schema).map((change) => ddlOf(change).statement)).toEqual(
      [],
    )
    expect(await session.rows(sql`SHOW DATABASES LIKE 'crossfade\\_scratch\\_%'`)).toEqual([])
    expect(await session.row(sql`SELECT DATABASE() AS name`)).toEqual({ name: mysql.schema })
  })

  test('neither makes nor drops the bookkeeping of a database that was migrated', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    for (const name of [
      '_prisma_migrations',
      'flyway_schema_history',
      'schema_migrations',
      'kept',
    ]) {
      await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY)`)
    }

    const { schema } = await loadSource(mysql.url, { scratch: () => Promise.resolve(session) })

    expect([...schema.tables.keys()]).toEqual(['kept'])
  })
})

describe('applyHistory', () => {
  test('points at what the server refuses, in the file in which it stands', async ({ mysql }) => {
    const session = await mysql.session()
    const history = historyOf(
      'CREATE TABLE t (id INT PRIMARY KEY);',
      '\n\nALTER TABLE t\n  ADD COLUMN a INT,\n  DROP COLUMN nothing;\n',
    )

    await expect(applyHistory(session, history)).rejects.toMatchObject({
      code: 'SQL_SYNTAX',
      message: expect.stringMatching(/^m\/2\.sql:5:15: the server refuses the table t: .*nothing/),
    })
    expect(await session.rows(sql`SHOW DATABASES LIKE 'crossfade\\_scratch\\_%'`)).toEqual([])
  })

  test('points at the foreign key whose type does not fit', async ({ mysql }) => {
    const session = await mysql.session()
    const history = historyOf(
      'CREATE TABLE owners (id INT PRIMARY KEY);\nCREATE TABLE pets (o BIGINT);',
      'ALTER TABLE pets\n  ADD CONSTRAINT f FOREIGN KEY (o) REFERENCES owners (id);',
    )

    await expect(applyHistory(session, history)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^m\/2\.sql:2:7: the server refuses the foreign key: pets(?:\.o)? refers to owners.*: ADD CONSTRAINT f FOREIGN KEY \(o\) REFERENCES owners \(id\)$/,
      ),
    })
  })

  test('says where each table was created, whatever became of it since', async ({ mysql }) => {
    const session = await mysql.session()
    const history = historyOf(
      'CREATE TABLE a (id INT PRIMARY KEY);\nCREATE TABLE gone (id INT);',
      'ALTER TABLE a ADD b INT;\nDROP TABLE gone;\nCREATE TABLE c (id INT);\nRENAME TABLE c TO d;',
    )

    const { schema, sources } = await applyHistory(session, history)

    expect([...schema.tables.keys()]).toEqual(['a', 'd'])
    expect(sources.map(({ name, file, line }) => [name, file, line])).toEqual([['a', 'm/1.sql', 1]])
  })

  test('gives tables that name no collation the one it is told, and ALTER DATABASE another', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const history = historyOf(
      'CREATE TABLE a (x VARCHAR(9));\nALTER DATABASE COLLATE utf8mb4_bin;\nCREATE TABLE b (x VARCHAR(9));',
    )

    const { schema } = await applyHistory(session, history, { collation: 'latin1_bin' })

    expect(schema.tables.get('a')?.sql).toContain('COLLATE=latin1_bin')
    expect(schema.tables.get('b')?.sql).toContain('COLLATE=utf8mb4_bin')
  })

  test('needs no more than the rights on scratch schemas, and reaches nothing else with them', async ({
    mysql,
  }) => {
    const admin = await mysql.session()
    const user = `u_${mysql.schema.slice(-20)}`
    await admin.run(sql.raw(`CREATE USER '${user}'@'%' IDENTIFIED BY 'p'`))
    await admin.run(sql.raw(`GRANT ALL ON \`crossfade\\_scratch\\_%\`.* TO '${user}'@'%'`))
    await admin.run(sql`CREATE TABLE secret (id INT PRIMARY KEY)`)
    await using limited = await connect({ ...mysql.target, schema: null, user, password: 'p' })
    const scratch = () => Promise.resolve(limited)

    for (const source of ['expected', 'flyway', 'rails', 'drizzle']) {
      const { schema } = await loadSource(`${FOLDER}/${source}`, { scratch })
      expect([...schema.tables.keys()]).toEqual(['posts', 'users'])
    }
    const { schema } = await applyHistory(
      limited,
      historyOf('CREATE TABLE t (a INT);\nCREATE VIEW v AS SELECT a FROM t;\nDROP VIEW v;'),
    )
    expect([...schema.tables.keys()]).toEqual(['t'])
    const reaching = limited.rows(sql`SELECT * FROM ${sql.id(mysql.schema, 'secret')}`)
    await expect(reaching).rejects.toThrow(/denied/)

    await admin.run(sql.raw(`DROP USER '${user}'@'%'`))
    expect([...(await readSchema(admin, mysql.schema)).tables.keys()]).toEqual(['secret'])
  })
})

describe('what a stranger writes', () => {
  const HOSTILE: readonly ((victim: string) => string)[] = [
    (victim) => `INSERT INTO ${victim}.t VALUES (2)`,
    () => 'INSERT INTO t VALUES (1)',
    (victim) => `WITH x AS (SELECT 1) DELETE FROM ${victim}.t`,
    (victim) => `UPDATE t, ${victim}.t AS u SET u.id = 9`,
    (victim) => `DROP TABLE ${victim}.t`,
    (victim) => `DROP TABLE IF EXISTS x, ${victim} . t`,
    (victim) => `RENAME TABLE ${victim}.t TO stolen`,
    (victim) => `ALTER TABLE t RENAME TO ${victim}.u`,
    (victim) => `USE ${victim}; DROP TABLE t`,
    (victim) => `CREATE TABLE c (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES ${victim}.t (id))`,
    (victim) => `CREATE OR REPLACE VIEW ${victim}.t AS SELECT 1`,
    (victim) => `CREATE VIEW v AS SELECT * FROM ${victim}.t`,
    (victim) => `CREATE VIEW v AS SELECT * FROM (SELECT 1 AS a) x, ${victim}.t`,
    (victim) => `CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW DELETE FROM ${victim}.t`,
    (victim) => `CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO DROP TABLE ${victim}.t`,
    (victim) => `CREATE PROCEDURE p() DROP TABLE ${victim}.t; CALL p()`,
    (victim) => `SET @s = 'DROP TABLE ${victim}.t'; PREPARE s FROM @s; EXECUTE s`,
    (victim) => `EXECUTE IMMEDIATE 'DROP TABLE ${victim}.t'`,
    (victim) => `/*! DROP TABLE ${victim}.t */`,
    (victim) => `-- MySQL dump 10\n/*!50000 DROP TABLE ${victim}.t */`,
    (victim) => `-- MySQL dump 10\n/*!50000 DROP */ TABLE /*!50000 ${victim}. */ t`,
    (victim) => `DELIMITER //\nDROP TABLE ${victim}.t//\nDELIMITER ;`,
    (victim) => `DROP TABLE x\\; DROP TABLE ${victim}.t`,
    (victim) => `DROP DATABASE ${victim}`,
    (victim) => `ALTER DATABASE ${victim} CHARACTER SET latin1`,
    () => 'SET GLOBAL innodb_io_capacity = 777; SELECT SLEEP(99)',
    () => 'CREATE TABLE s (id INT DEFAULT (SLEEP(99)))',
    () => "DO GET_LOCK('canary', 99)",
    () => "CREATE USER 'intruder'@'%'; GRANT ALL ON *.* TO 'intruder'@'%'",
    () => 'FLUSH TABLES WITH READ LOCK',
    () => 'LOCK TABLES t WRITE',
    () => "SELECT 'x' INTO OUTFILE '/var/tmp/canary'",
    () => 'BEGIN; SET SESSION sql_mode = DEFAULT; SET autocommit = 0',
  ]

  test('SOURCE-1: reaches nothing but the scratch schema', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    await session.run(sql`INSERT INTO t VALUES (1)`)
    const state = async () => ({
      rows: await session.rows(sql`SELECT id FROM ${sql.id(mysql.schema, 't')}`),
      tables: await session.rows(
        sql`SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${mysql.schema}`,
      ),
      databases: await session.rows(sql`SHOW DATABASES LIKE 'crossfade%'`),
      collation: await session.row(
        sql`SELECT DEFAULT_COLLATION_NAME AS c FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${mysql.schema}`,
      ),
      settings: await session.row(
        sql`SELECT @@GLOBAL.innodb_io_capacity AS io, @@sql_mode AS mode, @@autocommit AS auto, DATABASE() AS db`,
      ),
      intruders: await session.rows(sql`SELECT User FROM mysql.user WHERE User = 'intruder'`),
      locks: await session.row(sql`SELECT IS_FREE_LOCK('canary') AS free`),
    })
    const before = await state()

    const outcomes: string[] = []
    for (const text of HOSTILE) {
      const script = `CREATE TABLE t (id INT PRIMARY KEY);\n${text(mysql.schema)};`
      const applied = Promise.resolve().then(() => applyHistory(session, historyOf(script)))
      outcomes.push(
        await applied.then(
          () => 'harmless',
          (error) => String(error.code),
        ),
      )
      expect(await state(), text('victim')).toEqual(before)
    }

    expect(new Set(outcomes)).toEqual(new Set(['harmless', 'SQL_NOT_ALLOWED']))
    expect(outcomes.filter((outcome) => outcome === 'harmless')).toHaveLength(8)
  })
})
