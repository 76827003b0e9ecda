import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { ErrorCode } from '../../../src/errors.ts'
import type { Flavour } from '../../../src/mysql/server.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { FLAVOUR, test } from '../../support/mysql.ts'
import { checksum, unfinished } from './leftovers.ts'

type RowCase = {
  readonly name: string
  /** The only server family that knows such a case. */
  readonly only?: Flavour
  readonly columns: string
  readonly row: string
  readonly change: string
  readonly code: ErrorCode
  readonly says: RegExp
}

const SECRET = 'secret'

const ROWS: readonly RowCase[] = [
  {
    name: 'equal values under a new unique key',
    columns: 'v VARCHAR(20)',
    row: `'${SECRET}'), (3, '${SECRET}'`,
    change: 'ADD UNIQUE only_once (v)',
    code: 'DUPLICATE_KEY',
    says: /unique key only_once/,
  },
  {
    name: 'values that are equal under a new collation',
    columns: 'v VARCHAR(20) COLLATE utf8mb4_bin, UNIQUE only_once (v)',
    row: `'${SECRET}'), (3, '${SECRET.toUpperCase()}'`,
    change: 'MODIFY v VARCHAR(20) COLLATE utf8mb4_unicode_ci',
    code: 'DUPLICATE_KEY',
    says: /unique key only_once/,
  },
  {
    name: 'equal values under a new functional key',
    only: 'mysql',
    columns: 'v VARCHAR(20)',
    row: `'${SECRET}'), (3, '${SECRET.toUpperCase()}'`,
    change: 'ADD UNIQUE only_once ((LOWER(v)))',
    code: 'DUPLICATE_KEY',
    says: /unique key only_once/,
  },
  {
    name: 'NULL under NOT NULL',
    columns: 'v VARCHAR(20)',
    row: 'NULL',
    change: 'MODIFY v VARCHAR(20) NOT NULL',
    code: 'VALUE_DOES_NOT_FIT',
    says: /column v of t .* NULL/,
  },
  {
    name: 'a text that is too long',
    columns: 'v VARCHAR(20)',
    row: `'${SECRET}'`,
    change: 'MODIFY v VARCHAR(3)',
    code: 'VALUE_DOES_NOT_FIT',
    says: /column v of t .* (truncated|too long)/,
  },
  {
    name: 'a number out of range',
    columns: 'v INT',
    row: '70000',
    change: 'MODIFY v SMALLINT',
    code: 'VALUE_DOES_NOT_FIT',
    says: /column v of t .* range/,
  },
  {
    name: 'a member of an ENUM that is gone',
    columns: "v ENUM('paid','secret')",
    row: `'${SECRET}'`,
    change: "MODIFY v ENUM('paid')",
    code: 'VALUE_DOES_NOT_FIT',
    says: /column v of t .* truncated/,
  },
  {
    name: 'a text that is no JSON',
    columns: 'v TEXT',
    row: `'${SECRET}'`,
    change: 'MODIFY v JSON',
    code: 'VALUE_DOES_NOT_FIT',
    says: FLAVOUR === 'mysql' ? /t .* JSON/ : /column v of t .* CHECK/,
  },
  {
    name: 'a text that is no number',
    columns: 'v VARCHAR(20)',
    row: `'${SECRET}'`,
    change: 'MODIFY v INT',
    code: 'VALUE_DOES_NOT_FIT',
    says: /column v of t/,
  },
  {
    name: 'a character that the charset lacks',
    columns: 'v VARCHAR(20)',
    row: `'${SECRET}🔑'`,
    change: 'MODIFY v VARCHAR(20) CHARACTER SET latin1',
    code: 'VALUE_DOES_NOT_FIT',
    says: /column v of t/,
  },
  {
    name: 'a row that violates a new CHECK',
    columns: 'v INT',
    row: '-1',
    change: 'ADD CONSTRAINT positive CHECK (v > 0)',
    code: 'VALUE_DOES_NOT_FIT',
    says: /t .* CHECK/,
  },
  {
    name: 'a value that strict mode would cut without a word',
    columns: 'v DECIMAL(10,4)',
    row: '1.2345',
    change: 'MODIFY v DECIMAL(10,2)',
    code: 'VALUE_DOES_NOT_FIT',
    says: /The new type of v in t/,
  },
]

describe('REFUSE-1: a deployment fails for what the rows hold, and leaves nothing behind', () => {
  test.for(ROWS.filter(({ only = FLAVOUR }) => only === FLAVOUR))(
    '$name: $code',
    async ({ columns, row, change, code, says }, { mysql }) => {
      const session = await mysql.session()
      await session.run(sql.raw(`CREATE TABLE t (id INT PRIMARY KEY, ${columns})`))
      await session.run(sql.raw(`INSERT INTO t VALUES (2, ${row})`))
      const before = await checksum(session)

      const deployment = await Deployment.stage(mysql.target, [`ALTER TABLE t ${change}`])

      expect(await deployment.run.finished).toBe('failed')
      expect(deployment.failure).toMatchObject({ code, message: expect.stringMatching(says) })
      expect(`${deployment.failure?.message} ${deployment.failure?.next}`).not.toMatch(
        /secret|70000|1\.2345/i,
      )
      expect(await productTables(session)).toEqual([])
      expect(await unfinished(session, mysql.schema)).toBe(0)
      expect(await checksum(session)).toBe(before)
    },
  )

  test('a new column without a default, where the server has nothing to put: VALUE_DOES_NOT_FIT', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    await session.run(sql`INSERT INTO t VALUES (1)`)

    const change = 'ALTER TABLE t ADD COLUMN w VARCHAR(9) NOT NULL'
    const deployment = await Deployment.stage(mysql.target, [change])

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({
      code: 'VALUE_DOES_NOT_FIT',
      message: expect.stringContaining('column w of t'),
    })
    expect(await productTables(session)).toEqual([])
  })

  test('a row written at the gate that does not fit any more', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))`)
    const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE t MODIFY v VARCHAR(3)'])
    await deployment.reached('ready_to_cutover')

    await session.run(sql`INSERT INTO t VALUES (1, 'secret')`)

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({ code: 'VALUE_DOES_NOT_FIT' })
    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })
})
