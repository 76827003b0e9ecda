import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import { canonicalise, readSchema } from '../../src/schema/canonical.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { test } from '../support/mysql.ts'

async function scratchSchemas(session: Session): Promise<number> {
  const rows = await session.rows(sql`SHOW DATABASES LIKE 'crossfade\\_scratch\\_%'`)
  return rows.length
}

describe('canonicalise', () => {
  test('gives the tables in the spelling of the server and leaves nothing behind', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const text =
      'create table if not exists child (p int, foreign key (p) references parent (id));\ncreate table parent (id integer primary key) auto_increment=9'

    const schema = await canonicalise(session, checkSchemaFile(text, 'a.sql'))

    expect([...schema.tables.keys()]).toEqual(['child', 'parent'])
    expect(schema.tables.get('parent')?.sql).toMatch(
      /^CREATE TABLE `parent` \(\n {2}`id` int(\(11\))? NOT NULL,\n {2}PRIMARY KEY \(`id`\)\n\) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=\w+$/,
    )
    expect(await scratchSchemas(session)).toBe(0)
    expect(await session.row(sql`SELECT DATABASE() AS name`)).toEqual({ name: mysql.schema })
  })

  test('equals a live schema made from the same text', async ({ mysql }) => {
    const session = await mysql.session()
    const text =
      'CREATE TABLE t (a VARCHAR(9) COLLATE utf8mb4_bin, b TEXT, c INT AS (1) VIRTUAL, KEY z (a), UNIQUE KEY y (b(3))) COLLATE utf8mb4_unicode_ci'
    await session.run(sql.raw(text))

    const wanted = await canonicalise(session, checkSchemaFile(text, 't.sql'))

    expect(diffSchemas(await readSchema(session, mysql.schema), wanted)).toEqual([])
  })

  test('gives tables that name no collation the one it is told', async ({ mysql }) => {
    const session = await mysql.session()
    const tables = checkSchemaFile('CREATE TABLE t (a VARCHAR(9))', 't.sql')

    const schema = await canonicalise(session, tables, { collation: 'latin1_bin' })

    expect(schema.tables.get('t')?.sql).toContain('DEFAULT CHARSET=latin1 COLLATE=latin1_bin')
  })

  test.for([
    [
      'CREATE TABLE t (\n  a INT,\n  b INT 7,\n  c INT\n)',
      't.sql:4:9: the server does not understand what begins with 7: b INT 7,',
    ],
    [
      'CREATE TABLE IF\nNOT EXISTS t (a INT,\n)',
      't.sql:4:1: the server does not understand what begins with ): )',
    ],
    [
      'CREATE TABLE t (a INT, KEY k (b))',
      "t.sql:2:31: the server refuses the table t: Key column 'b' doesn't exist in table: CREATE TABLE t (",
    ],
    ['CREATE TABLE t (a INT, b NOTYPE)', 't.sql:2:26: '],
    [
      "CREATE TABLE t (a INT DEFAULT 'x')",
      "t.sql:2:17: the server refuses the table t: Invalid default value for 'a'",
    ],
    [
      'CREATE TABLE t (a INT, a INT)',
      "t.sql:2:24: the server refuses the table t: Duplicate column name 'a': CREATE",
    ],
    ['CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES t (b))', 'the server refuses the '],
    ['CREATE TABLE t (a INT CHECK (nofunction(a)))', 't.sql:2:'],
    [
      'CREATE TABLE t (a INT, KEY k (a),\n  KEY k (a))',
      "t.sql:3:7: the server refuses the table t: Duplicate key name 'k': KEY k (a))",
    ],
    [
      'CREATE TABLE t (\n  a INT,\n  b INT AUTO_INCREMENT)',
      't.sql:4:9: the server refuses the table t: Incorrect table definition',
    ],
    [
      `CREATE TABLE t (a INT,\n  b INT 7,\n${'  c INT NOT NULL DEFAULT 1,\n'.repeat(9)}  z INT)`,
      't.sql:3:9: the server does not understand what begins with 7: b INT 7,',
    ],
    [
      'CREATE TABLE t (a INT',
      't.sql:2:21: the server does not understand what begins with the end',
    ],
  ])(
    'refuses what the server does not take, with file and line: %s',
    async ([text, message], { mysql }) => {
      const session = await mysql.session()

      const error = await canonicalise(session, checkSchemaFile(`\n${text}`, 't.sql')).catch(
        (caught: unknown) => caught,
      )

      expect(error).toMatchObject({
        code: 'SQL_SYNTAX',
        message: expect.stringContaining(message ?? ''),
      })
      expect(String(error)).not.toContain('crossfade_scratch')
      expect(await scratchSchemas(session)).toBe(0)
    },
  )

  test('names both tables of a foreign key whose types differ, at the line of the key', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const owners = checkSchemaFile('CREATE TABLE owners (id INT PRIMARY KEY)', 'owners.sql')
    const pets = checkSchemaFile(
      'CREATE TABLE pets (\n  owner BIGINT,\n  CONSTRAINT f FOREIGN KEY (owner) REFERENCES owners (id)\n)',
      'pets.sql',
    )
    const expected = {
      code: 'SQL_SYNTAX',
      message:
        'pets.sql:3:3: the server refuses the foreign key: pets.owner refers to owners.id, whose type is another one: CONSTRAINT f FOREIGN KEY (owner) REFERENCES owners (id)',
      next: 'Give pets.owner and owners.id the same type, sign, character set and collation.',
    }

    await expect(canonicalise(session, [...owners, ...pets])).rejects.toMatchObject(expected)
    // MariaDB does not look at the children of a table that is made after them.
    const childFirst = await canonicalise(session, [...pets, ...owners]).catch(
      (error: unknown) => error,
    )
    if (mysql.flavour === 'mysql') expect(childFirst).toMatchObject(expected)
  })

  test('names the child of a parent that lacks the column it refers to', async ({ mysql }) => {
    const session = await mysql.session()
    const files = [
      'pets (o INT, CONSTRAINT f FOREIGN KEY (o) REFERENCES owners (nr))',
      'owners (id INT)',
    ]
    const tables = files.map((text, at) => checkSchemaFile(`CREATE TABLE ${text}`, `${at}.sql`))

    for (const order of [tables.flat(), tables.toReversed().flat()]) {
      const error = await canonicalise(session, order).catch((caught: unknown) => caught)
      if (mysql.flavour === 'mariadb' && order[0]?.name === 'pets') continue
      expect(String(error)).toMatch(/0\.sql:1:\d+: .*(pets|`f`).*CONSTRAINT f FOREIGN KEY/)
    }
  })

  test('refuses one table in two files before it touches the server', async ({ mysql }) => {
    const session = await mysql.session()
    const tables = ['a.sql', 'b.sql'].flatMap((file) =>
      checkSchemaFile('CREATE TABLE t (a INT)', file),
    )

    await expect(canonicalise(session, tables)).rejects.toMatchObject({ code: 'SQL_NOT_ALLOWED' })
  })

  test('says so when the account may not make schemas', async ({ mysql }) => {
    const session = await mysql.session()
    const user = `u_${mysql.schema.slice(-20)}`
    await session.run(sql.raw(`CREATE USER '${user}'@'%' IDENTIFIED BY 'p'`))
    await session.run(sql.raw(`GRANT SELECT ON \`${mysql.schema}\`.* TO '${user}'@'%'`))
    await using limited = await connect({ ...mysql.target, user, password: 'p' })

    await expect(canonicalise(limited, [])).rejects.toMatchObject({ code: 'ACCESS_DENIED' })

    await session.run(sql.raw(`DROP USER '${user}'@'%'`))
  })
})

describe('readSchema', () => {
  test('reads tables whatever their name, but no view and no table of a deployment', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const kept = ['orders__xf_new_a1b2c3', 'orders__xf_old_a1b2c3', DROPPED_LATER]
    for (const name of ['a.b', 'c`d', 'orders', ...kept]) {
      await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY)`)
    }
    await session.run(sql`CREATE VIEW v AS SELECT 1 AS one`)

    const schema = await readSchema(session, mysql.schema)

    expect([...schema.tables.keys()]).toEqual(['a.b', 'c`d', 'orders'])
  })
})

const DROPPED_LATER = 'orders__xf_drop_202603081200_a1b2c3'
