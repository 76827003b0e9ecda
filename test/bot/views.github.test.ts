import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { CanonicalSchema } from '../../src/deploy/submission.ts'
import { canonicalise } from '../../src/schema/canonical.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { schemaToSql } from '../../src/schema/parse.ts'
import { test, type World } from '../support/running-bot.ts'

/** Production has a view that reads the column which the pull request takes away. */
async function withView(world: World): Promise<CanonicalSchema> {
  const session = await world.mysql.session()
  await session.run(sql`CREATE VIEW totals AS SELECT id, total FROM orders`)
  return await world.liveSchema()
}

/** What a schema folder would give. */
async function read(world: World, text: string): Promise<CanonicalSchema> {
  return schemaToSql(
    await canonicalise(await world.mysql.session(), checkSchemaFile(text, 'shop.sql')),
  )
}

describe('views of a deploy request', () => {
  test('are refused when only the Action could have called them a server’s text', async ({
    start,
  }) => {
    const world = await start()
    const session = await world.mysql.session()
    await session.run(sql`CREATE FUNCTION spy (a INT) RETURNS INT DETERMINISTIC RETURN a`)
    const live = await world.liveSchema()
    const forged = [
      ['select spy(1) AS `a`', 'a call of a stored function is not allowed'],
      ['select 1 AS window from mysql.user', 'a name with a dot is not allowed'],
      ['select 1 AS `a`; CREATE VIEW `w` AS select 2', 'a second statement is not allowed'],
    ]
    const pull = await world.openPullRequest()

    for (const [query, complaint] of forged) {
      const wanted = { ...live, v: `CREATE VIEW \`v\` AS ${query}` }
      const { errors } = await world.submit(pull.number, () => wanted)
      expect(errors).toMatchObject([{ message: expect.stringContaining(complaint ?? '') }])
    }
  })

  test('are deployed after the table that they need, and come back with a revert', async ({
    start,
  }) => {
    const world = await start()
    const before = await withView(world)
    const wanted = await read(
      world,
      `CREATE VIEW totals AS SELECT id, total, note FROM orders;
       CREATE VIEW noted AS SELECT id FROM totals WHERE note IS NOT NULL;
       ${before.orders?.replace(/\n\)/, ',\n  `note` varchar(100) DEFAULT NULL\n)')};`,
    )
    const pull = await world.openPullRequest()

    const answer = await world.submit(pull.number, () => wanted)

    expect(answer.errors).toEqual([])
    expect(answer.operations.map(({ kind, table, how }) => [kind, table, how])).toEqual([
      ['alter', 'orders', 'shadow'],
      ['replace_view', 'totals', 'view'],
      ['create_view', 'noted', 'view'],
    ])
    const writer = world.github.as('writer')
    await writer.comment(pull.number, '/deploy')
    await world.reached(pull.number, 'complete_pending_revert')
    const session = await world.mysql.session()
    await expect.poll(async () => Object.keys(await world.liveSchema())).toContain('noted')
    expect(await session.rows(sql`SELECT * FROM noted`)).toEqual([])
    await writer.comment(pull.number, '/revert')
    await world.reached(pull.number, 'complete_revert')
    expect(await world.liveSchema()).toEqual(before)
  })

  test('alone wait at the gate, and are changed at once', async ({ start }) => {
    const world = await start()
    const before = await withView(world)
    const wanted = await read(
      world,
      `${before.orders}; CREATE VIEW doubled AS SELECT id, 2 * total AS total FROM orders`,
    )
    const pull = await world.openPullRequest()
    await world.submit(pull.number, () => wanted)
    const writer = world.github.as('writer')

    await writer.comment(pull.number, '/stage')
    await world.reached(pull.number, 'pending_cutover')
    expect(await world.liveSchema()).toEqual(before)
    await writer.comment(pull.number, '/cutover')
    await world.reached(pull.number, 'complete')

    expect(Object.keys(await world.liveSchema())).toEqual(['orders', 'doubled'])
  })

  test('that reach beyond their schema are not planned, whatever the Action sends', async ({
    start,
  }) => {
    const world = await start()
    const pull = await world.openPullRequest()

    const answer = await world.submit(pull.number, (tables) => ({
      ...tables,
      spy: 'CREATE VIEW `spy` AS\nselect\n  `user`.`Host` AS `Host`\nfrom `orders` /*!99999 where */ ,`mysql`.`user`',
    }))

    expect(answer.errors).toMatchObject([{ code: 'SQL_NOT_ALLOWED' }])
  })
})
