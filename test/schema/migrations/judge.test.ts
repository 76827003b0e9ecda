import { describe, expect, test } from 'vitest'
import { readHistory } from '../../../src/schema/migrations/history.ts'

/** What becomes of a text as the only numbered migration: the statements that run, or why not. */
function verdictOn(text: string) {
  const { statements, skipped } = readHistory([{ name: '1.sql', path: 'm/1.sql', text }], 'm')
  return { run: statements.map(({ statement }) => statement), skipped }
}

describe('the allow-list of migrations', () => {
  test.each([
    'CREATE TABLE t (a INT) ENGINE=InnoDB',
    'CREATE TABLE IF NOT EXISTS t (a INT) ENGINE=MyISAM',
    'CREATE OR REPLACE TABLE t (a INT)',
    'CREATE TABLE t LIKE u',
    'CREATE TABLE t (LIKE u)',
    'CREATE UNIQUE INDEX i ON t (a, b(10)) ALGORITHM=INPLACE LOCK=NONE',
    'CREATE FULLTEXT INDEX i ON t (a)',
    'CREATE INDEX `i` ON `service_alarms` (`a`)',
    'DROP INDEX IF EXISTS i ON t',
    'DROP TABLE IF EXISTS t, `u` CASCADE',
    'RENAME TABLE a TO b, c TO a',
    'ALTER TABLE t ADD COLUMN (a INT, b INT), DROP c, MODIFY d INT AFTER a, CHANGE e f INT FIRST',
    'ALTER TABLE t ADD engine VARCHAR(9), DROP COLUMN tablespace, ALTER connection SET DEFAULT 7',
    'ALTER TABLE t RENAME TO u',
    'ALTER TABLE t RENAME COLUMN a TO b, RENAME INDEX i TO j, ALTER INDEX j INVISIBLE',
    'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (b) ON DELETE SET NULL',
    'ALTER TABLE t DROP FOREIGN KEY f, DROP PRIMARY KEY, ADD PRIMARY KEY (a, b), DROP CHECK c',
    'ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci',
    'ALTER TABLE t ENGINE=InnoDB ROW_FORMAT=DYNAMIC, COMMENT "x", AUTO_INCREMENT 7',
    'ALTER TABLE t DEFAULT CHARACTER SET utf8mb4, ALGORITHM=INSTANT, LOCK=DEFAULT',
    'ALTER TABLE t PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (9) ENGINE=InnoDB)',
    'ALTER TABLE t ADD PARTITION (PARTITION q VALUES LESS THAN MAXVALUE)',
    'ALTER TABLE t REORGANIZE PARTITION p, q INTO (PARTITION r VALUES LESS THAN MAXVALUE)',
    'ALTER TABLE t DROP PARTITION p',
    'ALTER TABLE t REMOVE PARTITIONING',
    'ALTER TABLE IF EXISTS t DISABLE KEYS',
    'ALTER IGNORE TABLE t FORCE',
    'ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci',
    'CREATE OR REPLACE VIEW v AS SELECT t.a FROM t JOIN u ON t.id = u.id WHERE EXTRACT(YEAR FROM t.d) > 1',
    'CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v (a) AS SELECT 1',
    'ALTER VIEW v AS SELECT 2',
    'DROP VIEW IF EXISTS v, w',
  ])('runs %s', (text) => {
    expect(verdictOn(`${text};`)).toEqual({ run: [text], skipped: [] })
  })

  test.each([
    ["INSERT INTO t (a) VALUES ('DROP TABLE t; -- x')", 'rows'],
    ['INSERT INTO t SELECT u.a FROM u ON DUPLICATE KEY UPDATE t.a = u.a', 'rows'],
    ["UPDATE t JOIN u ON t.id = u.id SET t.a = TRIM(BOTH ' ' FROM u.a)", 'rows'],
    ['DELETE t FROM t LEFT JOIN u ON u.id = t.id WHERE u.id IS NULL', 'rows'],
    ['REPLACE INTO t VALUES (1)', 'rows'],
    ["INSERT INTO t VALUES ('\\0 \u0001 \u200b')", 'rows'],
    ['WITH x AS (SELECT 1) UPDATE t, x SET a = 1', 'rows'],
    ['TRUNCATE TABLE t', 'rows'],
    ['OPTIMIZE TABLE t', 'rows'],
    ['SELECT COUNT(*) FROM t', 'rows'],
    ['(SELECT 1) UNION (SELECT 2)', 'rows'],
    ['SET NAMES utf8mb4', 'session'],
    ['SET FOREIGN_KEY_CHECKS = 0, UNIQUE_CHECKS = 0', 'session'],
    ["SET @OLD_SQL_MODE = @@SQL_MODE, SQL_MODE = 'NO_AUTO_VALUE_ON_ZERO'", 'session'],
    ['SET default_storage_engine = INNODB', 'session'],
    ['SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', 'session'],
    ['SET @x = 1', 'session'],
    ['USE shop', 'schema'],
    ['CREATE SCHEMA IF NOT EXISTS `shop` DEFAULT CHARACTER SET utf8mb4', 'schema'],
    ['START TRANSACTION', 'session'],
    ['BEGIN', 'session'],
    ['COMMIT', 'session'],
    ['LOCK TABLES t WRITE', 'session'],
    ['UNLOCK TABLES', 'session'],
    ['CREATE TEMPORARY TABLE x (a INT)', 'temporary'],
    ['DROP TEMPORARY TABLE x', 'temporary'],
    ['CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1', 'program'],
    [
      'CREATE DEFINER = `root`@`%` FUNCTION f() RETURNS INT DETERMINISTIC RETURN SLEEP(9)',
      'program',
    ],
    ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t', 'program'],
    ['DROP PROCEDURE IF EXISTS p', 'program'],
    ['CREATE SEQUENCE s', 'program'],
    ["GRANT SELECT ON shop.* TO 'reader'@'%'", 'account'],
    ["CREATE USER 'reader'@'%'", 'account'],
  ])('passes over %s', (text, reason) => {
    const place = { file: 'm/1.sql', line: 2, column: 1 }

    expect(verdictOn(`\n${text};`)).toEqual({ run: [], skipped: [{ reason, count: 1, place }] })
  })

  test.each([
    // Names of other schemas
    ['CREATE TABLE mysql.t (a INT)', 'a name with a dot'],
    ['CREATE TABLE t LIKE mysql.user', 'a table without columns'],
    ['CREATE TABLE `other`.`t` LIKE u', 'a name with a dot'],
    ['ALTER TABLE mysql.user ADD a INT', 'a name with a dot'],
    ['ALTER TABLE t RENAME TO other.t', 'a name with a dot'],
    ['ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other.u (b)', 'a name with a dot'],
    ['DROP TABLE t, other.u', 'a name with a dot'],
    ['DROP VIEW other.v', 'a name with a dot'],
    ['RENAME TABLE t TO other.t', 'a name with a dot'],
    ['CREATE INDEX i ON other.t (a)', 'a name with a dot'],
    ['DROP INDEX i ON other.t', 'a name with a dot'],
    ['CREATE VIEW other.v AS SELECT 1', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM other.t', 'a name with a dot'],
    ['CREATE VIEW v AS SELECT * FROM t, mysql.user', 'a name with a dot'],
    ['ALTER VIEW v AS SELECT * FROM other.t', 'a name with a dot'],
    ['CREATE DEFINER=a@b VIEW v AS SELECT * FROM other.t', 'a name with a dot'],
    ['CREATE RANDOM VIEW v AS SELECT 1', 'this way to define a view'],
    ['INSERT INTO other.t VALUES (1)', 'a name with a dot'],
    ['INSERT INTO t SELECT * FROM `mysql`.`user`', 'a name with a dot'],
    ['INSERT INTO t SELECT a FROM u, mysql.user', 'reading or writing a schema of the server'],
    ['UPDATE mysql.user SET a = 1', 'a name with a dot'],
    ['DELETE FROM other.t', 'a name with a dot'],
    ['UPDATE t, other.u SET t.a = u.a', 'a name with a dot'],
    ['INSERT INTO t SELECT u.a FROM u, other.v', 'a name with a dot'],
    ['TRUNCATE other.t', 'a name with a dot'],
    ['SET @x = (SELECT a FROM other.t)', 'a name with a dot'],
    // Files
    ["LOAD DATA INFILE '/etc/passwd' INTO TABLE t", 'reading a file'],
    ["SELECT 1 INTO OUTFILE '/etc/cron.d/x'", 'a file on the server'],
    ["SELECT 1 INTO DUMPFILE '/etc/x'", 'a file on the server'],
    ["INSERT INTO t VALUES (LOAD_FILE('/etc/passwd'))", 'a call of LOAD_FILE'],
    ["CREATE TABLE t (a INT) DATA DIRECTORY='/etc'", 'a path on the server'],
    ["ALTER TABLE t DATA DIRECTORY='/etc'", 'a path on the server'],
    ['ALTER TABLE t DISCARD TABLESPACE', 'something that is no table option'],
    ['ALTER TABLE t IMPORT TABLESPACE', 'something that is no table option'],
    ['ALTER TABLE t TABLESPACE = ts', 'something that is no table option'],
    ['ALTER TABLE t ADD PARTITION (PARTITION p TABLESPACE = ts)', 'this part of ALTER TABLE'],
    ['IMPORT TABLE FROM "/etc/x.sdi"', 'a statement that does not change tables'],
    // Waiting and locking
    ['DO SLEEP(9)', 'a statement that does not change tables'],
    ['SELECT SLEEP(9)', 'a call of SLEEP'],
    ['UPDATE t SET a = benchmark(1e9, 1)', 'a call of BENCHMARK'],
    ["INSERT INTO t VALUES (GET_LOCK('x', 99))", 'a call of GET_LOCK'],
    ['CREATE VIEW v AS SELECT SLEEP(9)', 'a call of SLEEP'],
    ['ALTER TABLE t ADD a INT DEFAULT (SLEEP(9))', 'a call of SLEEP'],
    ['ALTER TABLE t ADD INDEX i ((`sleep`(9)))', 'a call of SLEEP'],
    ['CREATE OR REPLACE VIEW v AS SELECT 1 FROM a JOIN b ON sleep(9)', 'a call of SLEEP'],
    ['CREATE INDEX i ON sleep ((sleep(9)))', 'a call of SLEEP'],
    // Queries that define
    ['CREATE TABLE t SELECT 1', 'a table without columns'],
    ['CREATE TABLE t (a INT) AS SELECT 1', 'a query'],
    ['CREATE TABLE t LIKE u SELECT 1', 'a table without columns'],
    ['ALTER TABLE t ADD a INT DEFAULT (SELECT 1)', 'a query'],
    ['ALTER TABLE t ADD PARTITION (PARTITION p VALUES IN ((SELECT 1)))', 'a query'],
    // Variables and what is made of text
    ['ALTER TABLE t ADD a INT DEFAULT (@x)', 'a variable'],
    ['CREATE VIEW v AS SELECT @@datadir', 'a variable'],
    ["PREPARE s FROM 'DROP TABLE t'", 'a statement whose effect cannot be known'],
    ['EXECUTE s', 'a statement whose effect cannot be known'],
    ["EXECUTE IMMEDIATE 'DROP TABLE t'", 'a statement whose effect cannot be known'],
    ['CALL p()', 'a statement whose effect cannot be known'],
    ['BEGIN NOT ATOMIC DROP TABLE t; END', 'a statement whose effect cannot be known'],
    // Other engines
    ['CREATE TABLE t (a INT) ENGINE=FEDERATED', 'an engine other than'],
    ["ALTER TABLE t ENGINE=CONNECT, CONNECTION='x'", 'an engine other than'],
    ["ALTER TABLE t CONNECTION='mysql://u@h/d'", 'something that is no table option'],
    ['ALTER TABLE t UNION=(u)', 'something that is no table option'],
    ['ALTER TABLE t ADD PARTITION (PARTITION p ENGINE=CSV)', 'an engine other than'],
    ['ALTER TABLE t PARTITION BY HASH (a) (PARTITION p ENGINE=BLACKHOLE)', 'an engine other than'],
    [
      'ALTER TABLE t REORGANIZE PARTITION p, q INTO (PARTITION r ENGINE=CSV)',
      'an engine other than',
    ],
    ['ALTER TABLE t DROP PARTITION p, ENGINE=CSV', 'an engine other than'],
    ['ALTER TABLE t SECONDARY_LOAD', 'something that is no table option'],
    ['ALTER TABLE t CONVERT TABLE u TO PARTITION p', 'a query'],
    // The server and its schemas
    ['USE mysql', 'choosing a schema of the server'],
    ['CREATE DATABASE IF NOT EXISTS `sys`', 'choosing a schema of the server'],
    ['USE', 'choosing a schema of the server'],
    ['CREATE DATABASE a.b', 'a name with a dot'],
    ['DROP DATABASE x', 'a statement about a whole schema'],
    ['DROP SCHEMA IF EXISTS x', 'a statement about a whole schema'],
    ['ALTER DATABASE mysql CHARACTER SET utf8mb4', 'a schema that is named'],
    ['CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST "h")', 'a statement that does not'],
    ['CREATE TABLESPACE ts', 'a statement that does not'],
    ['CREATE TEMPORARY INDEX i ON t (a)', 'a statement that does not'],
    ['CREATE EXTERNAL TABLE t (a INT)', 'a statement that does not'],
    ['SET GLOBAL max_connections = 1', 'a setting of the whole server'],
    ['SET @@global.read_only = 1', 'a setting of the whole server'],
    ['SET @x = 1, @@PERSIST.read_only = 1', 'a setting of the whole server'],
    ["SET PASSWORD = 'x'", 'a setting of the whole server'],
    ['SET ROLE admin', 'a setting of the whole server'],
    ['SET STATEMENT max_statement_time = 1 FOR DROP TABLE t', 'a setting of the whole server'],
    ["SET sql_mode = 'ANSI_QUOTES'", 'a setting that gives definitions another meaning'],
    ["SET @@session.sql_mode = 'no_backslash_escapes'", 'a setting that gives definitions'],
    ['SET default_storage_engine = MyISAM', 'a setting that gives definitions'],
    ['SHUTDOWN', 'a statement that does not'],
    ['KILL 1', 'a statement that does not'],
    ["INSTALL PLUGIN x SONAME 'x.so'", 'a statement that does not'],
    ['HANDLER t OPEN', 'a statement that does not'],
    ['CHANGE REPLICATION SOURCE TO x', 'a statement that does not'],
    ['RESET BINARY LOGS AND GTIDS', 'a statement that does not'],
    ['XA START "x"', 'a statement that does not'],
    ['START REPLICA', 'a statement that does not'],
    ['SOURCE other.sql', 'a statement that does not'],
    // Comments and characters
    ['/*! DROP TABLE t */', 'an executable comment'],
    ['ALTER TABLE t /*!80000 ADD a INT */', 'an executable comment'],
    ['/*M!100000 DROP TABLE t */', 'an executable comment'],
    ["INSERT INTO t VALUES ('\u202e')", 'a character that cannot be seen'],
    ['INSERT INTO t VALUES (1) -- \u200b', 'a character that cannot be seen'],
    ['INSERT INTO t\u200b VALUES (1)', 'a character that cannot be seen'],
    ["ALTER TABLE t ADD a TEXT COMMENT 'x\u200b'", 'a character that cannot be seen'],
    ['DROP TABLE t\u0001DROP TABLE u', 'a character that cannot be seen'],
    ['DROP TABLE orders__xf_old_a1b2c3', 'a name that deployments use themselves'],
    ['RENAME TABLE orders TO orders__xf_new_a1b2c3', 'a name that deployments use themselves'],
  ])('refuses %s', (text, what) => {
    expect(() => verdictOn(`SELECT 1;\n${text};`)).toThrow(
      expect.objectContaining({
        code: 'SQL_NOT_ALLOWED',
        message: expect.stringMatching(new RegExp(`^m/1\\.sql:2:\\d+: ${what}.* is not allowed: `)),
      }),
    )
  })

  test('takes one schema, under whatever name, and no second one', () => {
    const one = 'CREATE DATABASE shop; USE `shop`; CREATE TABLE t (a INT);'

    expect(verdictOn(one).run).toEqual(['CREATE TABLE t (a INT)'])
    expect(() => verdictOn(`${one}\nUSE other;`)).toThrow(
      expect.objectContaining({
        code: 'SQL_NOT_ALLOWED',
        message: expect.stringMatching(/^m\/1\.sql:2:5: a second schema is not allowed/),
      }),
    )
  })

  test('refuses more statements than a server should be kept busy with', () => {
    const text = 'DROP TABLE t;'.repeat(20_001)

    expect(() => verdictOn(text)).toThrow(expect.objectContaining({ code: 'SCHEMA_TOO_LARGE' }))
  })

  const DUMP = '-- MySQL dump 10.13\n'

  test.each([
    ['/*!50003 DROP DATABASE x */;', 'a statement about a whole schema'],
    ['/*!40000 CREATE TABLE mysql.t (a INT) */;', 'a name with a dot'],
    ['CREATE TABLE t (a INT /*!80000 DEFAULT (SLEEP(9)) */);', 'a call of SLEEP'],
    ['/*!50000 /*!40000 DROP TABLE t */ */;', 'an executable comment'],
    ["/*!50100 SELECT 1 INTO OUTFILE '/etc/x' */;", 'a file on the server'],
  ])('checks what executable comments of a dump hold: %s', (text, what) => {
    expect(() => verdictOn(`${DUMP}${text}`)).toThrow(
      expect.objectContaining({
        code: 'SQL_NOT_ALLOWED',
        message: expect.stringMatching(new RegExp(`^m/1\\.sql:2:\\d+: ${what}`)),
      }),
    )
  })

  test('runs what executable comments of a dump hold, as plain text', () => {
    const text = `${DUMP}CREATE TABLE t (a INT) /*!50100 PARTITION BY HASH (a) */;\n/*!40101 SET NAMES utf8 */;`

    expect(verdictOn(text)).toMatchObject({
      run: ['CREATE TABLE t (a INT)          PARTITION BY HASH (a)'],
      skipped: [{ reason: 'session', count: 1 }],
    })
  })

  test('takes the definer out of a view, who need not be on the scratch server', () => {
    const text = 'CREATE DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW v AS SELECT 1 AS a;'

    expect(verdictOn(text).run.map((sql) => sql.replace(/ +/g, ' '))).toEqual([
      'CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1 AS a',
    ])
  })
})
