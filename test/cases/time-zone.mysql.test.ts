import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import { startThrowaway } from '../../src/mysql/throwaway.ts'
import { Deployment } from '../support/deployment.ts'
import { FLAVOUR, test } from '../support/mysql.ts'

const CHANGE =
  'MODIFY opened TIMESTAMP NULL, MODIFY closed DATETIME(3) NULL, MODIFY noted VARCHAR(30) NULL'

describe('between TIMESTAMP and a clock', () => {
  test('goes by the time zone of the server, there and back', async () => {
    await using server = await startThrowaway(FLAVOUR, {
      env: process.env,
      args: ['--default-time-zone=+05:00'],
    })
    await using admin = await connect(parseTarget(server.url()))
    await admin.run(sql`CREATE DATABASE shop`)
    const target = parseTarget(server.url('shop'))
    await using application = await connect(target)
    await application.run(sql`SET SESSION time_zone = @@GLOBAL.time_zone`)
    await application.run(sql`CREATE TABLE visits (
      id INT PRIMARY KEY, opened DATETIME NULL, closed TIMESTAMP(3) NULL, noted TIMESTAMP NULL)`)
    await application.run(sql`INSERT INTO visits VALUES
      (1, '2024-01-01 12:00:00', '2024-07-01 12:00:00.250', '2024-07-01 12:00:00'),
      (2, '0000-00-00 00:00:00', NULL, NULL),
      (3, NULL, '1970-01-01 05:00:01', '2038-01-19 08:14:07')`)
    await application.run(sql`CREATE TABLE expected LIKE visits`)
    await application.run(sql`INSERT INTO expected SELECT * FROM visits`)
    await application.run(sql`ALTER TABLE expected ${sql.raw(CHANGE)}`)

    const deployment = await Deployment.stage(target, [`ALTER TABLE visits ${CHANGE}`], {
      cutover: 'auto',
      revertWindowMs: 600_000,
    })
    await deployment.reached('reverse_in_sync')
    expect(await rowsOf(application, 'visits')).toEqual(await rowsOf(application, 'expected'))
    await application.run(sql`UPDATE visits SET opened = '2024-02-02 02:02:02',
      closed = '2024-03-03 03:03:03', noted = '2024-04-04 04:04:04' WHERE id = 1`)
    deployment.run.revert()
    await deployment.reached('reverted')

    expect((await rowsOf(application, 'visits'))[0]).toMatchObject({
      opened: '2024-02-02 02:02:02',
      closed: '2024-03-03 03:03:03.000',
      noted: '2024-04-04 04:04:04',
    })
  })
})

async function rowsOf(session: Session, table: string): Promise<readonly unknown[]> {
  return await session.rows(sql`SELECT * FROM ${sql.id(table)} ORDER BY id`)
}
