import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../src/mysql/session.ts'
import { readTable } from '../../src/schema/canonical.ts'
import { ddlOf } from '../../src/schema/diff/ddl.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { stepsOf } from '../../src/schema/diff/steps.ts'
import { schemaFromSql, schemaOf, schemaToSql } from '../../src/schema/parse.ts'
import type { Schema, Table } from '../../src/schema/table.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

/** Bodies of the table `t`: from, to. `p` and `q` are parents with the keys `id` and `code`. */
type Case = readonly [name: string, from: string, to: string]

const COLUMNS = '(id INT PRIMARY KEY, a INT, b VARCHAR(20), c DATE)'

const BOTH: readonly Case[] = [
  ['nothing', COLUMNS, COLUMNS],
  ['a column at the end', COLUMNS, '(id INT PRIMARY KEY, a INT, b VARCHAR(20), c DATE, d INT)'],
  [
    'a column at the beginning',
    COLUMNS,
    '(d INT, id INT PRIMARY KEY, a INT, b VARCHAR(20), c DATE)',
  ],
  [
    'columns in the middle',
    COLUMNS,
    '(id INT PRIMARY KEY, x INT, y INT, a INT, b VARCHAR(20), z INT, c DATE)',
  ],
  ['dropped columns', COLUMNS, '(id INT PRIMARY KEY, c DATE)'],
  ['another order', COLUMNS, '(c DATE, b VARCHAR(20), a INT, id INT PRIMARY KEY)'],
  [
    'order, new, dropped and changed together',
    COLUMNS,
    '(b VARCHAR(30) NOT NULL, x INT, id BIGINT PRIMARY KEY, y INT, a INT)',
  ],
  [
    'upper and lower case of a name',
    COLUMNS,
    '(id INT PRIMARY KEY, A INT, B VARCHAR(20), c DATE, KEY (A))',
  ],
  [
    'integers',
    '(a TINYINT, b SMALLINT, c MEDIUMINT, d INT, e BIGINT, f TINYINT(1))',
    '(a TINYINT UNSIGNED, b MEDIUMINT, c INT ZEROFILL, d INT UNSIGNED NOT NULL, e BIGINT DEFAULT 7, f BOOL NOT NULL DEFAULT TRUE)',
  ],
  [
    'fractions',
    '(a DECIMAL(10,2), b FLOAT, c DOUBLE)',
    '(a DECIMAL(12,4) UNSIGNED NOT NULL DEFAULT 1.5, b DOUBLE, c DECIMAL(5))',
  ],
  [
    'times',
    '(a DATE, b DATETIME, c TIMESTAMP NULL, d TIME, e YEAR)',
    '(a DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), b DATETIME(3), c TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), d TIME(2), e YEAR NOT NULL DEFAULT 2020)',
  ],
  [
    'texts and bytes',
    '(a CHAR(3), b VARCHAR(5), c TEXT, d BLOB, e BINARY(3), f VARBINARY(4))',
    '(a CHAR(4) NOT NULL, b VARCHAR(500), c LONGTEXT, d MEDIUMBLOB NOT NULL, e BINARY(16), f TINYTEXT)',
  ],
  [
    'enum, set, bit, json, geometry',
    "(a ENUM('x'), b SET('p'), c BIT, d TEXT, e TEXT)",
    "(a ENUM('x','y,)','it''s') NOT NULL DEFAULT 'x', b SET('p','q'), c BIT(9) DEFAULT b'101', d JSON, e GEOMETRY)",
  ],
  [
    'a default with quotes and backslashes',
    '(a VARCHAR(30))',
    "(a VARCHAR(30) DEFAULT 'it''s \\\\ \"x\" `y` -- #' COMMENT 'a,b) /* c */ ; ''q''')",
  ],
  [
    'expression defaults',
    '(a VARCHAR(36), b INT)',
    '(a VARCHAR(36) DEFAULT (UUID()), b INT DEFAULT (1 + 2))',
  ],
  ['an invisible column', '(a INT, b INT)', '(a INT, b INT INVISIBLE)'],
  [
    'names with backticks and keywords',
    '(`a``b` INT, `select` INT)',
    '(`a``b` BIGINT, `select` INT, `key` INT, KEY `k``1` (`a``b`, `select`))',
  ],
  ['a base column becomes stored', '(a INT, b INT)', '(a INT, b INT AS (a + 1) STORED)'],
  ['a stored column becomes a base column', '(a INT, b INT AS (a + 1) STORED)', '(a INT, b INT)'],
  [
    'a base column becomes virtual',
    '(a INT, b INT, KEY k (b, a))',
    '(b INT AS (a + 1) VIRTUAL, a INT, KEY k (b, a))',
  ],
  [
    'a virtual column becomes stored and others are computed from it',
    '(a INT, b INT AS (a + 1) VIRTUAL, c INT AS (b * 2) VIRTUAL, d INT AS (c) STORED, KEY (c))',
    '(a INT, b INT AS (a + 1) STORED, c INT AS (b * 2) VIRTUAL, d INT AS (c) STORED, KEY (c))',
  ],
  [
    'another expression',
    "(a INT, b VARCHAR(20) AS (CONCAT(a, 'x')) VIRTUAL)",
    "(a INT, b VARCHAR(30) AS (CONCAT(a, ',)')) VIRTUAL COMMENT 'c')",
  ],
  [
    'what a dropped column was used for',
    '(a INT, b INT, c INT AS (b) VIRTUAL)',
    '(a INT, c INT AS (a) VIRTUAL)',
  ],
  [
    'keys of every kind',
    '(a INT, b VARCHAR(20), c TEXT, d GEOMETRY NOT NULL)',
    "(a INT, b VARCHAR(20), c TEXT, d GEOMETRY NOT NULL, UNIQUE KEY u (a), KEY k (b(5), a DESC), KEY e (a) COMMENT 'k', FULLTEXT KEY f (c), SPATIAL KEY s (d))",
  ],
  [
    'dropped keys',
    '(a INT, b VARCHAR(20), c TEXT, UNIQUE KEY u (a), KEY k (b(5)), FULLTEXT KEY f (c))',
    '(a INT, b VARCHAR(20), c TEXT)',
  ],
  [
    'a key of the same name',
    '(a INT, b INT, c INT, KEY k (a), KEY l (c))',
    '(a INT, b INT, KEY k (b, a), UNIQUE KEY l (b))',
  ],
  ['the comment of a key', '(a INT, KEY k (a))', "(a INT, KEY k (a) COMMENT 'x')"],
  ['the length of a prefix', '(a TEXT, KEY k (a(5)))', '(a TEXT, KEY k (a(6)))'],
  ['the case of the name of a key', '(a TEXT, KEY k (a(5)))', '(a TEXT, KEY K (a(5)))'],
  [
    'a new primary key',
    '(a INT NOT NULL, b INT NOT NULL)',
    '(a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (b, a))',
  ],
  ['no primary key', '(a INT AUTO_INCREMENT PRIMARY KEY)', '(a INT NOT NULL)'],
  [
    'another primary key with AUTO_INCREMENT',
    '(a INT AUTO_INCREMENT PRIMARY KEY, b INT NOT NULL)',
    '(id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, b INT NOT NULL, a INT)',
  ],
  [
    'checks',
    '(a INT, b INT, CONSTRAINT c1 CHECK (a > 1), CONSTRAINT c2 CHECK (b < 9))',
    '(a INT, b INT, CONSTRAINT c1 CHECK (a > 2), CONSTRAINT c3 CHECK (a < b AND b <> 4))',
  ],
  ['a check and its column go', '(a INT, b INT, CONSTRAINT c1 CHECK (a > 1))', '(b INT)'],
  [
    'a check written beside a column',
    '(a INT CHECK (a > 1), b INT)',
    '(a INT CHECK (a > 2), b BIGINT CHECK (b <> 3))',
  ],
  [
    'a foreign key',
    '(a INT, b INT)',
    '(a INT, b INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE)',
  ],
  ['no foreign key', '(a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id))', '(a INT)'],
  [
    'another foreign key of the same name',
    '(a INT, b INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id))',
    '(a INT, b BIGINT, CONSTRAINT f FOREIGN KEY (b) REFERENCES q (id) ON UPDATE CASCADE)',
  ],
  [
    'a key made by the server for a foreign key is replaced',
    '(a INT, b INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id))',
    '(a INT, b INT, KEY k (a, b), CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id))',
  ],
  [
    'options',
    "(a INT) COMMENT='x' ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=1 AVG_ROW_LENGTH=9 MIN_ROWS=1 MAX_ROWS=9 CHECKSUM=1 PACK_KEYS=1 STATS_AUTO_RECALC=0 STATS_SAMPLE_PAGES=3 DELAY_KEY_WRITE=1",
    '(a INT)',
  ],
  [
    'other options',
    '(a INT)',
    "(a INT) COMMENT='it''s; -- x' ROW_FORMAT=DYNAMIC STATS_PERSISTENT=0",
  ],
  [
    'AUTO_INCREMENT is no option',
    '(a INT AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT=5',
    '(a INT AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT=900',
  ],
  [
    'another character set',
    "(a VARCHAR(9), b TEXT, c VARCHAR(9) CHARACTER SET ascii, d INT, e ENUM('x')) CHARSET=latin1",
    "(a VARCHAR(9), b TEXT, c VARCHAR(9) CHARACTER SET ascii, d INT, e ENUM('x')) CHARSET=utf8mb4",
  ],
  [
    'another collation',
    '(a VARCHAR(9), b VARCHAR(9) COLLATE utf8mb4_bin) CHARSET=utf8mb4 COLLATE=utf8mb4_bin',
    '(a VARCHAR(9), b VARCHAR(9) COLLATE utf8mb4_bin) CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci',
  ],
  [
    'the default collation',
    '(a VARCHAR(9)) CHARSET=latin1 COLLATE=latin1_bin',
    '(a VARCHAR(9)) CHARSET=latin1',
  ],
  [
    'a column with a collation of its own',
    '(a VARCHAR(9), b VARCHAR(9)) CHARSET=utf8mb4',
    '(a VARCHAR(9) COLLATE utf8mb4_bin, b VARCHAR(9)) CHARSET=latin1',
  ],
  [
    'partitions',
    '(a INT PRIMARY KEY)',
    "(a INT PRIMARY KEY) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10) COMMENT='*/', PARTITION `p 1` VALUES LESS THAN MAXVALUE)",
  ],
  [
    'no partitions',
    '(a INT PRIMARY KEY) PARTITION BY HASH (a) PARTITIONS 3',
    '(a INT PRIMARY KEY, b INT)',
  ],
  [
    'other partitions',
    '(a INT PRIMARY KEY) PARTITION BY HASH (a) PARTITIONS 3',
    "(a INT PRIMARY KEY, b INT) COMMENT='x' PARTITION BY LIST (a) (PARTITION x VALUES IN (1,2))",
  ],
  [
    'subpartitions',
    '(a INT, d DATE)',
    '(a INT, d DATE) PARTITION BY RANGE (a) SUBPARTITION BY HASH (TO_DAYS(d)) SUBPARTITIONS 2 (PARTITION x VALUES LESS THAN (5))',
  ],
]

