import { sql } from 'kysely'
import { expect, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

test('the copy ends though there is a new row at every moment that is not committed', async ({
  mysql,
}) => {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)`)
  await session.run(
    sql`INSERT INTO t (v) VALUES ${sql.join(Array.from({ length: 300 }, (_, v) => sql`(${v})`))}`,
  )
  const inserting = insertWithoutGap(await mysql.session(), await mysql.session())
  onTestFinished(async () => void (await inserting.stop()))
  await inserting.begun

  const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE t ADD COLUMN w INT'], {
    chunkRows: 100,
  })
  await expect
    .poll(() => deployment.run.status().phase, { timeout: 20_000 })
    .not.toMatch(/starting|copying/)
  await inserting.stop()
  await deployment.reached('ready_to_cutover')
  deployment.run.cutover()

  expect(await deployment.run.finished, deployment.story).toBe('complete')
  const { rows } =
    (await session.row(sql<{ rows: string }>`SELECT COUNT(*) AS \`rows\` FROM t`)) ?? {}
  expect(Number(rows)).toBe(300 + inserting.count())
})

test.for([['DELETE FROM t WHERE id = 300'], ['UPDATE t SET id = -1 WHERE id = 300']] as const)(
  'COPY-1: the last row is copied though it was about to go away when the copy began: %s',
  async ([statement], { mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT)`)
    await session.run(
      sql`INSERT INTO t VALUES ${sql.join(Array.from({ length: 300 }, (_, v) => sql`(${v + 1}, ${v})`))}`,
    )
    const application = await mysql.session()
    await application.run(sql`BEGIN`)
    await application.run(sql.raw(statement))
    const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE t ADD COLUMN w INT'], {
      chunkRows: 100,
    })
    await expect.poll(() => deployment.run.status().rowsCopied).toBeGreaterThan(150)

    await application.run(sql`ROLLBACK`)
    await deployment.reached('ready_to_cutover')
    deployment.run.cutover()

    expect(await deployment.run.finished, deployment.story).toBe('complete')
    expect(await session.rows(sql`SELECT id FROM t WHERE id >= 300`)).toEqual([{ id: 300 }])
  },
)

test('the copy ends though all rows are held at every moment', async ({ mysql }) => {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)`)
  await session.run(
    sql`INSERT INTO t VALUES ${sql.join(Array.from({ length: 200 }, (_, id) => sql`(${id}, 0)`))}`,
  )
  const writers = await Promise.all([1, 2, 3].map(async () => updateAll(await mysql.session())))
  onTestFinished(async () => void (await Promise.all(writers.map(({ stop }) => stop()))))

  const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE t ADD COLUMN w INT'], {
    chunkRows: 50,
  })
  await expect
    .poll(() => deployment.run.status().phase, { timeout: 30_000 })
    .not.toMatch(/starting|copying/)
  const errors = (await Promise.all(writers.map(({ stop }) => stop()))).flat()
  await deployment.reached('ready_to_cutover')

  expect(errors).toEqual([])
  deployment.run.cancel()
  await deployment.run.finished
})

/** Changes all rows, again and again, and holds them for a while; of several there is always one that waits for them. */
function updateAll(session: Session) {
  const errors: unknown[] = []
  let running = true
  const done = (async () => {
    while (running) {
      try {
        await session.transaction(async () => {
          await session.run(sql`UPDATE t SET v = v + 1`)
          await systemClock.sleep(20)
        })
      } catch (error) {
        errors.push(error)
        running = false
      }
    }
  })()
  return {
    stop: async () => {
      running = false
      await done
      return errors
    },
  }
}

/** Two sessions of which one always has a row that is not committed yet, and is the newest. */
function insertWithoutGap(one: Session, other: Session) {
  let running = true
  let count = 0
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const insert = async (session: Session) => {
    await session.run(sql`BEGIN`)
    await session.run(sql`INSERT INTO t (v) VALUES (0)`)
    count += 1
  }
  const done = (async () => {
    await insert(one)
    resolve()
    for (let [holder, next] = [one, other]; ; [holder, next] = [next, holder]) {
      if (!running) {
        await holder.run(sql`COMMIT`)
        return
      }
      await insert(next)
      await holder.run(sql`COMMIT`)
    }
  })()
  return {
    begun,
    count: () => count,
    stop: async () => {
      running = false
      await done
    },
  }
}
