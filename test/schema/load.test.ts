import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test as base, describe, expect } from 'vitest'
import { isDatabaseUrl, LIMITS, loadFolder } from '../../src/schema/load.ts'

const test = base.extend('folder', async ({ task }, { onCleanup }) => {
  const folder = await mkdtemp(join(tmpdir(), `crossfade-${task.id}-`))
  onCleanup(() => rm(folder, { recursive: true }))
  return folder
})

async function write(folder: string, files: Readonly<Record<string, string | Buffer>>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

const T = 'CREATE TABLE t (a INT)'

describe('loadFolder', () => {
  test('reads *.sql files in all folders in the order of their paths', async ({ folder }) => {
    await write(folder, {
      'b.sql': 'CREATE TABLE b (a INT);',
      'a/z.SQL': '\n\nCREATE TABLE z (a INT);',
      'README.md': 'DROP TABLE x',
      '.git/x.sql': 'DROP TABLE x',
    })

    const tables = await loadFolder(folder)

    expect(tables.map(({ name, file, line }) => [name, file, line])).toEqual([
      ['z', join(folder, 'a/z.SQL'), 3],
      ['b', join(folder, 'b.sql'), 1],
    ])
  })

  test('refuses a folder that is not there or holds no table', async ({ folder }) => {
    await write(folder, { 'a/x.sql': '-- nothing yet', 'b/README': T })

    for (const name of ['none', 'a', 'b']) {
      const loading = loadFolder(join(folder, name))
      await expect(loading).rejects.toMatchObject({ code: 'SCHEMA_EMPTY' })
    }
  })

  test('refuses one table in two files', async ({ folder }) => {
    await write(folder, { 'a.sql': T, 'b.sql': `\n${T}` })

    await expect(loadFolder(folder)).rejects.toMatchObject({
      code: 'SQL_NOT_ALLOWED',
      message: `${join(folder, 'b.sql')}:2:1: this table is already defined at ${join(folder, 'a.sql')}:1:1: ${T}`,
    })
  })

  test('refuses a file that is too large, and files that are too large together', async ({
    folder,
  }) => {
    const filler = (size: number) => Buffer.alloc(size, ' ')
    await write(folder, { 'one/a.sql': filler(LIMITS.fileBytes + 1) })
    const many = Array.from({ length: 33 }, (_, at) => [`many/${at}.sql`, filler(LIMITS.fileBytes)])
    await write(folder, Object.fromEntries(many))

    for (const name of ['one', 'many']) {
      const loading = loadFolder(join(folder, name))
      await expect(loading).rejects.toMatchObject({ code: 'SCHEMA_TOO_LARGE' })
    }
  })

  test('refuses more files than the limit', async ({ folder }) => {
    const files = Array.from({ length: LIMITS.files + 1 }, (_, at) => [`${at}.sql`, ''])
    await write(folder, Object.fromEntries(files))

    await expect(loadFolder(folder)).rejects.toMatchObject({ code: 'SCHEMA_TOO_LARGE' })
  })

  test('refuses links that leave the folder and passes over links inside', async ({ folder }) => {
    await write(folder, { 'in/t.sql': T, 'secret.sql': 'CREATE TABLE s (a INT)', 'out/u.sql': T })
    await symlink('t.sql', join(folder, 'in/again.sql'))
    expect(await loadFolder(join(folder, 'in'))).toHaveLength(1)

    for (const target of ['../secret.sql', '../out', '../nowhere']) {
      await symlink(target, join(folder, 'in/link.sql'))
      await expect(loadFolder(join(folder, 'in'))).rejects.toMatchObject({
        code: 'SQL_NOT_ALLOWED',
        message: expect.stringContaining('link.sql is a link that leaves the schema folder'),
      })
      await rm(join(folder, 'in/link.sql'))
    }
  })

  test('refuses a file that is not UTF-8', async ({ folder }) => {
    await write(folder, { 't.sql': Buffer.from([0x43, 0xff]) })

    await expect(loadFolder(folder)).rejects.toMatchObject({ code: 'SQL_SYNTAX' })
  })
})

describe('isDatabaseUrl', () => {
  test('takes every URL for one, so that no password is shown as a missing folder', () => {
    expect(['mysql://a/b', 'MariaDB://a/b', 'postgres://u:p@h/d'].map(isDatabaseUrl)).toEqual([
      true,
      true,
      true,
    ])
    expect(['schema/shop', './a', 'C:\\schema', '/abs'].some(isDatabaseUrl)).toBe(false)
  })
})