const MYSQL: readonly Case[] = [
  ['key visibility', '(a INT, KEY k (a))', '(a INT, KEY k (a) INVISIBLE)'],
  [
    'functional and multi-valued keys',
    '(a INT, j JSON)',
    "(a INT, j JSON, KEY f ((a + 1)), KEY m ((CAST(j->'$.a' AS UNSIGNED ARRAY))))",
  ],
  [
    'a functional key of a replaced column',
    '(a INT, b INT, KEY f ((b + 1)))',
    '(a INT, b INT AS (a) VIRTUAL, KEY f ((b + 1)))',
  ],
  [
    'a check of a replaced column',
    '(a INT, b INT, CONSTRAINT c CHECK (b > a))',
    '(a INT, b INT AS (a) VIRTUAL, CONSTRAINT c CHECK (b > a))',
  ],
  ['a spatial reference', '(a POINT NOT NULL)', '(a POINT NOT NULL SRID 4326)'],
  [
    'a check that is not enforced',
    '(a INT, CONSTRAINT c CHECK (a > 1))',
    '(a INT, CONSTRAINT c CHECK (a > 1) NOT ENFORCED)',
  ],
  ['a parser', '(a TEXT)', '(a TEXT, FULLTEXT KEY f (a) WITH PARSER ngram)'],
  ['a vector', '(a INT)', '(a INT, v VECTOR(3))'],
  ['compression', "(a INT) COMPRESSION='zlib'", '(a INT)'],
]

