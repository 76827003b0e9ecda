import { describe, expect, test } from 'vitest'
import { parseTable } from '../../src/schema/parse.ts'
import { primaryKeyOf } from '../../src/schema/table.ts'

const MYSQL = `CREATE TABLE \`orders\` (
  \`id\` bigint unsigned NOT NULL AUTO_INCREMENT,
  \`note\` varchar(20) COLLATE utf8mb4_bin DEFAULT 'a,)(\`' COMMENT 'x''y',
  \`at\` point NOT NULL /*!80003 SRID 4326 */,
  \`twice\` int GENERATED ALWAYS AS ((\`id\` * 2)) VIRTUAL /*!80023 INVISIBLE */,
  \`user\` int DEFAULT NULL,
  PRIMARY KEY (\`id\`),
  KEY \`z\` (\`user\`,\`note\`(5) DESC) /*!80000 INVISIBLE */,
  KEY \`e\` (((\`id\` + 1))),
  UNIQUE KEY \`a\` (\`user\`),
  CONSTRAINT \`f\` FOREIGN KEY (\`user\`) REFERENCES \`auth\`.\`users\` (\`id\`) ON DELETE CASCADE,
  CONSTRAINT \`c\` CHECK ((\`id\` > 1)) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB AUTO_INCREMENT=77 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='a=b'
/*!50100 PARTITION BY RANGE (\`id\`)
(PARTITION p0 VALUES LESS THAN (10) COMMENT = '*/' ENGINE = InnoDB) */`

