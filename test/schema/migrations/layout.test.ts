import { describe, expect, test } from 'vitest'
import { areMigrations, findLayout } from '../../../src/schema/migrations/layout.ts'
import type { MigrationFile } from '../../../src/schema/migrations/migration-file.ts'

type Names = readonly string[] | Readonly<Record<string, string>>

function filesOf(names: Names): MigrationFile[] {
  const entries = Array.isArray(names)
    ? names.map((name: string) => [name, ''] as const)
    : Object.entries(names as Readonly<Record<string, string>>)
  return entries.map(([name, text]) => ({ name, path: `db/${name}`, text }))
}

function orderOf(names: Names): string[] {
  const files = filesOf(names)
  const { tool, order } = findLayout(files, 'db')
  return [tool, ...order(files).map(({ file }) => file.replace('db/', ''))]
}

const UP = '-- migrate:up\nSELECT 1;\n-- migrate:down\n'

describe('findLayout', () => {
  test.each<[string, Names, string[]]>([
    [
      'Prisma by the names of folders, as text',
      [
        'migrations/9_b/migration.sql',
        'migrations/10_a/migration.sql',
        'migrations/migration_lock.toml',
      ],
      ['migrations/10_a/migration.sql', 'migrations/9_b/migration.sql'],
    ],
    [
      'Flyway by version parts as numbers, repeatable ones last, without undo',
      [
        'R__b_views.sql',
        'V10__x.sql',
        'sub/V1_10__x.sql',
        'V1.2__x.sql',
        'V2__x.sql',
        'U2__x.sql',
        'R__a.sql',
        'V001__x.sql',
        'afterMigrate.sql',
      ],
      [
        'V001__x.sql',
        'V1.2__x.sql',
        'sub/V1_10__x.sql',
        'V2__x.sql',
        'V10__x.sql',
        'R__a.sql',
        'R__b_views.sql',
      ],
    ],
    [
      'Flyway from the newest baseline on',
      ['V1__x.sql', 'V2__x.sql', 'V3__x.sql', 'V3.1__x.sql', 'B2__x.sql', 'B3__x.sql'],
      ['B3__x.sql', 'V3.1__x.sql'],
    ],
    [
      'dbmate by file name, as text',
      { 'migrations/2_a.sql': UP, 'migrations/10_b.sql': UP },
      ['migrations/10_b.sql', 'migrations/2_a.sql'],
    ],
    [
      'golang-migrate by number, up files alone',
      ['10_b.up.sql', '10_b.down.sql', '2_a.up.sql', '2_a.down.sql', '003_c.up.sql'],
      ['2_a.up.sql', '003_c.up.sql', '10_b.up.sql'],
    ],
    [
      'goose by number',
      { '10_b.sql': '-- +goose Up\n', '2_a.sql': '-- +goose Up\n' },
      ['2_a.sql', '10_b.sql'],
    ],
    [
      'Drizzle by its journal',
      {
        'drizzle/0000_b.sql': '',
        'drizzle/0001_a.sql': '',
        'drizzle/meta/_journal.json':
          '{"dialect":"mysql","entries":[{"tag":"0001_a"},{"tag":"0000_b"}]}',
      },
      ['drizzle/0001_a.sql', 'drizzle/0000_b.sql'],
    ],
    [
      'numbered files by number',
      ['2_a.sql', '10-b.sql', '1.sql', 'README.md'],
      ['1.sql', '2_a.sql', '10-b.sql'],
    ],
    [
      'numbered files by dates',
      ['2024-02-01-b.sql', '2024-01-31-a.sql', '2024_02_01_2_c.sql'],
      ['2024-01-31-a.sql', '2024-02-01-b.sql', '2024_02_01_2_c.sql'],
    ],
    ['a dump of Rails', ['structure.sql'], ['structure.sql']],
  ])('SOURCE-2: orders %s', (_, names, expected) => {
    expect(orderOf(names).slice(1)).toEqual(expected)
  })

  test.each<[string, Names, RegExp]>([
    [
      'two tools',
      ['V1__a.sql', '2_b.up.sql'],
      /db\/2_b\.up\.sql is of golang-migrate and db\/V1__a\.sql is of Flyway/,
    ],
    [
      'two tools by marks',
      { '1_a.sql': UP, '2_b.sql': '-- +goose Up\n' },
      /of dbmate and .* of goose/,
    ],
    ['files without any order', ['users.sql', 'posts.sql'], /Nothing in db says in which order/],
    ['a file without number', ['1_a.sql', 'seed.sql'], /db\/seed\.sql has no number/],
    ['one number twice', ['1_a.sql', '01-b.sql'], /have the same number/],
    ['one version of Flyway twice', ['V1__a.sql', 'V1.0__b.sql'], /have the same number/],
    [
      'a name that Flyway passes over',
      ['V1__a.sql', 'V2_b.sql'],
      /V2_b\.sql is not named as Flyway/,
    ],
    ['one number of golang-migrate twice', ['1_a.up.sql', '01_b.up.sql'], /have the same number/],
    ['a stray file beside up files', ['1_a.up.sql', '2_b.sql'], /golang-migrate passes over it/],
    ['numbered files in two folders', ['a/1.sql', 'b/2.sql'], /lie in different folders/],
    [
      'Prisma folders in two places',
      ['a/1_x/migration.sql', 'b/2_y/migration.sql'],
      /different folders/,
    ],
    ['a file beside Prisma folders', ['1_x/migration.sql', 'seed.sql'], /Prisma passes over it/],
    [
      'a file of dbmate without mark',
      { '1_a.sql': UP, '2_b.sql': 'SELECT 1;' },
      /dbmate does not run it/,
    ],
    ['a dump beside others', ['structure.sql', 'users.sql'], /nobody can tell which says what/],
    [
      'a journal without its file',
      { 'meta/_journal.json': '{"entries":[{"tag":"0000_a"}]}' },
      /names 0000_a, and there is no 0000_a\.sql/,
    ],
    [
      'a file that is not in the journal',
      { '0000_a.sql': '', 'meta/_journal.json': '{"entries":[]}' },
      /is not in _journal\.json, so it never runs/,
    ],
    [
      'a changelog of Liquibase',
      { 'x.sql': '--liquibase formatted sql\n' },
      /changelog of Liquibase/,
    ],
  ])('refuses %s', (_, names, message) => {
    expect(() => orderOf(names)).toThrow(
      expect.objectContaining({
        code: 'MIGRATIONS_UNCLEAR',
        message: expect.stringMatching(message),
      }),
    )
  })

  test.each<[string, Names, RegExp]>([
    [
      'another database of Prisma',
      { 'migration_lock.toml': 'provider = "postgresql"', '1/migration.sql': '' },
      /for postgresql/,
    ],
    [
      'another database of Drizzle',
      { 'meta/_journal.json': '{"dialect":"sqlite","entries":[]}' },
      /MySQL/,
    ],
    ['a journal that is no JSON', { 'meta/_journal.json': 'x' }, /is not JSON/],
    ['a journal without entries', { 'meta/_journal.json': '{}' }, /lists no entries/],
    [
      'a journal of something else',
      { 'meta/_journal.json': '{"entries":[7]}' },
      /entry without tag/,
    ],
  ])('refuses %s', (_, names, message) => {
    expect(() => orderOf(names)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    )
  })

  test.each<[string, string, RegExp]>([
    [
      'down before up',
      '-- migrate:down\n-- migrate:up\n',
      /1\.sql:1:1: migrate:down stands before/,
    ],
    [
      'a statement before up',
      '\nDROP TABLE t;\n-- migrate:up\n',
      /1\.sql:2:1: dbmate runs nothing before/,
    ],
    ['goose down before up', '-- +goose Down\n-- +goose Up\n', /1\.sql:1:1: the mark \+goose Down/],
    ['goose variables', '-- +goose Up\n-- +goose ENVSUB ON\n', /1\.sql:2:1: variables/],
    [
      'an open goose statement',
      '-- +goose Up\n-- +goose StatementBegin\n',
      /1\.sql:2:1: there is no mark/,
    ],
  ])('refuses the marks of %s', (_, text, message) => {
    expect(() => orderOf({ '1.sql': text })).toThrow(
      expect.objectContaining({ code: 'SQL_SYNTAX', message: expect.stringMatching(message) }),
    )
  })

  test('keeps nothing but the up part, at its place', () => {
    const files = filesOf({
      '1_a.sql': '-- x\n-- migrate:up\nDROP TABLE a;\n-- migrate:down\nDROP TABLE b;\n',
    })

    const [script] = findLayout(files, 'db').order(files)

    expect(script?.text.split('\n').map((line) => line.trimEnd())).toEqual([
      '',
      '-- migrate:up',
      'DROP TABLE a;',
      '',
      '',
      '',
    ])
  })
})

