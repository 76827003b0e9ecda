import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../src/mysql/session.ts'
import { test } from '../support/mysql.ts'
import { collect, keysOf, printKey, write } from './collect.ts'

/** A key's columns, how the server prints each, and values as SQL literals. */
type Case = {
  readonly name: string
  readonly columns: readonly (readonly [definition: string, print: string])[]
  readonly rows: readonly string[]
}

const CHAR = 'CAST(? AS CHAR)'
const HEX = 'HEX(?)'
const NUMBER = 'CAST(? + 0 AS CHAR)'
const BIT = 'CAST(CAST(? AS UNSIGNED) AS CHAR)'

function integers(type: string, bits: number): Case[] {
  const half = 2n ** BigInt(bits - 1)
  const signed = [-half, -half + 1n, -1n, 0n, 1n, half - 1n]
  const unsigned = [0n, 1n, half - 1n, half, 2n * half - 1n]
  return [
    { name: type, columns: [[type, CHAR]], rows: signed.map(String) },
    { name: `${type}_unsigned`, columns: [[`${type} UNSIGNED`, CHAR]], rows: unsigned.map(String) },
  ]
}

const TIMES = [
  "'00:00:00'",
  "'-00:00:00.000001'",
  "'-00:00:00.5'",
  "'-00:00:01'",
  "'-01:02:03.4'",
  "'-01:02:03.456789'",
  "'-838:59:58.99'",
  "'838:59:59'",
  "'12:34:56.789012'",
  "'00:00:00.01'",
]
const DATETIMES = [
  "'0000-00-00 00:00:00'",
  "'1000-01-01 00:00:00'",
  "'2026-01-02 03:04:05.120'",
  "'2026-00-00 23:59:59.999999'",
  "'9999-12-31 23:59:59'",
  "'2024-02-29 12:00:00.000001'",
]
const TIMESTAMPS = [
  "'1970-01-01 00:00:01'",
  "'2026-01-02 03:04:05.120'",
  "'2038-01-19 03:14:07'",
  "'2000-06-15 12:30:45.987654'",
  '0',
]
const PRECISIONS = [0, 1, 2, 3, 4, 5, 6]

const CASES: readonly Case[] = [
  ...integers('tinyint', 8),
  ...integers('smallint', 16),
  ...integers('mediumint', 24),
  ...integers('int', 32),
  ...integers('bigint', 64),
  { name: 'year', columns: [['YEAR', NUMBER]], rows: ['0', '1901', '2026', '2155'] },
  { name: 'bit', columns: [['BIT(13)', BIT]], rows: ["b'0'", "b'1'", "b'1111111111111'"] },
  { name: 'bit64', columns: [['BIT(64)', BIT]], rows: ['0', '18446744073709551615'] },
  {
    name: 'decimal',
    columns: [['DECIMAL(10,2)', CHAR]],
    rows: ['0', '12.50', '-0.10', '-0.01', '99999999.99', '-99999999.99', '1000000', '-5'],
  },
  {
    name: 'decimal_wide',
    columns: [['DECIMAL(65,30)', CHAR]],
    rows: [
      '0',
      '1e-30',
      '-1e-30',
      '99999999999999999999999999999999999.999999999999999999999999999999',
      '-12345678901234567890.123456789012345678901234567890',
    ],
  },
  {
    name: 'decimal_whole',
    columns: [['DECIMAL(18)', CHAR]],
    rows: ['0', '-1', '123456789012345678'],
  },
  { name: 'decimal_part', columns: [['DECIMAL(3,3)', CHAR]], rows: ['0', '0.001', '-0.999'] },
  {
    name: 'date',
    columns: [['DATE', CHAR]],
    rows: ["'0000-00-00'", "'1000-01-01'", "'2026-02-00'", "'2024-02-29'", "'9999-12-31'"],
  },
  ...PRECISIONS.map((digits): Case => {
    return { name: `time${digits}`, columns: [[`TIME(${digits})`, CHAR]], rows: TIMES }
  }),
  ...PRECISIONS.map((digits): Case => {
    return { name: `datetime${digits}`, columns: [[`DATETIME(${digits})`, CHAR]], rows: DATETIMES }
  }),
  ...PRECISIONS.map((digits): Case => {
    return {
      name: `timestamp${digits}`,
      columns: [[`TIMESTAMP(${digits})`, CHAR]],
      rows: TIMESTAMPS,
    }
  }),
  { name: 'enum', columns: [["ENUM('b','a','c')", NUMBER]], rows: ["'a'", "'b'", "'c'"] },
  {
    name: 'enum_wide',
    columns: [[`ENUM(${Array.from({ length: 300 }, (_, index) => `'v${index}'`).join()})`, NUMBER]],
    rows: ["'v0'", "'v255'", "'v299'"],
  },
  {
    name: 'set',
    columns: [[`SET(${Array.from({ length: 40 }, (_, index) => `'s${index}'`).join()})`, NUMBER]],
    rows: ["''", "'s0'", "'s0,s39'", "'s1,s2,s3,s31,s32'"],
  },
  {
    name: 'char_latin1',
    columns: [['CHAR(10) CHARACTER SET latin1', HEX]],
    rows: ["''", "'a'", "'é'", "'ÿz'", "'abcdefghij'"],
  },
  {
    name: 'char_wide',
    columns: [['CHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', HEX]],
    rows: ["''", "'😀'", "REPEAT('ü', 199)", "REPEAT('😀', 200)"],
  },
  {
    name: 'varchar_utf8mb4',
    columns: [['VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', HEX]],
    rows: ["''", "'a '", "'naïve 😀'", "REPEAT('x', 50)"],
  },
  {
    name: 'varchar_latin1',
    columns: [['VARCHAR(300) CHARACTER SET latin1 COLLATE latin1_bin', HEX]],
    rows: ["''", "'ä'", "REPEAT('ß', 300)"],
  },
  {
    name: 'binary',
    columns: [['BINARY(6)', HEX]],
    rows: ["X'000000000000'", "X'010000000000'", "X'00FF00'", "X'FFFFFFFFFFFF'", "X'202020'"],
  },
  {
    name: 'binary_wide',
    columns: [['BINARY(255)', HEX]],
    rows: ["''", "X'01'", "REPEAT(X'AB', 255)"],
  },
  {
    name: 'varbinary',
    columns: [['VARBINARY(300)', HEX]],
    rows: ["''", "X'00'", "X'0000'", "X'FF00'", "REPEAT(X'7F', 300)"],
  },
  {
    name: 'composite',
    columns: [
      ['BIGINT UNSIGNED', CHAR],
      ['VARCHAR(20) CHARACTER SET latin1', HEX],
      ['DATETIME(3)', CHAR],
      ['BINARY(4)', HEX],
      ['DECIMAL(5,1)', CHAR],
    ],
    rows: [
      "18446744073709551615, 'x', '2026-01-02 03:04:05.006', X'00', -1.5",
      "0, '', '1999-12-31 00:00:00', X'01020304', 0",
    ],
  },
]

