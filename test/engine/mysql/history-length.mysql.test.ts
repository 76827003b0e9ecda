import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { connect, type Target } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'

/** MariaDB tells everybody. */
describe('a limit of the history list', () => {
  test('is refused for an account without PROCESS: LIMIT_UNREADABLE', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
    const target = await anAccount(mysql, session)

    await expect(
      Deployment.stage(target, ['ALTER TABLE t ADD COLUMN w INT'], {
        limits: { historyLength: 1_000_000 },
      }),
    ).rejects.toMatchObject({
      code: 'LIMIT_UNREADABLE',
      message: 'The history list length cannot be read: the account may not read it.',
      next: expect.stringContaining('GRANT PROCESS'),
    })
  })
})

/** An account that can deploy, without PROCESS. */
async function anAccount(mysql: MysqlTest, root: Session): Promise<Target> {
  const user = `l${mysql.schema.slice(-20)}`
  const account = sql`${sql.lit(user)}@'127.0.0.1'`
  await root.run(sql`CREATE USER ${account} IDENTIFIED BY 'pass'`)
  onTestFinished(async () => {
    await using session = await connect({ ...mysql.target, schema: null })
    await session.run(sql`DROP USER ${account}`)
  })
  await root.run(sql`GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${account}`)
  await root.run(sql`GRANT ALL ON ${sql.id(mysql.schema)}.* TO ${account}`)
  await root.run(sql`GRANT ALL ON _crossfade.* TO ${account}`)
  return { ...mysql.target, user, password: 'pass' }
}
