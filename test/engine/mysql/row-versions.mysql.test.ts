import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const INSTANT = { method: 'instant', cutover: 'auto' } as const

/** More than any server allows. */
const MANY = 300

describe('a table that has had too many instant changes', () => {
  test('is not known to be changed at once, and is left alone when the server says no', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE \`worn-out\` (id INT PRIMARY KEY, v INT)`)
    await changeUntilRefused(async (change) => {
      await session.run(sql`ALTER TABLE \`worn-out\` ${sql.raw(change)}, ALGORITHM=INSTANT`)
    })
    const rename = await Deployment.stage(
      mysql.target,
      ['ALTER TABLE `worn-out` RENAME COLUMN v TO w'],
      INSTANT,
    )
    await rename.reached('complete')

    const deployment = await Deployment.stage(
      mysql.target,
      ['ALTER TABLE `worn-out` ADD COLUMN x INT'],
      INSTANT,
    )

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.events[0]).toMatchObject({
      instant: [
        { eligible: null, reason: expect.stringMatching(/^it has had \d+ instant changes/) },
      ],
    })
    expect(deployment.failure).toMatchObject({
      code: 'NOT_INSTANT',
      message: expect.stringContaining('too many instant changes'),
    })
    expect(await session.rows(sql`SHOW COLUMNS FROM \`worn-out\` LIKE 'x'`)).toEqual([])
  })
})

async function changeUntilRefused(change: (clause: string) => Promise<void>): Promise<void> {
  for (let changes = 0; changes < MANY; changes += 2) {
    try {
      await change('ADD COLUMN q INT')
      await change('DROP COLUMN q')
    } catch (error) {
      expect(error).toMatchObject({ errno: 4092 })
      return
    }
  }
  throw new Error('the server refuses nothing')
}
