import { describe, expect } from 'vitest'
import { test } from '../../support/mysql.ts'
import { forecastOf, runAll } from '../a-forecast.ts'

describe('forecastChanges', () => {
  test('expects no instant change of a table that has had many', async ({ mysql }) => {
    await runAll(await mysql.session(), [
      'CREATE TABLE t (id INT PRIMARY KEY)',
      ...Array.from({ length: 32 }, () => [
        'ALTER TABLE t ADD COLUMN q INT, ALGORITHM=INSTANT',
        'ALTER TABLE t DROP COLUMN q, ALGORITHM=INSTANT',
      ]).flat(),
    ])

    const [planned] = await forecastOf(mysql, 'CREATE TABLE t (id INT PRIMARY KEY, v INT)', {
      scratch: await mysql.session(),
    })

    expect(planned?.instant).toEqual({
      possible: 'unlikely',
      why: 'It has had 64 instant changes, and the server may take no more until it is rebuilt.',
    })
  })
})
