import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { lockTables, openTableLocks } from '../../../src/engine/cutover/table-locks.ts'
import { errnoOf } from '../../../src/mysql/errno.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

describe('CUTOVER-3: locks on several tables', () => {
  test('are taken without rolling back one transaction, in whatever order it uses the tables', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    for (const name of ['a', 'b', 'c']) {
      await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY, n INT NOT NULL)`)
      await session.run(sql`INSERT INTO ${sql.id(name)} VALUES (1, 0), (2, 0), (3, 0), (4, 0)`)
    }
    const orders = [
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
      ['b', 'c'],
      ['b', 'a'],
    ]
    const users = await Promise.all(
      orders.map(async (tables, at) => startUser(await mysql.session(), tables, at + 1)),
    )
    onTestFinished(async () => void (await Promise.all(users.map((user) => user.stop()))))

    const locks = await openTableLocks(mysql.session, ['a', 'b', 'c'].map(tableIn(mysql)), [])
    let locked = 0
    for (let attempt = 1; locked < 8 && attempt < 100; attempt += 1) {
      try {
        await lockTables(locks, { attempt, clock: systemClock })
        locked += 1
        await locks.session.run(sql`UNLOCK TABLES`)
      } catch (error) {
        expect(errnoOf(error)).toBe(1205)
      }
      const seen = users.map(({ count }) => count())
      await expect
        .poll(() => users.every(({ count }, at) => count() > (seen[at] ?? 0)), { timeout: 10_000 })
        .toBe(true)
    }
    const errors = (await Promise.all(users.map((user) => user.stop()))).flat()

    expect(locked).toBe(8)
    expect(errors).toEqual([])
  })

  test('are all held, and by one session', async ({ mysql }) => {
    const session = await mysql.session()
    const other = await mysql.session()
    await other.run(sql`SET SESSION lock_wait_timeout = 1`)
    for (const name of ['a', 'b', 'own'])
      await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT)`)
    const table = tableIn(mysql)
    const locks = await openTableLocks(mysql.session, [table('a'), table('b')], [table('own')])

    await lockTables(locks, { attempt: 1, clock: systemClock })

    for (const name of ['a', 'b', 'own']) {
      await locks.session.run(sql`INSERT INTO ${sql.id(name)} VALUES (1)`)
      await expect(other.rows(sql`SELECT * FROM ${sql.id(name)}`)).rejects.toMatchObject({
        errno: 1205,
      })
    }
    await locks.session.run(sql`UNLOCK TABLES`)
    expect(await other.rows(sql`SELECT * FROM a`)).toEqual([{ id: 1 }])
  })

  test('are not taken at all when one is not to be had', async ({ mysql }) => {
    const session = await mysql.session()
    const holder = await mysql.session()
    for (const name of ['a', 'b']) await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT)`)
    const locks = await openTableLocks(mysql.session, ['a', 'b'].map(tableIn(mysql)), [])

    await holder.transaction(async () => {
      await holder.run(sql`INSERT INTO b VALUES (1)`)
      await expect(lockTables(locks, { attempt: 1, clock: systemClock })).rejects.toMatchObject({
        errno: 1205,
      })
      // The one that could have been had is free again.
      await holder.run(sql`INSERT INTO a VALUES (1)`)
    })
  })
})

function tableIn({ schema }: MysqlTest) {
  return (name: string) => ({ schema, name })
}

/** Transactions that use the tables one after the other, without end; each user writes rows of its own. */
function startUser(session: Session, tables: readonly string[], id: number) {
  const errors: unknown[] = []
  let running = true
  let count = 0
  const done = (async () => {
    while (running) {
      try {
        await session.transaction(async () => {
          for (const name of tables) {
            await session.run(sql`UPDATE ${sql.id(name)} SET n = n + 1 WHERE id = ${id}`)
          }
        })
        count += 1
        await systemClock.sleep(Math.random() * 10)
      } catch (error) {
        errors.push(errnoOf(error) ?? error)
        // A connection that is gone would fail again and again.
        if (errnoOf(error) === null) running = false
      }
    }
  })()
  return {
    count: () => count,
    stop: async () => {
      running = false
      await done
      return errors
    },
  }
}
