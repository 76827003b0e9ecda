import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { Deployment } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

describe('a server that takes no change for a while, as under a backup', () => {
  test('is asked again before a deployment begins, the first and every other one', async ({
    mysql,
  }) => {
    await using server = await startThrowaway(mysql.flavour, { env: process.env })
    await using backup = await connect({ ...parseTarget(server.url()), schema: null })
    await using watcher = await connect({ ...parseTarget(server.url()), schema: null })
    await backup.run(sql`CREATE DATABASE shop`)
    await backup.run(sql`CREATE TABLE shop.t (id INT PRIMARY KEY)`)
    const target = parseTarget(server.url('shop'))

    for (const column of ['first', 'second']) {
      await backup.run(sql`FLUSH TABLES WITH READ LOCK`)
      const staging = Deployment.stage(target, [`ALTER TABLE t ADD COLUMN ${column} INT`])
      const staged = await Promise.race([staging, untilAskedAgain(watcher)])
      expect(staged, 'staged under the lock').toBeUndefined()
      await backup.run(sql`UNLOCK TABLES`)

      const { run } = await staging
      run.cancel()
      expect(await run.finished).toBe('cancelled')
    }
  })
})

/** Resolves when a statement waits that has come after another one has waited in vain. */
async function untilAskedAgain(watcher: Session): Promise<void> {
  for (let longest = 0; ; ) {
    const row = await watcher.row(sql<{ seconds: string }>`
      SELECT TIME AS seconds FROM information_schema.PROCESSLIST
      WHERE STATE LIKE 'Waiting for%lock%'`)
    const seconds = row === null ? longest : Number(row.seconds)
    if (seconds < longest) return
    longest = seconds
  }
}
