import { writeFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { expect, test as plain } from 'vitest'
import { connect, parseTarget } from '../../../src/mysql/connect.ts'
import { readBinlogEnd } from '../../../src/mysql/server.ts'
import { startThrowaway } from '../../../src/mysql/throwaway.ts'
import { Deployment } from '../../support/deployment.ts'
import { FLAVOUR } from '../../support/mysql.ts'

/** Without GTIDs a position is a file and an offset, and files are put in order by their numbers. */
const ARGS = { mysql: ['--gtid-mode=OFF'], mariadb: [] } as const

plain(
  'CHECKPOINT-1: a deployment goes on from binlog.999999 to binlog.1000000, also when resumed',
  async () => {
    await using server = await startThrowaway(FLAVOUR, { env: process.env, args: ARGS[FLAVOUR] })
    {
      await using before = await connect(parseTarget(server.url()))
      await before.run(sql`CREATE DATABASE shop`)
      const row = await before.row(sql<{ path: string }>`SELECT @@log_bin_basename AS path`)
      await server.kill()
      // The server gives its next file the number after the highest that it finds.
      await writeFile(`${row?.path}.999998`, '')
      await server.start()
    }
    const target = parseTarget(server.url('shop'))
    await using session = await connect(target)
    await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY, v INT)`)
    await session.run(sql`INSERT INTO t VALUES (1, 1), (2, 2)`)
    const files = [await fileNow()]
    const stop = new AbortController()
    const first = await Deployment.stage(target, ['ALTER TABLE t ADD COLUMN w INT DEFAULT 3'], {
      signal: stop.signal,
      revertWindowMs: 600_000,
    })
    await first.reached('ready_to_cutover')
    await session.run(sql`UPDATE t SET v = 10 WHERE id = 1`)
    await session.run(sql`FLUSH BINARY LOGS`)
    files.push(await fileNow())
    await session.run(sql`INSERT INTO t VALUES (3, 3)`)

    stop.abort()
    await first.run.finished.catch(() => null)
    await session.run(sql`DELETE FROM t WHERE id = 2`)
    const [{ id } = { id: '' }] = await session.rows(
      sql<{ id: string }>`SELECT id FROM _crossfade.deployment WHERE outcome IS NULL`,
    )
    const resumed = await Deployment.resume(target, id)
    await resumed.reached('ready_to_cutover')
    resumed.run.cutover()
    await resumed.reached('reverse_in_sync')
    await session.run(sql`FLUSH BINARY LOGS`)
    files.push(await fileNow())
    await session.run(sql`INSERT INTO t (id, v) VALUES (4, 4)`)
    resumed.run.revert()

    expect(await resumed.run.finished, resumed.story).toBe('reverted')
    expect(await session.rows(sql`SELECT id, v FROM t ORDER BY id`)).toEqual([
      { id: 1, v: 10 },
      { id: 3, v: 3 },
      { id: 4, v: 4 },
    ])
    expect(files.map((file) => file.replace(/^.*\./, ''))).toEqual(['999999', '1000000', '1000001'])

    async function fileNow(): Promise<string> {
      return (await readBinlogEnd(session))?.file ?? ''
    }
  },
)
