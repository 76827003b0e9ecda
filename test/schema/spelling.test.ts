import { describe, expect, test } from 'vitest'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { parseTable, schemaOf } from '../../src/schema/parse.ts'
import { meaningOf } from '../../src/schema/spelling/meaning.ts'
import type { Table } from '../../src/schema/table.ts'

/** One table as `SHOW CREATE TABLE` prints it on servers that were asked for the same. */
const SERVERS = {
  'MySQL 5.7': `CREATE TABLE \`orders\` (
  \`id\` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  \`small\` smallint(6) NOT NULL DEFAULT '-1',
  \`flag\` tinyint(1) NOT NULL DEFAULT '0',
  \`padded\` int(5) unsigned zerofill DEFAULT NULL,
  \`born\` year(4) DEFAULT NULL,
  \`price\` decimal(10,2) DEFAULT '1.50',
  \`name\` varchar(40) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'x',
  \`old\` varchar(9) CHARACTER SET utf8 DEFAULT NULL,
  \`odd\` char(3) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL,
  \`note\` text COLLATE utf8mb4_unicode_ci,
  \`made\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  \`seen\` datetime(3) DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(3),
  \`twice\` int(11) GENERATED ALWAYS AS ((\`small\` * 2)) VIRTUAL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u\` (\`name\`,\`id\`) USING BTREE,
  KEY \`by_small\` (\`small\`),
  CONSTRAINT \`fk\` FOREIGN KEY (\`small\`) REFERENCES \`shops\` (\`id\`) ON DELETE NO ACTION ON UPDATE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='it''s'`,
  'MySQL 8.0': `CREATE TABLE \`orders\` (
  \`id\` bigint unsigned NOT NULL AUTO_INCREMENT,
  \`small\` smallint NOT NULL DEFAULT '-1',
  \`flag\` tinyint(1) NOT NULL DEFAULT '0',
  \`padded\` int(5) unsigned zerofill DEFAULT NULL,
  \`born\` year DEFAULT NULL,
  \`price\` decimal(10,2) DEFAULT '1.50',
  \`name\` varchar(40) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'x',
  \`old\` varchar(9) CHARACTER SET utf8mb3 DEFAULT NULL,
  \`odd\` char(3) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL,
  \`note\` text COLLATE utf8mb4_unicode_ci,
  \`made\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  \`seen\` datetime(3) DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(3),
  \`twice\` int GENERATED ALWAYS AS ((\`small\` * 2)) VIRTUAL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u\` (\`name\`,\`id\`) USING BTREE,
  KEY \`by_small\` (\`small\`),
  CONSTRAINT \`fk\` FOREIGN KEY (\`small\`) REFERENCES \`shops\` (\`id\`) ON UPDATE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='it''s'`,
  'MySQL 8.4 and 9.7': `CREATE TABLE \`orders\` (
  \`id\` bigint unsigned NOT NULL AUTO_INCREMENT,
  \`small\` smallint NOT NULL DEFAULT '-1',
  \`flag\` tinyint(1) NOT NULL DEFAULT '0',
  \`padded\` int(5) unsigned zerofill DEFAULT NULL,
  \`born\` year DEFAULT NULL,
  \`price\` decimal(10,2) DEFAULT '1.50',
  \`name\` varchar(40) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'x',
  \`old\` varchar(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci DEFAULT NULL,
  \`odd\` char(3) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL,
  \`note\` text COLLATE utf8mb4_unicode_ci,
  \`made\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  \`seen\` datetime(3) DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(3),
  \`twice\` int GENERATED ALWAYS AS ((\`small\` * 2)) VIRTUAL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u\` (\`name\`,\`id\`),
  KEY \`by_small\` (\`small\`),
  CONSTRAINT \`fk\` FOREIGN KEY (\`small\`) REFERENCES \`shops\` (\`id\`) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='it''s'`,
  'MariaDB 10.6': `CREATE TABLE \`orders\` (
  \`id\` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  \`small\` smallint(6) NOT NULL DEFAULT -1,
  \`flag\` tinyint(1) NOT NULL DEFAULT 0,
  \`padded\` int(5) unsigned zerofill DEFAULT NULL,
  \`born\` year(4) DEFAULT NULL,
  \`price\` decimal(10,2) DEFAULT 1.50,
  \`name\` varchar(40) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT 'x',
  \`old\` varchar(9) CHARACTER SET utf8mb3 DEFAULT NULL,
  \`odd\` char(3) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL,
  \`note\` text COLLATE utf8mb4_unicode_ci DEFAULT NULL,
  \`made\` timestamp NOT NULL DEFAULT current_timestamp(),
  \`seen\` datetime(3) DEFAULT NULL ON UPDATE current_timestamp(3),
  \`twice\` int(11) GENERATED ALWAYS AS (\`small\` * 2) VIRTUAL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u\` (\`name\`,\`id\`) USING BTREE,
  KEY \`by_small\` (\`small\`),
  CONSTRAINT \`fk\` FOREIGN KEY (\`small\`) REFERENCES \`shops\` (\`id\`) ON DELETE NO ACTION ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='it''s'`,
  'MariaDB 10.11 and 11.4': `CREATE TABLE \`orders\` (
  \`id\` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  \`small\` smallint(6) NOT NULL DEFAULT -1,
  \`flag\` tinyint(1) NOT NULL DEFAULT 0,
  \`padded\` int(5) unsigned zerofill DEFAULT NULL,
  \`born\` year(4) DEFAULT NULL,
  \`price\` decimal(10,2) DEFAULT 1.50,
  \`name\` varchar(40) NOT NULL DEFAULT 'x',
  \`old\` varchar(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci DEFAULT NULL,
  \`odd\` char(3) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL,
  \`note\` text DEFAULT NULL,
  \`made\` timestamp NOT NULL DEFAULT current_timestamp(),
  \`seen\` datetime(3) DEFAULT NULL ON UPDATE current_timestamp(3),
  \`twice\` int(11) GENERATED ALWAYS AS (\`small\` * 2) VIRTUAL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u\` (\`name\`,\`id\`),
  KEY \`by_small\` (\`small\`),
  CONSTRAINT \`fk\` FOREIGN KEY (\`small\`) REFERENCES \`shops\` (\`id\`) ON DELETE NO ACTION ON UPDATE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='it''s'`,
} as const

