import { type RawBuilder, sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { ERRNO, errnoOf } from '../../../src/mysql/errno.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { readSchema } from '../../../src/schema/canonical.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { EngineProcess } from '../../support/engine-process.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'
import { CHANGE, OF_ITEMS, referencesOf, shop } from './a-shop.ts'

const NEW_CHILDREN = ['a_child', 'z_child'] as const
const ACTIONS = ['', 'ON DELETE CASCADE ON UPDATE CASCADE'] as const
const CASES = NEW_CHILDREN.flatMap((name) => ACTIONS.map((actions) => [name, actions] as const))

describe('FOREIGN-1: a new child of a table that changes with it', () => {
  test.for(CASES)(
    'CUTOVER-1: %s %s points to the table that is live, and every row of that one is kept, there and back',
    async ([name, actions], { mysql }) => {
      const session = await mysql.session()
      await session.run(sql`CREATE TABLE parents (id INT AUTO_INCREMENT PRIMARY KEY, v INT)`)
      await session.run(sql`INSERT INTO parents VALUES (1, 0), (2, 0), (3, 0)`)
      const before = await readSchema(session, mysql.schema)
      const writers = [1, 2].map((id) => startParents(mysql, { id, child: name }))
      onTestFinished(async () => void (await Promise.all(writers.map((one) => one.stop()))))
      const deployment = await Deployment.stage(
        mysql.target,
        [
          `CREATE TABLE ${name} (id INT PRIMARY KEY, w INT, up BIGINT, KEY w (w),
            CONSTRAINT of_w FOREIGN KEY (w) REFERENCES other (id),
            FOREIGN KEY (up) REFERENCES parents (id) ${actions})`,
          'CREATE TABLE other (id INT PRIMARY KEY)',
          'ALTER TABLE parents MODIFY id BIGINT AUTO_INCREMENT, ADD COLUMN n INT NOT NULL DEFAULT 7',
        ],
        { cutover: 'auto', revertWindowMs: 600_000 },
      )
      await deployment.reached('reverse_in_sync')
      expect(await referencesOf(session)).toEqual([
        `${name}.up -> parents.id`,
        `${name}.w -> other.id`,
      ])
      const keys = (await readSchema(session, mysql.schema)).tables.get(name)?.keys ?? []
      expect(keys.map((key) => key.name)).toEqual(['PRIMARY', 'up', 'w'])
      const user = await mysql.session()
      await user.run(sql`SET foreign_key_checks = 1`)
      await user.run(sql`INSERT INTO ${sql.id(name)} (id, up) VALUES (-1, 1)`)
      await expect(
        user.run(sql`INSERT INTO ${sql.id(name)} (id, up) VALUES (-2, -5)`),
      ).rejects.toMatchObject({ errno: 1452 })
      if (actions === '') {
        await expect(user.run(sql`DELETE FROM parents WHERE id = 1`)).rejects.toMatchObject({
          errno: 1451,
        })
      } else {
        await user.run(sql`UPDATE parents SET id = -9 WHERE id = 1`)
        expect(await user.rows(sql`SELECT up FROM ${sql.id(name)} WHERE id = -1`)).toEqual([
          { up: '-9' },
        ])
      }
      await expect.poll(() => writers.every((one) => one.children() > 10)).toBe(true)
      deployment.run.revert()
      expect(await deployment.run.finished, deployment.story).toBe('reverted')
      await expect.poll(() => writers.every((one) => one.isAlone())).toBe(true)
      const reports = await Promise.all(writers.map((one) => one.stop()))

      expect(reports.flatMap(({ errors }) => errors)).toEqual([])
      expect(await readSchema(session, mysql.schema)).toEqual(before)
      expect(await referencesOf(session)).toEqual([])
      const rows = await session.rows(
        sql<{ id: string; v: number }>`SELECT id, v FROM parents WHERE id > 100 ORDER BY id`,
      )
      const kept = reports.flatMap((report) => report.kept).toSorted(([a = 0], [b = 0]) => a - b)
      expect(rows.map(({ id, v }) => [Number(id), Number(v)])).toEqual(kept)
      // It is its parent's no more.
      await user.run(sql`DELETE FROM parents WHERE id > 0`)
    },
  )

  test('is told what does not fit the new form of its parent', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE parents (id INT PRIMARY KEY)`)

    await expect(
      Deployment.stage(mysql.target, [
        'CREATE TABLE a_child (id INT PRIMARY KEY REFERENCES parents (id), FOREIGN KEY (id) REFERENCES parents (id))',
        'ALTER TABLE parents MODIFY id BIGINT',
      ]),
    ).rejects.toMatchObject({ code: 'ALTER_INVALID' })

    expect(await productTables(session)).toEqual([])
  })

  test('goes with the shadow that it points to when the deployment is cancelled', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE parents (id INT PRIMARY KEY)`)
    const deployment = await Deployment.stage(mysql.target, [
      'CREATE TABLE z_child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES parents (id))',
      'ALTER TABLE parents ADD v INT',
    ])
    await deployment.reached('ready_to_cutover')
    deployment.run.cancel()

    expect(await deployment.run.finished).toBe('cancelled')
    expect(await productTables(session)).toEqual([])
  })

  test.for(['cutover', 'revert'])(
    'CRASH-1: points to the live table or is gone, though the process died at the RENAME of the %s',
    async (way, { mysql }) => {
      const session = await shop(mysql)
      const engine = EngineProcess.stage(
        mysql.target,
        [
          CHANGE,
          'CREATE TABLE details (id INT PRIMARY KEY, item INT, CONSTRAINT of_item FOREIGN KEY (item) REFERENCES items (id))',
        ],
        {
          cutover: 'auto',
          revertWindowMs: 600_000,
          reverts: way === 'revert',
          dies: { when: 'after', at: { matches: `^RENAME TABLE .* ${way}` } },
        },
      )
      onTestFinished(() => engine.kill())
      expect(await engine.ended()).toBe('SIGKILL')
      const resumed: Deployment = await Deployment.resume(mysql.target, engine.id, {
        listener: ({ event }) => event === 'reverse_in_sync' && resumed.run.skipRevert(),
      })
      const outcome = await resumed.run.finished

      expect(outcome, resumed.story).toBe(way === 'cutover' ? 'complete' : 'reverted')
      const ofDetails = outcome === 'complete' ? ['details.item -> items.id'] : []
      expect(await referencesOf(session)).toEqual([...ofDetails, ...OF_ITEMS])
    },
  )
})