const MARIADB: readonly Case[] = [
  ['its own types', '(a VARCHAR(40), b VARCHAR(45))', '(a UUID, b INET6)'],
  ['an ignored key', '(a INT, KEY k (a))', '(a INT, KEY k (a) IGNORED)'],
  ['a compressed column', '(a TEXT)', '(a TEXT COMPRESSED)'],
  ['options of the engine', '(a INT) PAGE_COMPRESSED=1', '(a INT)'],
  ['system versioning', '(a INT)', '(a INT) WITH SYSTEM VERSIONING'],
  ['no system versioning', '(a INT) WITH SYSTEM VERSIONING', '(a INT)'],
  [
    'a period',
    '(s DATE NOT NULL, e DATE NOT NULL, i INT)',
    '(s DATE NOT NULL, e DATE NOT NULL, i INT, PERIOD FOR p (s, e), UNIQUE KEY u (i, p WITHOUT OVERLAPS))',
  ],
  [
    'no period',
    '(s DATE NOT NULL, e DATE NOT NULL, i INT, PERIOD FOR p (s, e))',
    '(s DATE NOT NULL, e DATE NOT NULL, i INT)',
  ],
  [
    'a check of a replaced column',
    '(a INT, b INT, CONSTRAINT c CHECK (b > a))',
    '(a INT, b INT AS (a) VIRTUAL, CONSTRAINT c CHECK (b > a))',
  ],
  ['no json', '(a JSON)', '(a LONGTEXT)'],
]

