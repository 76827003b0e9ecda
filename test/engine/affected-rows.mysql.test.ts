import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { countedError } from '../../src/engine/apply/data-error.ts'
import { copyChunk } from '../../src/engine/copy/copy-chunk.ts'
import { test } from '../support/mysql.ts'
import { aPair } from './a-pair.ts'

describe('countedError', () => {
  test.for([
    [
      'duplicates',
      'ADD UNIQUE by_group (grp)',
      'DUPLICATE_KEY',
      '5 rows of t have equal values for the unique key by_group of the new schema.',
    ],
    [
      'NULL',
      'MODIFY note VARCHAR(20) NOT NULL',
      'VALUE_DOES_NOT_FIT',
      '2 rows do not fit column note of t in its new form: NULL under NOT NULL (error 1048).',
    ],
    [
      'numbers',
      'MODIFY n TINYINT UNSIGNED NOT NULL',
      'VALUE_DOES_NOT_FIT',
      '3 rows do not fit column n of t in its new form: a number out of range (error 1264).',
    ],
    [
      'texts',
      'MODIFY note VARCHAR(5) NULL',
      'VALUE_DOES_NOT_FIT',
      // MySQL 9.7 says 1265, MariaDB 10.11 says 1406.
      /^3 rows do not fit column note of t in its new form: a .* \(error (?:1265|1406)\)\.$/,
    ],
    [
      'what it cannot count',
      'MODIFY note DATE NULL',
      'VALUE_DOES_NOT_FIT',
      'A row does not fit column note of t in its new form: a value of the wrong form (error 1292).',
    ],
  ] as const)(
    'says how many rows are to blame: %s',
    async ([, change, code, message], { mysql }) => {
      const { session, pair, lock } = await aPair(mysql, {
        columns: 'id INT PRIMARY KEY, n INT NOT NULL, grp INT NULL, note VARCHAR(20) NULL',
        change,
        rows: [
          "(1, 1, 7, NULL), (2, 300, 7, NULL), (3, -1, 7, '3')",
          "(4, 4, 8, '4'), (5, 255, 8, 'five!'), (6, 256, 9, 'longer')",
          "(7, 7, NULL, 'longer'), (8, 8, NULL, 'long  ')",
        ],
      })
      const whole = { after: null, upTo: null }

      const error: unknown = await copyChunk(session, pair, lock, {
        range: whole,
        clearFirst: false,
        first: 'nothing',
        record: () => Promise.resolve(),
      }).catch((reason) => reason)

      expect(await countedError(session, pair, error)).toMatchObject({
        code,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      })
      // What limits the counting must not limit what the session does later.
      const limits = await session.rows<{ Variable_name: string; Value: string }>(
        sql`SHOW SESSION VARIABLES WHERE Variable_name IN ('max_statement_time', 'max_execution_time')`,
      )
      expect(limits.map(({ Value }) => Number(Value))).toEqual([0])
    },
  )

  test('leaves every other error alone', async ({ mysql }) => {
    const { session, pair } = await aPair(mysql, { columns: 'id INT PRIMARY KEY' })
    const error = new Error('the process dies')

    expect(await countedError(session, pair, error)).toBe(error)
  })
})
