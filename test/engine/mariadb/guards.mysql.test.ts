import { sql } from 'kysely'
import { expect } from 'vitest'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

test('CUTOVER-3: a transaction that holds a child goes on to the parent that the swap holds, and is not rolled back', async ({
  mysql,
}) => {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE parents (id INT PRIMARY KEY, v INT NOT NULL)`)
  await session.run(sql`CREATE TABLE children (id INT PRIMARY KEY, up INT NOT NULL,
    CONSTRAINT of_up FOREIGN KEY (up) REFERENCES parents (id))`)
  await session.run(sql`INSERT INTO parents VALUES (1, 0)`)
  const deployment = await Deployment.stage(mysql.target, ['ALTER TABLE children ADD v INT'])
  await deployment.reached('ready_to_cutover')
  const holder = await mysql.session()
  await holder.run(sql`SET foreign_key_checks = 1, lock_wait_timeout = 30`)

  await holder.transaction(async () => {
    await holder.run(sql`INSERT INTO children (id, up) VALUES (1, 1)`)
    deployment.run.cutover()
    await expect
      .poll(async () => {
        const threads =
          await session.rows(sql<{ Info: string | null; State: string }>`SHOW FULL PROCESSLIST`)
        return threads.some(
          ({ Info, State }) => /LOCK TABLES .*children/.test(Info ?? '') && /Waiting/.test(State),
        )
      })
      .toBe(true)
    await holder.run(sql`UPDATE parents SET v = v + 1 WHERE id = 1`)
  })
  expect(await deployment.run.finished, deployment.story).toBe('complete')

  expect(deployment.events.map(({ event }) => event)).toContain('cutover_retry')
  expect(
    await session.rows(
      sql`SELECT children.id, parents.v FROM children JOIN parents ON parents.id = up`,
    ),
  ).toEqual([{ id: 1, v: 1 }])
})