describe('diffSchemas', () => {
  test.for(BOTH)('turns a table into the wanted one: %s', async ([, from, to], { mysql }) => {
    await expectTurned(mysql, from, to)
  })

  test.for([
    ...MYSQL.map((one) => ['mysql', ...one] as const),
    ...MARIADB.map((one) => ['mariadb', ...one] as const),
  ])(
    'turns a table into the wanted one, only on %s: %s',
    async ([flavour, , from, to], { mysql }) => {
      if (mysql.flavour === flavour) await expectTurned(mysql, from, to)
    },
  )
})

/** Applies the difference both ways and compares what the server says then with what it says of a new table. */
async function expectTurned(mysql: MysqlTest, from: string, to: string): Promise<void> {
  const session = await mysql.session()
  for (const parent of ['p', 'q']) {
    const type = parent === 'p' ? sql`INT` : sql`BIGINT`
    await session.run(sql`CREATE TABLE ${sql.id(parent)} (id ${type} PRIMARY KEY)`)
  }
  const before = await made(session, mysql.schema, from)
  const after = await made(session, mysql.schema, to)
  for (const [start, end] of [
    [before, after],
    [after, before],
  ] as const) {
    await session.run(sql`DROP TABLE IF EXISTS t`)
    await session.run(sql.raw(start.sql))
    const [former, wanted] = [schemaOf([start]), schemaOf([end])]
    const changes = diffSchemas(former, wanted)
    expect(changes).toHaveLength(start.sql === end.sql ? 0 : 1)
    for (const change of stepsOf(changes, { from: former, to: wanted })) {
      await session.run(sql.raw(ddlOf(change).statement))
    }
    const result = await readTable(session, mysql.schema, 't')
    expect(result?.sql).toBe(end.sql)
    expect(result).toEqual(end)
    expect(diffSchemas(schemaOf([end]), reparsed(schemaOf([end])))).toEqual([])
  }
}

function reparsed(schema: Schema): Schema {
  return schemaFromSql(schemaToSql(schema))
}

async function made(session: Session, schema: string, body: string): Promise<Table> {
  await session.run(sql`DROP TABLE IF EXISTS t`)
  await session.run(sql.raw(`CREATE TABLE t ${body}`))
  const table = await readTable(session, schema, 't')
  if (!table) throw new Error('the table was not made')
  return table
}
