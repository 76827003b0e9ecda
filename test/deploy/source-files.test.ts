import { describe, expect, test } from 'vitest'
import type { SchemaSource } from '../../src/deploy/config.ts'
import { isSourceFile, sourceFolder } from '../../src/deploy/source-files.ts'

const FILES: SchemaSource = { kind: 'files', path: 'schema/shop' }
const MIGRATIONS: SchemaSource = { kind: 'migrations', path: 'drizzle' }
const DUMP: SchemaSource = { kind: 'migrations', path: 'db/structure.sql' }

describe('isSourceFile', () => {
  test.each<[SchemaSource, string, boolean]>([
    [FILES, 'schema/shop/users.sql', true],
    [FILES, 'schema/shop/a/b/USERS.SQL', true],
    [FILES, 'schema/shop/README.md', false],
    [FILES, 'schema/shop/meta/_journal.json', false],
    [FILES, 'schema/shopping/users.sql', false],
    [FILES, 'schema/shop/.hidden/users.sql', false],
    [MIGRATIONS, 'drizzle/0000_a.sql', true],
    [MIGRATIONS, 'drizzle/meta/_journal.json', true],
    [MIGRATIONS, 'drizzle/meta/0000_snapshot.json', false],
    [MIGRATIONS, 'drizzle/migration_lock.toml', true],
    [DUMP, 'db/structure.sql', true],
    [DUMP, 'db/seeds.sql', false],
    [{ kind: 'database' }, 'schema/shop/users.sql', false],
  ])('%j: %s is %s', (source, path, expected) => {
    expect(isSourceFile(source, path)).toBe(expected)
  })
})

describe('sourceFolder', () => {
  test('is where the files of a source are listed', () => {
    expect(sourceFolder({ kind: 'files', path: 'schema/shop' })).toBe('schema/shop')
    expect(sourceFolder({ kind: 'migrations', path: 'db/structure.sql' })).toBe('db')
    expect(sourceFolder({ kind: 'migrations', path: 'structure.sql' })).toBe('')
  })
})