/** Parents that come, change and go, with a child for a moment each while there is a table of them. */
function startParents(
  mysql: MysqlTest,
  { id, child }: { readonly id: number; readonly child: string },
) {
  const errors: unknown[] = []
  const kept: number[][] = []
  const table = sql.id(child)
  let running = true
  let children = 0
  let alone = 0
  const live = async (session: Session, count: number) => {
    const own = 1000 + count * 10 + id
    await session.run(sql`INSERT INTO parents (id, v) VALUES (${own}, 0)`)
    await session.run(sql`UPDATE parents SET v = ${count} WHERE id = ${own}`)
    if (count % 3 === 0) kept.push([own, count])
    const isBorn = await isDone(session, sql`INSERT INTO ${table} (id, up) VALUES (${own}, ${own})`)
    // By then it may have gone with its table.
    if (isBorn) await isDone(session, sql`DELETE FROM ${table} WHERE id = ${own}`)
    children += isBorn ? 1 : 0
    alone = isBorn ? 0 : alone + 1
    if (count % 3 !== 0) await session.run(sql`DELETE FROM parents WHERE id = ${own}`)
    await systemClock.sleep(Math.random() * 10)
  }
  const done = (async () => {
    const session = await mysql.session()
    await session.run(sql`SET foreign_key_checks = 1`)
    for (let count = 0; running; count += 1) await live(session, count)
  })().catch((error: unknown) => void errors.push(errnoOf(error) ?? error))
  return {
    children: () => children,
    /** Whether the table of the children is gone. */
    isAlone: () => alone > 10,
    stop: async () => {
      running = false
      await done
      return { errors, kept }
    },
  }
}

/** Runs a statement on a table that may be gone, and says whether it was there. */
async function isDone(session: Session, statement: RawBuilder<unknown>): Promise<boolean> {
  try {
    await session.run(statement)
    return true
  } catch (error) {
    if (errnoOf(error) === ERRNO.NO_SUCH_TABLE) return false
    throw error
  }
}