describe('parseTable', () => {
  test('reads every part of what MySQL writes', () => {
    const table = parseTable(MYSQL)

    expect(table).toMatchInlineSnapshot(`
      {
        "checks": [
          {
            "definition": "CONSTRAINT \`c\` CHECK (\`id\` > 1) NOT ENFORCED",
            "name": "c",
            "serverName": "c",
          },
        ],
        "columns": [
          {
            "autoIncrement": true,
            "definition": "bigint unsigned NOT NULL AUTO_INCREMENT",
            "generated": null,
            "inheritsCollation": false,
            "name": "id",
            "nullable": false,
            "type": "bigint unsigned",
          },
          {
            "autoIncrement": false,
            "definition": "varchar(20) DEFAULT 'a,)(\`' COMMENT 'x''y'",
            "generated": null,
            "inheritsCollation": true,
            "name": "note",
            "nullable": true,
            "type": "varchar(20)",
          },
          {
            "autoIncrement": false,
            "definition": "point NOT NULL SRID 4326",
            "generated": null,
            "inheritsCollation": false,
            "name": "at",
            "nullable": false,
            "type": "point",
          },
          {
            "autoIncrement": false,
            "definition": "int GENERATED ALWAYS AS (\`id\` * 2) VIRTUAL INVISIBLE",
            "generated": "virtual",
            "inheritsCollation": false,
            "name": "twice",
            "nullable": true,
            "type": "int",
          },
          {
            "autoIncrement": false,
            "definition": "int DEFAULT NULL",
            "generated": null,
            "inheritsCollation": false,
            "name": "user",
            "nullable": true,
            "type": "int",
          },
        ],
        "foreignKeys": [
          {
            "columns": [
              "user",
            ],
            "definition": "CONSTRAINT \`f\` FOREIGN KEY (\`user\`) REFERENCES \`auth\`.\`users\` (\`id\`) ON DELETE CASCADE",
            "name": "f",
            "parent": "users",
            "parentColumns": [
              "id",
            ],
            "parentSchema": "auth",
            "serverName": "f",
          },
        ],
        "keys": [
          {
            "definition": "PRIMARY KEY (\`id\`)",
            "hidden": null,
            "kind": "primary",
            "name": "PRIMARY",
            "parts": [
              {
                "column": "id",
                "descending": false,
                "kind": "column",
                "length": null,
              },
            ],
          },
          {
            "definition": "UNIQUE KEY \`a\` (\`user\`)",
            "hidden": null,
            "kind": "unique",
            "name": "a",
            "parts": [
              {
                "column": "user",
                "descending": false,
                "kind": "column",
                "length": null,
              },
            ],
          },
          {
            "definition": "KEY \`e\` (((\`id\` + 1)))",
            "hidden": null,
            "kind": "plain",
            "name": "e",
            "parts": [
              {
                "expression": "((\`id\` + 1))",
                "kind": "expression",
              },
            ],
          },
          {
            "definition": "KEY \`z\` (\`user\`,\`note\`(5) DESC) INVISIBLE",
            "hidden": "INVISIBLE",
            "kind": "plain",
            "name": "z",
            "parts": [
              {
                "column": "user",
                "descending": false,
                "kind": "column",
                "length": null,
              },
              {
                "column": "note",
                "descending": true,
                "kind": "column",
                "length": 5,
              },
            ],
          },
        ],
        "name": "orders",
        "options": [
          {
            "definition": "ENGINE=InnoDB",
            "name": "ENGINE",
            "value": "InnoDB",
          },
          {
            "definition": "DEFAULT CHARSET=utf8mb4",
            "name": "DEFAULT CHARSET",
            "value": "utf8mb4",
          },
          {
            "definition": "COLLATE=utf8mb4_bin",
            "name": "COLLATE",
            "value": "utf8mb4_bin",
          },
          {
            "definition": "COMMENT='a=b'",
            "name": "COMMENT",
            "value": "a=b",
          },
        ],
        "partition": "PARTITION BY RANGE (\`id\`)
      (PARTITION \`p0\` VALUES LESS THAN (10) COMMENT = '*/' ENGINE = InnoDB)",
        "periods": [],
        "sql": "CREATE TABLE \`orders\` (
        \`id\` bigint unsigned NOT NULL AUTO_INCREMENT,
        \`note\` varchar(20) DEFAULT 'a,)(\`' COMMENT 'x''y',
        \`at\` point NOT NULL SRID 4326,
        \`twice\` int GENERATED ALWAYS AS (\`id\` * 2) VIRTUAL INVISIBLE,
        \`user\` int DEFAULT NULL,
        PRIMARY KEY (\`id\`),
        UNIQUE KEY \`a\` (\`user\`),
        KEY \`e\` (((\`id\` + 1))),
        KEY \`z\` (\`user\`,\`note\`(5) DESC) INVISIBLE,
        CONSTRAINT \`f\` FOREIGN KEY (\`user\`) REFERENCES \`auth\`.\`users\` (\`id\`) ON DELETE CASCADE,
        CONSTRAINT \`c\` CHECK (\`id\` > 1) NOT ENFORCED
      ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='a=b'
      PARTITION BY RANGE (\`id\`)
      (PARTITION \`p0\` VALUES LESS THAN (10) COMMENT = '*/' ENGINE = InnoDB)",
      }
    `)
    expect(primaryKeyOf(table)?.name).toBe('PRIMARY')
  })

  test('reads its own text to the same table', () => {
    const table = parseTable(MYSQL)

    expect(parseTable(table.sql)).toEqual(table)
  })

  test('does not look at AUTO_INCREMENT=n and the order of keys', () => {
    const lines = MYSQL.replace(' AUTO_INCREMENT=77', '').split('\n')
    const [unique = ''] = lines.splice(9, 1)
    lines.splice(7, 0, unique)

    expect(parseTable(lines.join('\n'))).toEqual(parseTable(MYSQL))
  })

  test.each([
    '',
    'CREATE TABLE t (a int)',
    'DROP TABLE `t`',
    'CREATE TABLE `t` (\n  what is this\n)',
    'CREATE TABLE `t` (\n  `a` int\n) STRANGE',
  ])('refuses what no server writes: %j', (sql) => {
    expect(() => parseTable(sql)).toThrow(expect.objectContaining({ code: 'SQL_SYNTAX' }))
  })
})