/** Two words of keys are kept where they are made, and not compared. */
function withoutMeaningless(one: Table): string {
  const items = [...one.keys, ...one.foreignKeys].map(({ definition }) => definition)
  return items.reduce((sql, item) => sql.replace(item, meaningOf(item)), one.sql)
}

const NEW = parseTable(SERVERS['MySQL 8.4 and 9.7'])

/** A table with one column, or with these options. */
const column = (definition: string, options = 'DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin') =>
  `CREATE TABLE \`t\` (\n  \`c\` ${definition}\n) ENGINE=InnoDB ${options}`
const table = (options: string) => column('int', options)

/** Pairs that mean the same. */
const ALIKE: readonly (readonly [name: string, one: string, other: string])[] = [
  [
    'JSON of MariaDB',
    column("json NOT NULL COMMENT 'x'"),
    column(
      "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'x' CHECK (json_valid(`c`))",
      'DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin',
    ),
  ],
  [
    'JSON of MariaDB in a table of the same collation',
    column('json DEFAULT NULL'),
    column('longtext DEFAULT NULL CHECK (json_valid(`c`))'),
  ],
  [
    'an expression as default',
    column('varchar(36) DEFAULT (uuid())'),
    column('varchar(36) DEFAULT uuid()'),
  ],
  ['parentheses of a default', column('int DEFAULT ((1 + 2))'), column('int(11) DEFAULT (1 + 2)')],
  ['a tiny number without sign', column('tinyint unsigned'), column('tinyint(3) unsigned')],
  [
    'an invisible column',
    column('int DEFAULT NULL INVISIBLE'),
    column('int DEFAULT NULL /*!80023 INVISIBLE */'),
  ],
  [
    'the default collation of a table',
    table('DEFAULT CHARSET=latin1'),
    table('DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci'),
  ],
  [
    'utf8mb4 before MySQL 8.0',
    table('DEFAULT CHARSET=utf8mb4'),
    table('DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci'),
  ],
  [
    'utf8',
    table('DEFAULT CHARSET=utf8 COLLATE=utf8_bin'),
    table('DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_bin'),
  ],
  [
    'partitions',
    table(
      'DEFAULT CHARSET=latin1\n/*!50100 PARTITION BY RANGE (c)\n(PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB) */',
    ),
    table(
      'DEFAULT CHARSET=latin1\n PARTITION BY RANGE (`c`)\n(PARTITION `p0` VALUES LESS THAN (10) ENGINE = InnoDB)',
    ),
  ],
  [
    'partitions by columns',
    table(
      'DEFAULT CHARSET=latin1\n/*!50500 PARTITION BY RANGE  COLUMNS(c)\n(PARTITION p0 VALUES LESS THAN (10) ENGINE = InnoDB) */',
    ),
    table(
      'DEFAULT CHARSET=latin1\n PARTITION BY RANGE COLUMNS (`c`)\n(PARTITION `p0` VALUES LESS THAN (10) ENGINE = InnoDB)',
    ),
  ],
  [
    'a text of another session',
    column("varchar(9) AS (concat(`d`, _utf8mb4'x', _latin1'y')) STORED"),
    column("varchar(9) AS (concat(`d`, 'x', 'y')) STORED"),
  ],
  [
    'a check',
    'CREATE TABLE `t` (\n  `c` int DEFAULT NULL,\n  CONSTRAINT `k` CHECK ((`c` > 1)) /*!80016 NOT ENFORCED */\n) ENGINE=InnoDB',
    'CREATE TABLE `t` (\n  `c` int(11) DEFAULT NULL,\n  CONSTRAINT `k` CHECK (`c` > 1) NOT ENFORCED\n) ENGINE=InnoDB',
  ],
]

