import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { canonicalise, readSchema } from '../../src/schema/canonical.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { readSchemaFile } from '../../src/schema/file/schema-file.ts'
import { applyHistory } from '../../src/schema/migrations/apply.ts'
import { readHistory } from '../../src/schema/migrations/history.ts'
import { test } from '../support/mysql.ts'

/** In the manner of mysqldump: stand-ins for views, rows, a trigger, partitions and the settings around them. */
const DUMP = `/*M!999999\\- enable the sandbox mode */
-- MySQL dump 10.13  Distrib 9.7.0, for Linux (x86_64)
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '';
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@SESSION.SQL_LOG_BIN= 0;

--
-- Temporary view structure for view \`a_view\`
--
SET @saved_cs_client     = @@character_set_client;
/*!50001 CREATE VIEW \`a_view\` AS SELECT
 1 AS \`id\`*/;
/*!50001 CREATE VIEW \`b_view\` AS SELECT
 1 AS \`id\`*/;
DROP TABLE IF EXISTS \`parts\`;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE \`parts\` (
  \`id\` int NOT NULL,
  \`note\` varchar(20) DEFAULT 'a;b' COMMENT 'it''s /*! x */',
  PRIMARY KEY (\`id\`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
/*!50100 PARTITION BY HASH (\`id\`)
PARTITIONS 4 */;
LOCK TABLES \`parts\` WRITE;
/*!40000 ALTER TABLE \`parts\` DISABLE KEYS */;
INSERT INTO \`parts\` VALUES (1,'x;y'),(2,'\u0001');
/*!40000 ALTER TABLE \`parts\` ENABLE KEYS */;
UNLOCK TABLES;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`localhost\`*/ /*!50003 TRIGGER \`g\` BEFORE INSERT ON \`parts\` FOR EACH ROW BEGIN
  SET NEW.note = LOWER(NEW.note);
END */;;
DELIMITER ;
/*!50001 DROP VIEW IF EXISTS \`a_view\`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`gone\`@\`localhost\` SQL SECURITY DEFINER */
/*!50001 VIEW \`a_view\` AS select \`b_view\`.\`id\` AS \`id\` from \`b_view\` */;
/*!50001 DROP VIEW IF EXISTS \`b_view\`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=\`gone\`@\`localhost\` SQL SECURITY DEFINER */
/*!50001 VIEW \`b_view\` AS select \`parts\`.\`id\` AS \`id\` from \`parts\` */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;
-- Dump completed on 2026-03-08 12:00:00
`

describe('a dump', () => {
  test('is the schema that was dumped, as definitions and as migrations', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`
      CREATE TABLE parts (id INT PRIMARY KEY, note VARCHAR(20) DEFAULT 'a;b' COMMENT 'it''s /*! x */')
      COLLATE utf8mb4_unicode_ci PARTITION BY HASH (id) PARTITIONS 4`)
    await session.run(sql`CREATE VIEW b_view AS SELECT id FROM parts`)
    await session.run(sql`CREATE VIEW a_view AS SELECT id FROM b_view`)
    const live = await readSchema(session, mysql.schema)

    const defined = await canonicalise(session, readSchemaFile(DUMP, 'schema.sql'))
    const history = readHistory([{ path: 'x.sql', name: 'x.sql', text: DUMP }], 'x')
    const { schema: migrated } = await applyHistory(session, history)

    expect([...defined.tables.keys(), ...defined.views.keys()]).toEqual([
      'parts',
      'a_view',
      'b_view',
    ])
    expect(diffSchemas(live, defined)).toEqual([])
    expect(diffSchemas(live, migrated)).toEqual([])
  })

  test('with the header of Workbench may have executable comments', async ({ mysql }) => {
    const text = `SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0;
CREATE SCHEMA cinema;
USE cinema;
CREATE TABLE address (
  id INT PRIMARY KEY,
  /*!50705 location GEOMETRY */ /*!50705 NOT NULL,*/
  /*!50705 SPATIAL KEY \`idx_location\` (location),*/
  city INT
);
SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS;
`
    const history = readHistory([{ path: 'x.sql', name: 'x.sql', text }], 'x')

    const { schema } = await applyHistory(await mysql.session(), history)

    const made = schema.tables.get('address')?.sql
    expect(made).toContain('`location` geometry NOT NULL,')
    expect(made).toContain('SPATIAL KEY `idx_location` (`location`)')
  })

  test('that changes its tables afterwards is read as migrations only', async ({ mysql }) => {
    const session = await mysql.session()
    const text = `-- phpMyAdmin SQL Dump
SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
START TRANSACTION;
SET time_zone = "+00:00";
CREATE TABLE \`t\` (
  \`id\` int(11) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
ALTER TABLE \`t\`
  ADD PRIMARY KEY (\`id\`);
ALTER TABLE \`t\`
  MODIFY \`id\` int(11) NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=3;
COMMIT;
`
    const history = readHistory([{ path: 'x.sql', name: 'x.sql', text }], 'x')

    const { schema } = await applyHistory(session, history)

    expect(schema.tables.get('t')?.sql).toMatch(/AUTO_INCREMENT,\n {2}PRIMARY KEY/)
    expect(() => readSchemaFile(text, 'schema/x.sql')).toThrow(
      expect.objectContaining({
        code: 'SQL_NOT_ALLOWED',
        message: 'schema/x.sql:8:1: a change in a dump of tables is not allowed: ALTER TABLE `t`',
      }),
    )
  })
})