describe('the keys in the stream', () => {
  test('are those that the server prints, for every type of a key', async ({ mysql }) => {
    const session = await mysql.session()
    for (const one of CASES) await session.run(createTable(one))
    const expected = new Map<string, string[]>()

    const written = await write(session, mysql.target, async () => {
      for (const one of CASES) {
        const table = sql.id(one.name)
        const rows = one.rows.map((row) => `('before', 1.5, ${row}, NULL, 'after')`).join()
        // A column of fewer digits makes one value of two: the second is left out.
        await session.run(sql`INSERT IGNORE INTO ${table} VALUES ${sql.raw(rows)}`)
        await session.run(sql`UPDATE ${table} SET filler = REPEAT('f', 300), note = NULL`)
        expected.set(one.name, await printedKeys(session, one))
        await session.run(sql`DELETE FROM ${table}`)
      }
    })

    const changes = (await collect(written)).flat()
    for (const one of CASES) {
      const keys = keysOf(changes, one.name).map(printKey)
      const distinct = [...new Set(keys)].sort()
      expect({ [one.name]: distinct }).toEqual({ [one.name]: expected.get(one.name) })
      // Once for the insert, the update, which leaves the key alone, and the delete.
      expect(keys).toHaveLength(3 * distinct.length)
    }
  })
})

/** The key stands between other columns, some NULL. */
function createTable({ name, columns }: Case) {
  const definitions = columns.map(([definition], index) => `k${index} ${definition} NOT NULL`)
  const key = columns.map((_, index) => `k${index}`)
  return sql`CREATE TABLE ${sql.id(name)} (filler VARCHAR(300), f DOUBLE, ${sql.raw(definitions.join())},
    j JSON, note TEXT, PRIMARY KEY (${sql.raw(key.join())}))`
}

async function printedKeys(session: Session, { name, columns }: Case): Promise<string[]> {
  const parts = columns.map(([, print], index) => print.replace('?', `k${index}`))
  const rows = await session.rows(
    sql<{
      key: string
    }>`SELECT CONCAT_WS('|', ${sql.raw(parts.join())}) AS \`key\` FROM ${sql.id(name)}`,
  )
  return rows.map(({ key }) => key).sort()
}
