import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { WantedRequest } from '../../../src/engine/request.ts'
import type { Target } from '../../../src/mysql/connect.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { Deployment, productTables } from '../../support/deployment.ts'
import { type MysqlTest, test } from '../../support/mysql.ts'
import { unfinished } from './leftovers.ts'

const ADD = 'ALTER TABLE t ADD COLUMN w INT'

type LimitCase = {
  readonly name: string
  readonly limits: WantedRequest['limits']
  readonly replicas?: (target: Target) => readonly Target[]
  readonly says: string
}

const CASES: readonly LimitCase[] = [
  {
    name: 'of the replica lag without a replica',
    limits: { replicaLagMs: 2_000 },
    says: 'no replica is named',
  },
  {
    name: 'of the replica lag that is below the heartbeat',
    limits: { replicaLagMs: 200 },
    replicas: (target) => [target],
    says: 'A replica lag of 200 ms cannot be measured',
  },
  {
    name: 'of a replica that is the primary',
    limits: { replicaLagMs: 2_000 },
    replicas: (target) => [target],
    says: 'has the server_id of the primary',
  },
  {
    name: 'of a replica that does not answer',
    limits: { replicaLagMs: 2_000 },
    replicas: (target) => [{ ...target, port: 1, user: 'amy', password: 'secret' }],
    says: 'The replica lag of 127.0.0.1:1 cannot be read: no answer (ECONNREFUSED)',
  },
  {
    name: 'of a replica that refuses the password',
    limits: { replicaLagMs: 2_000 },
    replicas: (target) => [{ ...target, user: 'amy', password: 'secret' }],
    says: 'the server refuses the user or the password',
  },
  {
    name: 'by a query that is no SELECT',
    limits: { query: 'DELETE FROM t' },
    says: 'The throttle query cannot be read: it is not a SELECT.',
  },
  {
    name: 'by a query of an unknown table',
    limits: { query: 'SELECT n FROM gone' },
    says: 'it names an unknown table',
  },
]

describe('a limit that cannot be read: LIMIT_UNREADABLE', () => {
  test.for(CASES)('$name', async ({ limits, replicas, says }, { mysql }) => {
    const session = await aTable(mysql)
    const options = { ...(limits ? { limits } : {}), replicas: replicas?.(mysql.target) ?? [] }

    const refused = await Deployment.stage(mysql.target, [ADD], options).catch(
      (error: unknown) => error,
    )

    expect(refused).toMatchObject({
      code: 'LIMIT_UNREADABLE',
      message: expect.stringContaining(says),
      next: expect.stringMatching(/\.$/),
    })
    expect(String(refused)).not.toMatch(/amy|secret/)
    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, mysql.schema)).toBe(0)
  })

  test('when a deployment is taken up without its replicas', async ({ mysql }) => {
    const session = await aTable(mysql)
    const stop = new AbortController()
    const { run } = await Deployment.stage(mysql.target, [ADD], {
      limits: { query: 'SELECT 1' },
      signal: stop.signal,
    })
    stop.abort(new Error('as if it had died'))
    await run.finished.catch(() => null)
    await session.run(sql`UPDATE _crossfade.deployment
      SET request = JSON_SET(request, '$.limits.replicaLagMs', 2000) WHERE schema_name = ${mysql.schema}`)
    const row = await session.row(sql<{ id: string }>`
      SELECT id FROM _crossfade.deployment WHERE schema_name = ${mysql.schema}`)

    await expect(Deployment.resume(mysql.target, row?.id ?? '')).rejects.toMatchObject({
      code: 'LIMIT_UNREADABLE',
    })

    await session.run(sql`UPDATE _crossfade.deployment
      SET request = JSON_SET(request, '$.limits', JSON_OBJECT()) WHERE id = ${row?.id}`)
    const again = await Deployment.resume(mysql.target, row?.id ?? '')
    again.run.cancel()
    expect(await again.run.finished).toBe('cancelled')
  })
})

describe('limits that can be read', () => {
  test('let the deployment go on', async ({ mysql }) => {
    await aTable(mysql)

    const { run } = await Deployment.stage(mysql.target, [ADD], {
      cutover: 'auto',
      limits: {
        threadsRunning: 1_000,
        historyLength: 100_000_000,
        commitLatencyMs: 60_000,
        query: 'SELECT COUNT(*) FROM t WHERE id < 0',
      },
    })

    expect(await run.finished).toBe('complete')
  })
})

async function aTable(mysql: MysqlTest): Promise<Session> {
  const session = await mysql.session()
  await session.run(sql`CREATE TABLE t (id INT PRIMARY KEY)`)
  return session
}