/** Pairs that do not. */
const DIFFERENT: readonly (readonly [name: string, one: string, other: string])[] = [
  ['a width that somebody chose', column('int(5)'), column('int(11)')],
  ['a truth value', column('tinyint(1)'), column('tinyint(4)')],
  [
    'a text that looks like a number',
    column("varchar(9) DEFAULT '0'"),
    column("varchar(9) DEFAULT '00'"),
  ],
  [
    'a text that character sets read differently',
    column("varchar(9) AS (concat(`d`, _latin1'ä')) STORED"),
    column("varchar(9) AS (concat(`d`, 'ä')) STORED"),
  ],
  ['bytes', column("blob DEFAULT (_binary'x')"), column("blob DEFAULT ('x')")],
  ['no default', column('int DEFAULT NULL'), column('int')],
  ['a text that is not checked', column('longtext'), column('longtext CHECK (json_valid(`c`))')],
  [
    'what another column holds is checked',
    column('longtext CHECK (json_valid(`d`))'),
    column('longtext CHECK (json_valid(`c`))'),
  ],
  [
    'another text than JSON',
    column('longtext CHARACTER SET latin1 COLLATE latin1_bin CHECK (json_valid(`c`))'),
    column('json'),
  ],
  ['parentheses that are two', column('int AS ((`a`) + (`b`))'), column('int AS (`a`) + (`b`)')],
  [
    'the default of MySQL 8.0',
    table('DEFAULT CHARSET=utf8mb4'),
    table('DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci'),
  ],
]

describe('parseTable', () => {
  test.each(Object.entries(SERVERS))('reads the same table from %s', (_, sql) => {
    const read = parseTable(sql)

    expect(diffSchemas(schemaOf([read]), schemaOf([NEW]))).toEqual([])
    expect(diffSchemas(schemaOf([NEW]), schemaOf([read]))).toEqual([])
    expect(withoutMeaningless(read)).toEqual(withoutMeaningless(NEW))
    expect(parseTable(read.sql)).toEqual(read)
  })

  test.each(ALIKE)('takes two spellings for one: %s', (_, one, other) => {
    expect(parseTable(one)).toEqual(parseTable(other))
    expect(parseTable(parseTable(one).sql)).toEqual(parseTable(one))
  })

  test.each(DIFFERENT)('tells apart what is different: %s', (_, one, other) => {
    expect(parseTable(one).sql).not.toBe(parseTable(other).sql)
  })

  test('writes what both families understand', () => {
    expect(NEW.sql).toMatchInlineSnapshot(`
      "CREATE TABLE \`orders\` (
        \`id\` bigint unsigned NOT NULL AUTO_INCREMENT,
        \`small\` smallint NOT NULL DEFAULT '-1',
        \`flag\` tinyint(1) NOT NULL DEFAULT '0',
        \`padded\` int(5) unsigned zerofill DEFAULT NULL,
        \`born\` year DEFAULT NULL,
        \`price\` decimal(10,2) DEFAULT '1.50',
        \`name\` varchar(40) NOT NULL DEFAULT 'x',
        \`old\` varchar(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci DEFAULT NULL,
        \`odd\` char(3) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT NULL,
        \`note\` text,
        \`made\` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
        \`seen\` datetime(3) DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(3),
        \`twice\` int GENERATED ALWAYS AS (\`small\` * 2) VIRTUAL,
        PRIMARY KEY (\`id\`),
        UNIQUE KEY \`u\` (\`name\`,\`id\`),
        KEY \`by_small\` (\`small\`),
        CONSTRAINT \`fk\` FOREIGN KEY (\`small\`) REFERENCES \`shops\` (\`id\`) ON UPDATE CASCADE
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='it''s'"
    `)
  })
})
