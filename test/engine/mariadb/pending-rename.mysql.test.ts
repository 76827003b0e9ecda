import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { type Clock, systemClock } from '../../../src/clock.ts'
import { PendingRename } from '../../../src/engine/cutover/pending-rename.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

describe('a RENAME that waits for two lockers', () => {
  // `a1` sorts between `a` and the copies of `a`.
  test.for([
    ['a', 'b'],
    ['a', 'a1'],
  ] as const)(
    'is seen to wait for %s, and for %s only when it has the first',
    async ([first, second], { mysql }) => {
      const names = [first, second].flatMap((live) => [live, `${live}__xf_new`, `${live}__xf_old`])
      const lockers = await lock(mysql, [first, second])
      const { rename, looks } = await renameOf(mysql, names.toSorted())

      await rename.issue(swapOf(mysql.schema, [first, second]), [first, second])
      await rename.waitsFor(first)
      let seen = false
      const waiting = rename.waitsFor(second).then(() => {
        seen = true
      })
      const before = looks()
      await expect.poll(looks).toBeGreaterThan(before + 20)
      expect(seen).toBe(false)
      await lockers[0]?.run(sql`UNLOCK TABLES`)
      await waiting
      await lockers[1]?.run(sql`UNLOCK TABLES`)

      expect(await rename.outcome()).toBe('done')
    },
  )

  test('is not issued behind somebody else who wants a table for himself', async ({ mysql }) => {
    const [locker] = await lock(mysql, ['a'])
    const stranger = await mysql.session()
    const { rename } = await renameOf(mysql, ['a', 'a__xf_new', 'a__xf_old'])
    const truncating = stranger.run(sql`TRUNCATE TABLE a`)
    await untilWaiting(mysql, stranger)

    await expect(rename.issue(swapOf(mysql.schema, ['a']), ['a'])).rejects.toMatchObject({
      errno: 1205,
    })

    expect(await rename.outcome()).toBe('failed')
    await locker?.run(sql`UNLOCK TABLES`)
    await truncating
  })

  test('is given up with the reason of the signal, and ends when the locks do', async ({
    mysql,
  }) => {
    const [locker] = await lock(mysql, ['a'])
    const stop = new AbortController()
    const { rename } = await renameOf(mysql, ['a', 'a__xf_new', 'a__xf_old'], stop.signal)
    await rename.issue(swapOf(mysql.schema, ['a']), ['a'])
    await rename.waitsFor('a')

    stop.abort(new Error('enough'))
    await expect(rename.waitsFor('a')).rejects.toThrow('enough')
    await locker?.run(sql`UNLOCK TABLES`)

    expect(await rename.outcome()).toBe('done')
  })
})

/** Makes the tables with their copies, and locks each with its copy through a session of its own. */
async function lock(mysql: MysqlTest, tables: readonly string[]): Promise<readonly Session[]> {
  const lockers: Session[] = []
  for (const table of tables) {
    const locker = await mysql.session()
    for (const name of [table, `${table}__xf_new`]) {
      await locker.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY)`)
    }
    lockers.push(locker)
  }
  for (const [index, table] of tables.entries()) {
    const copy = sql.id(`${table}__xf_new`)
    await lockers[index]?.run(sql`LOCK TABLES ${sql.id(table)} WRITE, ${copy} WRITE`)
  }
  return lockers
}

async function renameOf(
  mysql: MysqlTest,
  names: readonly string[],
  signal: AbortSignal = new AbortController().signal,
) {
  const [renamer, observer] = [await mysql.session(), await mysql.session()]
  await observer.run(sql`SET SESSION lock_wait_timeout = 0`)
  let count = 0
  const clock: Clock = {
    ...systemClock,
    sleep: async (ms) => {
      count += 1
      await systemClock.sleep(ms)
    },
  }
  const context = { schema: mysql.schema, clock, signal }
  return { rename: new PendingRename({ renamer, observer, names }, context), looks: () => count }
}

function swapOf(schema: string, tables: readonly string[]) {
  const name = (table: string) => sql.id(schema, table)
  const renames = tables.map(
    (table) => sql`${name(table)} TO ${name(`${table}__xf_old`)},
      ${name(`${table}__xf_new`)} TO ${name(table)}`,
  )
  return sql`RENAME TABLE ${sql.join(renames)}`
}

async function untilWaiting(mysql: MysqlTest, session: Session): Promise<void> {
  const observer = await mysql.session()
  const stateOf = () =>
    observer.row(sql<{ state: string }>`
      SELECT STATE AS state FROM information_schema.PROCESSLIST WHERE ID = ${session.threadId}`)
  await expect.poll(stateOf).toEqual({ state: 'Waiting for table metadata lock' })
}
