import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../../src/errors.ts'
import { checkCanonical, checkSchemaFile } from '../../src/schema/file/allow-list.ts'

describe('checkSchemaFile', () => {
  test('takes CREATE TABLE and says where each stands', () => {
    const text = [
      '-- the shop; two tables',
      'CREATE TABLE `orders` (',
      '  id INT PRIMARY KEY, -- not a ; statement',
      "  note VARCHAR(20) DEFAULT ';'",
      ') ENGINE=InnoDB COMMENT "x;y";',
      ';',
      '  create table if /* or */ not',
      '  exists users (id int)',
    ].join('\n')

    expect(checkSchemaFile(text, 'shop.sql')).toEqual([
      {
        kind: 'table',
        name: 'orders',
        statement: text.slice(text.indexOf('CREATE'), text.indexOf(';\n;')),
        file: 'shop.sql',
        line: 2,
        column: 1,
        comments: [
          { text: '-- the shop; two tables', line: 1, column: 1 },
          { text: '-- not a ; statement', line: 3, column: 23 },
        ],
      },
      {
        kind: 'table',
        name: 'users',
        statement: `create table ${' '.repeat(15)}\n         users (id int)`,
        file: 'shop.sql',
        line: 7,
        column: 3,
        comments: [{ text: '/* or */', line: 7, column: 19 }],
      },
    ])
  })

  test.each([
    'CREATE TABLE t (engine VARCHAR(9), sleep INT, `select` INT, data INT, value INT, KEY sleep (sleep), KEY e (engine))',
    'CREATE TABLE benchmark (a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES sleep (id))',
    "CREATE TABLE t (a INT CHECK (a > 1.5), b VARCHAR(36) DEFAULT (UUID()), c INT AS (JSON_EXTRACT(j, '$.a.b')) STORED, j JSON)",
    'CREATE TABLE t (a INT) DEFAULT CHARACTER SET = utf8mb4, COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC AUTO_INCREMENT=7 WITH SYSTEM VERSIONING',
    'CREATE TABLE t (a INT) ENGINE InnoDB PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (9) ENGINE = InnoDB, PARTITION p1 VALUES LESS THAN MAXVALUE)',
    'CREATE TABLE t (engine INT) PARTITION BY HASH (engine) PARTITIONS 4',
    "CREATE TABLE t (a TEXT COMMENT 'SLEEP(1) @x a.b SELECT /*! */ 👩‍👩‍👧')",
    '\ufeffCREATE TABLE t (a INT)',
  ])('takes %s', (text) => {
    expect(checkSchemaFile(text, 't.sql')).toHaveLength(1)
  })

  test.each([
    ['DROP TABLE t', 'a statement other than CREATE TABLE'],
    ['INSERT INTO t VALUES (1)', 'a statement other than CREATE TABLE'],
    ['DELIMITER //', 'a statement other than CREATE TABLE'],
    ['CREATE TABLE t (a INT); DROP DATABASE shop', 'a statement other than CREATE TABLE'],
    ['CREATE TEMPORARY TABLE t (a INT)', 'a statement other than CREATE TABLE'],
    ['CREATE OR REPLACE TABLE t (a INT)', 'a statement other than CREATE TABLE'],
    ['CREATE DATABASE d', 'a statement other than CREATE TABLE'],
    ['SET GLOBAL x = 1', 'a statement other than CREATE TABLE'],
    ['CREATE TABLE', 'a table without a name'],
    ['CREATE TABLE mysql.user (a INT)', 'a name with a dot'],
    ['CREATE TABLE `mysql` . `user` (a INT)', 'a name with a dot'],
    ['CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES mysql.user (a))', 'a name with a dot'],
    ['CREATE TABLE t LIKE u', 'a table without columns'],
    ['CREATE TABLE t (LIKE u)', 'a table without columns'],
    ['CREATE TABLE t AS SELECT * FROM mysql.user', 'a table without columns'],
    ['CREATE TABLE t SELECT 1', 'a table without columns'],
    ['CREATE TABLE orders__xf_new_a1b2c3 (a INT)', 'a name that deployments use themselves'],
    [
      'CREATE TABLE orders__xf_drop_202603081200_a1b2c3 (a INT)',
      'a name that deployments use themselves',
    ],
    ['CREATE TABLE t (a INT) SELECT 1 AS a', 'a query'],
    ['CREATE TABLE t (a INT) AS (SELECT 1 AS a)', 'a query'],
    ['CREATE TABLE t (a INT) TABLE u', 'a query'],
    ['CREATE TABLE t (a INT) VALUES ROW(1)', 'something that is no table option'],
    ['CREATE TABLE t (a INT) (VALUES ROW(1))', 'something that is no table option'],
    ['CREATE TABLE t (a INT) IGNORE TABLE u', 'a query'],
    [
      'CREATE TABLE t (a INT) PARTITION BY HASH (a), RENAME TO u',
      'something that is no table option',
    ],
    [
      'CREATE TABLE t (a INT) PARTITION BY HASH (a) VALUES ROW(1)',
      'something that is no table option',
    ],
    [
      'CREATE TABLE t (a INT) PARTITION BY HASH (a) (VALUES ROW(1))',
      'something that is no table option',
    ],
    ['CREATE TABLE t (a INT DEFAULT (SELECT 1))', 'a query'],
    ["CREATE TABLE t (a INT) DATA DIRECTORY='/etc'", 'a path on the server'],
    ["CREATE TABLE t (a INT) INDEX  DIRECTORY = '/etc'", 'a path on the server'],
    [
      "CREATE TABLE t (a INT) PARTITION BY HASH (a) (PARTITION p DATA DIRECTORY '/etc')",
      'a path on the server',
    ],
    ['CREATE TABLE t (a INT) TABLESPACE ts', 'something that is no table option'],
    ["CREATE TABLE t (a INT) CONNECTION='mysql://u:p@h/d'", 'something that is no table option'],
    ['CREATE TABLE t (a INT) UNION=(u)', 'something that is no table option'],
    ['CREATE TABLE t (a INT) SECONDARY_ENGINE=x', 'something that is no table option'],
    ['CREATE TABLE t (a INT) ENGINE=MyISAM', 'an engine other than InnoDB'],
    ['CREATE TABLE t (a INT) ENGINE FEDERATED', 'an engine other than InnoDB'],
    [
      'CREATE TABLE t (a INT) PARTITION BY HASH (a) (PARTITION p ENGINE=CSV)',
      'an engine other than InnoDB',
    ],
    ['CREATE TABLE t (a INT /*!80000 , b INT */)', 'an executable comment'],
    ['CREATE TABLE t (a INT /*M!100000 , b INT */)', 'an executable comment'],
    ['/*! DROP TABLE t */', 'an executable comment'],
    ['CREATE TABLE t (a INT DEFAULT (@x))', 'a variable'],
    ['CREATE TABLE t (a INT CHECK (a > @@port))', 'a variable'],
    ['CREATE TABLE t (a INT CHECK (SLEEP(9)))', 'a call of SLEEP'],
    ['CREATE TABLE t (a INT CHECK (`sleep` (9)))', 'a call of SLEEP'],
    ['CREATE TABLE t (a INT CHECK (sleep/**/(9)))', 'a call of SLEEP'],
    ['CREATE TABLE t (a INT, KEY k ((benchmark(9, 1))))', 'a call of BENCHMARK'],
    ["CREATE TABLE t (a INT AS (GET_LOCK('x', 9)))", 'a call of GET_LOCK'],
    ["CREATE TABLE t (a TEXT DEFAULT (LOAD_FILE('/etc/passwd')))", 'a call of LOAD_FILE'],
    ['CREATE TABLE t (a INT DEFAULT (NEXT VALUE FOR s))', 'a sequence'],
    [
      'CREATE TABLE t (a INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (SLEEP(9)))',
      'a call of SLEEP',
    ],
    ['CREATE TABLE t (a INT\0)', 'a character that cannot be seen'],
    ['CREATE TABLE t (a INT) -- \u202e', 'a character that cannot be seen'],
    ["CREATE TABLE t (a INT COMMENT '\u2066x')", 'a character that cannot be seen'],
    ['CREATE TABLE t\u200b (a INT)', 'a character that cannot be seen'],
    ['CREATE TABLE t (a INT)\u001b[2K', 'a character that cannot be seen'],
    [
      'CREATE TABLE t (a INT); create table t (b INT)',
      'this table is already defined at t.sql:2:1',
    ],
  ])('refuses %j', (text, what) => {
    const error = refusalOf(() => checkSchemaFile(`\n${text}`, 't.sql'))

    expect(error).toMatchObject({ code: 'SQL_NOT_ALLOWED' })
    expect(error?.message).toContain(what)
    expect(error?.message).toMatch(/^t\.sql:2:\d+: /)
    expect(error?.message).toMatch(/^[^\p{Cc}\p{Cf}]*$/u)
  })

  test('points at the very token', () => {
    const error = refusalOf(() =>
      checkSchemaFile('CREATE TABLE t (\n  a INT,\n  b INT DEFAULT (SLEEP(1))\n)', 'a/t.sql'),
    )

    expect(error?.message).toBe(
      'a/t.sql:3:18: a call of SLEEP is not allowed: b INT DEFAULT (SLEEP(1))',
    )
  })

  test('refuses or takes whatever text, and never fails otherwise', () => {
    const word = fc.constantFrom(
      'CREATE',
      'TABLE',
      't',
      '(',
      ')',
      ',',
      ';',
      'a',
      'INT',
      'IF',
      'NOT',
      'EXISTS',
      'LIKE',
      'SELECT',
      'ENGINE',
      '=',
      '.',
      '@x',
      "'s'",
      '1',
      '/*!',
      '*/',
      'PARTITION',
      'BY',
      'VALUES',
      'DEFAULT',
      'WITH',
      '`q`',
      'KEY',
      '\n',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 25 }), (words) => {
        const text = words.join(' ')
        const error = refusalOf(() => checkSchemaFile(text, 't.sql'))
        expect(error?.code ?? 'taken').toMatch(/^(?:taken|SQL_SYNTAX|SQL_NOT_ALLOWED)$/)
      }),
      { numRuns: 1000 },
    )
  })
})

function refusalOf(action: () => unknown): Refusal | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

describe('checkCanonical', () => {
  test('takes what servers write as executable comments for what it stands for', () => {
    const sql =
      'CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `x` int DEFAULT NULL /*!80023 INVISIBLE */,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB\n/*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 4 */'

    expect(() => checkCanonical(sql, 't')).not.toThrow()
  })

  test.each([
    ['`x` int DEFAULT (sleep(10))', ''],
    ['`x` int /*!80023 DEFAULT (load_file(0x2f)) */', ''],
    ['`x` int', " DATA DIRECTORY='/tmp'"],
    ['`x` int', '; DROP TABLE u'],
  ])('refuses %s%s', (column, tail) => {
    const sql = `CREATE TABLE \`t\` (\n  \`id\` int NOT NULL,\n  ${column},\n  PRIMARY KEY (\`id\`)\n) ENGINE=InnoDB${tail}`

    expect(() => checkCanonical(sql, 't')).toThrow(
      expect.objectContaining({ code: 'SQL_NOT_ALLOWED' }),
    )
  })
})
