import { sql } from 'kysely'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import type { Session } from '../../src/mysql/session.ts'
import type { ThrowawayServer } from '../../src/mysql/throwaway.ts'
import { Deployment } from '../support/deployment.ts'
import type { Measurement } from './measurement.ts'

/** Copies a sysbench-like table of `rows` rows by the engine, by one statement, and by the server's own ALTER. */
export async function benchCopy(
  server: ThrowawayServer,
  rows: number,
): Promise<readonly Measurement[]> {
  const target = parseTarget(server.url('bench_copy'))
  await using admin = await connect({ ...target, schema: null })
  await admin.run(sql`CREATE DATABASE bench_copy`)
  await using session = await connect(target)
  await seed(session, rows)

  const memory = new PeakMemory()
  const copyMs = await engineCopyMs(target, memory)
  const insertMs = await timed(async () => {
    await session.run(sql`CREATE TABLE whole LIKE sbtest`)
    await session.run(sql`INSERT INTO whole SELECT * FROM sbtest`)
  })
  await session.run(sql`DROP TABLE whole`)
  const alterMs = await timed(() =>
    session.run(sql`ALTER TABLE sbtest MODIFY pad CHAR(70) NOT NULL, ALGORITHM=COPY`),
  )
  await admin.run(sql`DROP DATABASE bench_copy`)
  const ratio = (copyMs / insertMs).toFixed(2)
  return [
    {
      work: `copy ${rows} rows, engine`,
      value: copyMs / 1000,
      unit: 's',
      note: `${ratio} x INSERT SELECT`,
    },
    { work: 'one INSERT … SELECT', value: insertMs / 1000, unit: 's', note: '' },
    { work: 'ALTER … ALGORITHM=COPY', value: alterMs / 1000, unit: 's', note: 'blocks writes' },
    {
      work: 'memory of the process',
      value: memory.peakMiB,
      unit: 'MiB',
      note: 'peak RSS during the copy',
    },
  ]
}

/** From the start of the deployment until the last row is copied; verification is not part of it. */
async function engineCopyMs(
  target: ReturnType<typeof parseTarget>,
  memory: PeakMemory,
): Promise<number> {
  const begunAt = performance.now()
  const deployment = await Deployment.stage(target, [
    'ALTER TABLE sbtest MODIFY pad CHAR(65) NOT NULL',
  ])
  while (['starting', 'copying'].includes(deployment.run.status().phase)) {
    memory.look()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const tookMs = performance.now() - begunAt
  await deployment.reached('ready_to_cutover')
  deployment.run.cancel()
  await deployment.run.finished
  return tookMs
}

async function seed(session: Session, rows: number): Promise<void> {
  await session.run(sql`CREATE TABLE sbtest (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL DEFAULT 0,
    c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', KEY k_1 (k))`)
  await session.run(sql`SET SESSION cte_max_recursion_depth = 4294967295`)
  await session.run(sql`INSERT INTO sbtest (k, c, pad)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${sql.lit(rows)})
    SELECT FLOOR(RAND() * ${sql.lit(rows)}), LEFT(SHA2(i, 512), 120), SHA2(i, 224) FROM n`)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begunAt = performance.now()
  await work()
  return performance.now() - begunAt
}

class PeakMemory {
  peakMiB = 0

  look(): void {
    this.peakMiB = Math.max(this.peakMiB, process.memoryUsage.rss() / 1_048_576)
  }
}
