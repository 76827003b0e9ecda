import { describe, expect } from 'vitest'
import { canonicalise } from '../../src/schema/canonical.ts'
import { checkCanonical, checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

async function made({ session }: MysqlTest, body: string) {
  const schema = await canonicalise(await session(), checkSchemaFile(body, 't.sql'))
  return schema.tables.get('t')?.sql ?? ''
}

describe('canonicalise', () => {
  test.for([
    [
      "CREATE TABLE t (\n  a INT,\n  b ENUM('x', '👍')\n)",
      "t.sql:3:15: a character that the server cannot show again is not allowed: b ENUM('x', '👍')",
    ],
    [
      "CREATE TABLE t (b ENUM('x', '👍') DEFAULT '👍')",
      "t.sql:1:29: a character that the server cannot show again is not allowed: CREATE TABLE t (b ENUM('x', '👍') DEFAULT '👍')",
    ],
  ] as const)(
    'refuses text that both servers print as question marks: %s',
    async ([text, message], { mysql }) => {
      await expect(made(mysql, text)).rejects.toMatchObject({ code: 'SQL_NOT_ALLOWED', message })
    },
  )

  test.for([
    ['mysql', "CREATE TABLE t (a VARCHAR(9), CHECK (a <> '👍'))", 't.sql:1:43: '],
    ['mysql', "CREATE TABLE t (a VARCHAR(9) DEFAULT (CONCAT('👍', '')))", 't.sql:1:46: '],
    ['mysql', "CREATE TABLE t (a VARCHAR(9), b VARCHAR(9) AS (CONCAT(a, '👍')))", 't.sql:1:58: '],
    ['mariadb', "CREATE TABLE t (a VARCHAR(9) DEFAULT '👍')", 't.sql:1:38: '],
    [
      'mariadb',
      'CREATE TABLE t (a INT,\n  b VARBINARY(4) DEFAULT 0xff)',
      't.sql:2:3: a default that the server cannot show again is not allowed: b',
    ],
  ] as const)(
    'refuses text that %s prints as question marks, and takes it where it does not: %s',
    async ([flavour, text, place], { mysql }) => {
      const result = made(mysql, text)

      if (mysql.flavour !== flavour) expect(await result).toMatch(/👍|F09F918D|0xFF/)
      else {
        await expect(result).rejects.toMatchObject({
          code: 'SQL_NOT_ALLOWED',
          message: expect.stringContaining(place),
        })
      }
    },
  )

  test('refuses an accent that MySQL prints as a question mark beside a column of latin1', async ({
    mysql,
  }) => {
    const body = "(a VARCHAR(9), b VARCHAR(9) AS (CONCAT(a, 'é')))"
    const result = made(mysql, `CREATE TABLE t ${body} CHARSET=latin1`)

    if (mysql.flavour === 'mariadb') expect(await result).toContain("'é'")
    else {
      await expect(result).rejects.toMatchObject({
        code: 'SQL_NOT_ALLOWED',
        message: expect.stringContaining('t.sql:1:58: a character that the server cannot show'),
        next: expect.stringContaining('utf8mb4'),
      })
    }
    expect(await made(mysql, `CREATE TABLE t ${body} CHARSET=utf8mb4`)).toContain("'é'")
  })

  test.for([
    "CREATE TABLE t (a VARCHAR(9) DEFAULT 'é', b ENUM('é', 'ß?'), CHECK (a <> 'é?')) CHARSET=latin1",
    "CREATE TABLE t (a VARBINARY(9) DEFAULT 'é?', b CHAR(3) CHARACTER SET utf16 DEFAULT 'é')",
    "CREATE TABLE t (a CHAR(9), PRIMARY KEY (a)) CHARSET=latin1 PARTITION BY LIST COLUMNS (a) (PARTITION p VALUES IN ('é?', 'ß'))",
  ])('takes accents that servers print or write as bytes: %s', async (text, { mysql }) => {
    expect(await made(mysql, text)).toMatch(/é|C3A9|E9/i)
  })

  test('takes such characters in comments, which servers keep as they print them', async ({
    mysql,
  }) => {
    const sql = await made(mysql, "CREATE TABLE t (a INT COMMENT '👍') COMMENT='👍' /* 👍 */")

    expect(sql).toContain("COMMENT '?'")
  })

  test('writes bytes that nobody can see as hexadecimal', async ({ mysql }) => {
    const text =
      "CREATE TABLE t (a BINARY(3) DEFAULT 0x000141, b VARBINARY(9) NOT NULL DEFAULT x'07270a' COMMENT 'c')"

    const sql = await made(mysql, text)

    expect(sql).toContain('`a` binary(3) DEFAULT 0x000141,')
    expect(sql).toContain("`b` varbinary(9) NOT NULL DEFAULT 0x07270A COMMENT 'c'")
    checkCanonical(sql, 't')
    expect(await made(mysql, sql)).toBe(sql)
  })
})