describe('areMigrations', () => {
  test.each<[Names, boolean]>([
    [['1_x/migration.sql'], true],
    [['V1__a.sql'], true],
    [{ '01_users.sql': 'CREATE TABLE users (id INT);' }, false],
    [{ '01_users.sql': 'CREATE TABLE u (id INT);', '02_b.sql': 'ALTER TABLE u ADD b INT;' }, true],
    [
      { '1_a.sql': 'CREATE TABLE a (b TEXT);', '2_b.sql': 'CREATE FULLTEXT INDEX k ON a (b);' },
      true,
    ],
    [{ '1_a.sql': 'CREATE TABLE a (b INT);', '2_b.sql': 'SELECT 1; RENAME TABLE a TO b;' }, true],
    [{ '1_a.sql': 'CREATE TABLE a (b INT);', '2_b.sql': "CREATE DEFINER='x'@'%' TRIGGER" }, true],
    [{ '1_a.sql': 'CREATE TABLE a (b INT);', '2_b.sql': 'CALL fill_a();' }, true],
    [
      { '1_a.sql': 'CREATE TABLE a (b INT);', '2_b.sql': 'CREATE VIEW c AS\nSELECT b FROM a;' },
      false,
    ],
    [{ 'users.sql': 'CREATE TABLE u (id INT);', '02_b.sql': 'ALTER TABLE u ADD b INT;' }, false],
    [{ 'structure.sql': '' }, true],
    [{ 'schema.sql': 'CREATE TABLE t (a INT);\ncreate unique index k on t (a);' }, true],
    [{ 'schema.sql': 'CREATE TABLE t (a INT);' }, false],
    [{ 'schema.sql': 'create database if not exists shop;\nCREATE TABLE t (a INT);' }, true],
    [{ 'schema.sql': 'USE `shop`;\nCREATE TABLE t (a INT);' }, true],
    [{ 'schema.sql': '-- use shop;\nCREATE TABLE t (a INT,\nuse_of INT);' }, false],
    [['users.sql', 'posts.sql'], false],
    [[], false],
  ])('%j: %s', (names, expected) => {
    expect(areMigrations(filesOf(names))).toBe(expected)
  })
})
