import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Session } from '../../../src/mysql/session.ts'
import { parseTable } from '../../../src/schema/parse.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const WINDOW = { cutover: 'auto', revertWindowMs: 600_000 } as const

describe('a deployment', () => {
  test.for([40, 41, 43, 57])(
    'swaps, swaps back and puts away a table with a name of %i characters whose CHECK has none',
    async (length, { mysql }) => {
      const session = await mysql.session()
      const name = 'n'.repeat(length)
      await session.run(
        sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY, v INT, CHECK (v > 0))`,
      )
      const deployment = await Deployment.stage(
        mysql.target,
        [`ALTER TABLE ${name} ADD COLUMN w INT`],
        { ...WINDOW, quarantineMs: 60_000 },
      )
      await deployment.reached('reverse_in_sync')
      deployment.run.revert()

      expect(await deployment.run.finished, deployment.story).toBe('reverted')
      expect(await productTables(session)).toEqual([expect.stringMatching(/__xf_drop_/)])
    },
  )

  test('swaps a table and a column with signs of all kinds in their names', async ({ mysql }) => {
    const session = await mysql.session()
    const name = 'a`b%_\'"ü? -- $1 ;'
    await session.run(
      sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY, ${sql.id('c`ol %')} INT)`,
    )
    await session.run(sql`INSERT INTO ${sql.id(name)} VALUES (1, 1)`)
    const deployment = await Deployment.stage(
      mysql.target,
      [`ALTER TABLE \`${name.replaceAll('`', '``')}\` ADD COLUMN \`x\`\`?\` INT`],
      { ...WINDOW, quarantineMs: 60_000 },
    )
    await deployment.reached('reverse_in_sync')
    await session.run(sql`INSERT INTO ${sql.id(name)} VALUES (2, 1, 3)`)
    deployment.run.revert()

    expect(await deployment.run.finished, deployment.story).toBe('reverted')
    expect(await session.rows(sql`SELECT id FROM ${sql.id(name)}`)).toHaveLength(2)
  })

  test('keeps CHECKs apart whose long names differ in the last character, and finds each again', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    const [one, two] = [`${'c'.repeat(63)}1`, `${'c'.repeat(63)}2`]
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT,
      CONSTRAINT ${sql.id(one)} CHECK (v > 0), CONSTRAINT ${sql.id(two)} CHECK (v < 100))`)
    const before = await readChecks(session)
    await complete(await Deployment.stage(mysql.target, ['ALTER TABLE t ADD COLUMN w INT'], WINDOW))
    expect(await readChecks(session)).toEqual(before)

    await complete(
      await Deployment.stage(mysql.target, [`ALTER TABLE t DROP CONSTRAINT ${one}`], WINDOW),
    )

    expect(await readChecks(session)).toEqual(
      before.filter(({ definition }) => /< 100/.test(definition)),
    )
  })
})

async function complete(deployment: Deployment): Promise<void> {
  await deployment.reached('reverse_in_sync')
  deployment.run.skipRevert()
  expect(await deployment.run.finished, deployment.story).toBe('complete')
}

/** The CHECKs of `t` as a schema is compared. */
async function readChecks(session: Session) {
  const row = await session.row(sql<Record<string, string>>`SHOW CREATE TABLE t`)
  return parseTable(row?.['Create Table'] ?? '').checks.map(({ name, definition }) => ({
    name,
    definition,
  }))
}
