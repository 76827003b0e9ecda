import { describe, expect, test } from 'vitest'
import { adviceOnError, adviceOnSyntax } from '../../src/schema/file/advice.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'

describe('checkSchemaFile', () => {
  test.each([
    [
      'DROP TABLE IF EXISTS t',
      'Remove it; Crossfade works out itself what to create, change and drop.',
    ],
    [
      'ALTER TABLE t ADD c INT',
      'Change the CREATE TABLE of t instead; Crossfade works out the ALTER.',
    ],
    ['CREATE INDEX k ON t (c)', 'Write it in the CREATE TABLE of t: KEY k ( … ).'],
    [
      'CREATE UNIQUE INDEX `k` ON `t` (c)',
      'Write it in the CREATE TABLE of t: UNIQUE KEY k ( … ).',
    ],
    ['INSERT INTO t VALUES (1)', 'Rows are not deployed; keep them outside of the folder.'],
    ['SET NAMES utf8mb4', 'Remove it; Crossfade sets what it needs.'],
    ['USE shop', 'Remove it; the deployment decides the schema.'],
    ['CREATE DATABASE shop', 'Remove it; the deployment decides the schema.'],
    ['CREATE OR REPLACE TABLE t (a INT)', 'Write CREATE TABLE without other words.'],
    [
      'CREATE DEFINER=a TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1',
      'Triggers and routines',
    ],
    ['DELIMITER //', 'Triggers and routines are not deployed; keep them outside of the folder.'],
    ['// a comment', 'Comments begin with two dashes and a space, or with #.'],
    ['CREATE TABLE "t" (a INT)', 'Write it in backticks: `name`.'],
    ['CREATE TABLE t (a INT)\nCREATE TABLE u (a INT)', 'End the statement before it with `);`.'],
    ['FOO', 'Keep only `CREATE TABLE` and `CREATE VIEW` statements in schema files.'],
  ])('says what to do about %s', (text, next) => {
    const refusal = { code: 'SQL_NOT_ALLOWED', next: expect.stringContaining(next) }

    expect(() => checkSchemaFile(text, 't.sql')).toThrow(expect.objectContaining(refusal))
  })
})

describe('adviceOnSyntax', () => {
  test.each([
    ['CREATE TABLE t (a INT, order INT)', 'order', 'Write `order` in backticks.'],
    ['CREATE TABLE groups (a INT)', 'groups', 'Write `groups` in backticks.'],
    ['CREATE TABLE t (a INT, --x\n b INT)', '--x', 'A comment begins with two dashes and a space.'],
    ['CREATE TABLE t ("a" INT)', '"a"', 'Names stand in backticks'],
    ['CREATE TABLE t (a VARCHAR NOT NULL)', 'NOT', 'such as VARCHAR(255)'],
    ["CREATE TABLE t (j JSON, a INT AS (j->'$.a'))", ">'$", 'write JSON_VALUE(column, path)'],
    ['CREATE TABLE t (a INT b INT)', 'b INT', 'Correct this line or the one before it.'],
  ])('says what to do about %s', (statement, near, next) => {
    expect(adviceOnSyntax(statement, statement.indexOf(near))).toContain(next)
  })

  test('has something to say about the end of a statement', () => {
    expect(adviceOnSyntax('CREATE TABLE t (a INT', 21)).toBe(
      'Correct this line or the one before it.',
    )
  })
})

describe('adviceOnError', () => {
  test('knows what newcomers meet, and has a word for the rest', () => {
    expect(adviceOnError(1101, '')).toContain("DEFAULT ('{}')")
    expect(adviceOnError(1005, 'errno: 121 "Duplicate key"')).toContain('rename this one')
    expect(adviceOnError(1146, "Table 't' doesn't exist")).toContain('earlier statement')
    expect(adviceOnError(null, '')).toBe('Correct the definition.')
  })
})
