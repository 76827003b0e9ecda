import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { createOrders, ordersTable, productTables } from '../support/deployment.ts'
import { type MysqlTest, NOTHING, test } from '../support/mysql.ts'
import { startWorkload } from '../support/workload.ts'

const CHANGE =
  'ALTER TABLE orders MODIFY note VARCHAR(500), ADD COLUMN status INT NOT NULL DEFAULT 0'

describe('crossfade migrate', () => {
  test('holds at the gate, cuts over and reverts on commands from standard input', async ({
    mysql,
  }) => {
    const { session, workload } = await shop(mysql)
    const cli = start(mysql, ['--alter', CHANGE, '--hold', '--revert-window', '10m', '--json'])

    const started = await cli.seen('started')
    await cli.seen('ready_to_cutover')
    cli.say('nonsense')
    expect(await cli.seen('refused')).toMatchObject({ code: 'COMMAND_UNKNOWN' })
    cli.say('cutover')
    const cutover = await cli.seen('cutover')
    await cli.seen('reverse_in_sync')
    await workload.written(100)
    cli.say('revert')
    await cli.seen('reverted')

    expect(await cli.exited).toBe(0)
    expect(started).toMatchObject({
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      tables: [
        { kind: 'alter', live: 'orders', shadow: expect.any(String), old: expect.any(String) },
      ],
    })
    expect(cutover).toMatchObject({ stalledMs: expect.any(Number) })
    const report = await workload.stop()
    expect(report.errors).toEqual([])
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  })

  test('cuts over by itself, and both tables hold the same rows', async ({ mysql }) => {
    const { session, workload } = await shop(mysql)
    await workload.stop()
    const cli = start(mysql, ['--alter', CHANGE, '--json'])

    await cli.seen('complete')

    expect(await cli.exited).toBe(0)
    const [old = ''] = await productTables(session)
    const difference = await session.rows(sql`
      SELECT id FROM orders JOIN ${sql.id(old)} AS o USING (id)
      WHERE NOT (orders.total <=> o.total AND orders.note <=> o.note AND orders.legacy <=> o.legacy)`)
    const counts = await session.row(sql<{ now: string; before: string }>`
      SELECT (SELECT COUNT(*) FROM orders) AS now, (SELECT COUNT(*) FROM ${sql.id(old)}) AS before_`)
    expect(difference).toEqual([])
    expect(counts).toMatchObject({ now: Object.values(counts ?? {})[1] })
  })

  test('goes on after kill -9 when it is given the same statement again', async ({ mysql }) => {
    const { session, workload } = await shop(mysql)
    const first = start(mysql, ['--alter', CHANGE, '--hold', '--json'])
    const { tables } = await first.seen('started')
    await first.seen('ready_to_cutover')
    first.kill()
    await first.exited

    const second = start(mysql, ['--alter', CHANGE, '--hold', '--json'])
    expect((await second.seen('started')).tables).toEqual(tables)
    await second.seen('ready_to_cutover')
    second.say('cutover')
    await second.seen('complete')

    expect(await second.exited).toBe(0)
    const report = await workload.stop()
    expect(await report.compare(session, 'orders')).toEqual(NOTHING)
  })

  test('exits 3 when cancelled, by word or by Ctrl-C, and leaves nothing behind', async ({
    mysql,
  }) => {
    const { session, workload } = await shop(mysql)
    await workload.stop()
    for (const how of ['word', 'signal'] as const) {
      const cli = start(mysql, ['--alter', CHANGE, '--hold', '--json'])
      await cli.seen('ready_to_cutover')
      if (how === 'word') cli.say('cancel')
      else cli.kill('SIGINT')

      expect(await cli.seen('cancelled')).toMatchObject({ freedBytes: expect.any(Number) })
      expect(await cli.exited).toBe(3)
    }
    expect(await productTables(session)).toEqual([])
  })

  test('tells in its status what holds the copy up', async ({ mysql }) => {
    const { session, workload } = await shop(mysql)
    await workload.stop()
    await session.run(sql`CREATE TABLE brake AS SELECT 3 AS n`)
    const limits = ['--throttle-query', 'SELECT n FROM brake', '--max-commit-latency', '1m']
    const cli = start(mysql, [
      '--alter',
      CHANGE,
      '--json',
      ...limits,
      '--max-threads-running',
      '900',
    ])

    const held = (line: Line) => line.event === 'progress' && line.throttledBy !== null
    expect(await cli.seen(held)).toMatchObject({ throttledBy: 'throttle query: 3, limit 0' })
    await session.run(sql`UPDATE brake SET n = 0`)

    await cli.seen('complete')
    expect(await cli.exited).toBe(0)
  })

  test('exits 1 with code, message and next step when the change is refused', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE orders (note TEXT)`)
    const cli = start(mysql, ['--alter', 'ALTER TABLE orders ADD x INT', '--json'])

    expect(await cli.seen('failed')).toMatchObject({
      code: 'NO_UNIQUE_KEY',
      message: expect.stringContaining('orders'),
      next: expect.stringContaining('unique key'),
    })
    expect(await cli.exited).toBe(1)
    expect(await productTables(session)).toEqual([])
  })

  test('changes a table at once with --instant, after an order', async ({ mysql }) => {
    const { session, workload } = await shop(mysql)
    await workload.stop()
    const change = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'
    const cli = start(mysql, ['--alter', change, '--instant', '--hold', '--json'])

    expect(await cli.seen('started')).toMatchObject({
      instant: [{ table: 'orders', eligible: true, reason: null }],
    })
    await cli.seen('ready_to_cutover')
    cli.say('cutover force')
    await cli.seen('complete')

    expect(await cli.exited).toBe(0)
    expect(await productTables(session)).toEqual([])
    expect(await session.rows(sql`SHOW COLUMNS FROM orders LIKE 'status'`)).toHaveLength(1)
  })

  test('says with --instant why a table is not changed, and exits 1', async ({ mysql }) => {
    const { workload } = await shop(mysql)
    await workload.stop()
    const cli = start(mysql, ['--alter', CHANGE.replace('500', '50'), '--instant', '--json'])

    expect(await cli.seen('failed')).toMatchObject({
      code: 'NOT_INSTANT',
      message: expect.stringContaining('orders: '),
    })
    expect(await cli.exited).toBe(1)
  })

  test.for([
    [['--alter', 'ALTER TABLE orders ADD x INT', '--instant', '--revert-window', '1h']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--revert-window', 'soon']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--throttle', '96']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--chunk-rows', '0']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--profile', 'quick']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--fast']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--max-replica-lag', '5s']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--replica', 'mysql://amy@db2:3306']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--max-commit-latency', '100']],
    [['--alter', 'ALTER TABLE orders ADD x INT', '--max-threads-running', '0']],
    [[]],
  ] as const)('exits 2 on wrong usage: %j', async ([args], { mysql }) => {
    const cli = start(mysql, [...args, '--json'])

    expect(await cli.seen('failed')).toMatchObject({ code: 'INPUT_INVALID' })
    expect(await cli.exited).toBe(2)
  })
})

async function shop(mysql: MysqlTest) {
  const session = await mysql.session()
  const orders = ordersTable(2_000)
  await createOrders(session, orders)
  const workload = await startWorkload({
    target: mysql.target,
    tables: [orders],
    writers: 2,
    writesPerSecond: 200,
  })
  onTestFinished(async () => void (await workload.stop()))
  return { session, workload }
}

type Line = { readonly event: string } & Readonly<Record<string, unknown>>

/** The command as a process, as a person or a script would start it. */
function start(mysql: MysqlTest, args: readonly string[]) {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, 'migrate', '--url', mysql.url, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: Line[] = []
  const output = createInterface({ input: child.stdout })
  output.on('line', (line) => lines.push(JSON.parse(line)))
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const closed = once(output, 'close')
  return {
    exited,
    say: (line: string) => void child.stdin.write(`${line}\n`),
    kill: (signal: NodeJS.Signals = 'SIGKILL') => void child.kill(signal),
    /** The first line with this event, or that is so, now or when it comes. */
    seen: async (wanted: string | ((line: Line) => boolean)): Promise<Line> => {
      const is = (line: Line) => (typeof wanted === 'string' ? line.event === wanted : wanted(line))
      for (;;) {
        const found = lines.find(is)
        if (found) return found
        const next = await Promise.race([once(output, 'line'), closed.then(() => null)])
        if (next === null && !lines.some(is)) {
          throw new Error(`ended before ${wanted}: ${JSON.stringify(lines.at(-1))}`)
        }
      }
    },
  }
}
