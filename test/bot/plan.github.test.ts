import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { CanonicalSchema } from '../../src/deploy/submission.ts'
import { test } from '../support/running-bot.ts'

describe('a pull request', () => {
  test('that the engine would refuse says so and is red, unless it can be made at once', async ({
    start,
  }) => {
    const world = await start()
    const session = await world.mysql.session()
    await session.run(sql`CREATE TABLE loose (v INT)`)
    const pull = await world.openPullRequest()
    const change = (to: string) => (schema: CanonicalSchema) => ({
      ...schema,
      loose: (schema.loose ?? '').replace(/`v` int(?:\(\d+\))? DEFAULT NULL/, to),
    })

    const copied = await world.submit(pull.number, change('`v` bigint DEFAULT NULL'))
    await world.commented(pull.number, /NO_UNIQUE_KEY/)
    await world.checked(pull.headSha, 'schema failure')
    const noted = await world.submit(
      pull.number,
      change('`v` int DEFAULT NULL,\n  `w` int DEFAULT NULL'),
    )

    expect(copied).toMatchObject({ state: 'error', errors: [{ code: 'NO_UNIQUE_KEY' }] })
    expect(noted).toMatchObject({ state: 'ready', operations: [{ how: 'refused' }] })
    await world.commented(pull.number, /❌ `loose`: `NO_UNIQUE_KEY`/)
  })

  test('that is planned says what it means: time, order, rows in the way', async ({ start }) => {
    const world = await start()
    const session = await world.mysql.session()
    await session.run(sql`CREATE TABLE codes (id INT PRIMARY KEY, code INT)`)
    await session.run(sql`INSERT INTO codes VALUES (1, 7), (2, 7)`)
    const pull = await world.openPullRequest()

    const { state, operations } = await world.submit(pull.number, (schema) => ({
      ...schema,
      codes: (schema.codes ?? '').replace(
        'PRIMARY KEY (`id`)',
        'PRIMARY KEY (`id`),\n  UNIQUE KEY `by_code` (`code`)',
      ),
    }))

    expect(state).toBe('ready')
    expect(operations[0]).toMatchObject({
      how: 'shadow',
      order: { first: 'code' },
      forecast: { duration: { basis: 'sample' }, checks: [{ result: 'found', found: 1 }] },
    })
    await world.commented(
      pull.number,
      /Found rows that are equal in the new unique key `by_code`: 1 key; checked all rows/,
    )
  })
})
