import { sql } from 'kysely'
import { expect } from 'vitest'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'
import {
  addRows,
  aServerWithLittleRoom,
  createTable,
  fill,
  putTablesInto,
} from '../a-small-server.ts'

// MariaDB gives room in the tablespace that cannot grow back much later than a test could wait.
test('REVERSE-1: a server without room for the old table is waited for, and the way back stays open', async ({
  mysql,
}) => {
  await using small = await aServerWithLittleRoom(mysql)
  const { root, session, target } = small
  await putTablesInto(root, 'what cannot grow')
  await session.run(sql`DROP TABLE t`)
  await createTable(session, 't')
  await createTable(session, 'other')
  await putTablesInto(root, 'files')
  const deployment = await Deployment.stage(target, ['ALTER TABLE t ADD COLUMN w INT'], {
    cutover: 'auto',
    revertWindowMs: 600_000,
  })
  await deployment.reached('reverse_in_sync')
  await fill(session, 'other')

  await addRows(session, 't', 100)
  await deployment.reached('connection_lost')
  await session.run(sql`DROP TABLE other`)
  const isBack = () => deployment.events.filter(({ event }) => event === 'reverse_in_sync').length
  await expect.poll(isBack, { timeout: 30_000, message: deployment.story }).toBe(2)
  deployment.run.revert()

  expect(await deployment.run.finished, deployment.story).toBe('reverted')
  expect(await session.row(sql`SELECT COUNT(*) AS n FROM t`)).toEqual({ n: '100' })
  expect(deployment.events).toContainEqual(
    expect.objectContaining({ event: 'connection_lost', reason: 'ER_RECORD_FILE_FULL' }),
  )
})

// On MariaDB such a server could not even drop a table: what undoes a change is in the same file.
test('REFUSE-1: a server without room to begin with refuses the deployment with DISK_FULL', async ({
  mysql,
}) => {
  await using small = await aServerWithLittleRoom(mysql)
  const { root, session, target } = small
  await putTablesInto(root, 'what cannot grow')
  await createTable(session, 'other')
  await fill(session, 'other')
  // Each takes a page, also when it is empty.
  const keys = Array.from({ length: 60 }, (_, n) => `ADD KEY k${n} (id)`).join(', ')

  await expect(Deployment.stage(target, [`ALTER TABLE t ${keys}`])).rejects.toMatchObject({
    code: 'DISK_FULL',
  })

  expect(await productTables(session)).toEqual([])
})
