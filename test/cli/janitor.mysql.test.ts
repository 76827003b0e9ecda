import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { prepareEngineSchema } from '../../src/engine/engine-schema.ts'
import { type MysqlTest, test } from '../support/mysql.ts'

const OVER = 'orders__xf_drop_202001010000_a1b2c3'
const WAITS = 'users__xf_drop_210001010000_d4e5f6'

describe('crossfade janitor', () => {
  test('lists what waits, and drops what is over', async ({ mysql }) => {
    const session = await quarantined(mysql)

    const dry = await run(mysql, '--dry-run')
    expect(dry).toEqual({
      status: 0,
      lines: [
        expect.stringMatching(`^would drop ${OVER} .* MiB  until 2020-01-01 00:00 UTC$`),
        expect.stringMatching(`^waits      ${WAITS} .* MiB  until 2100-01-01 00:00 UTC$`),
      ],
    })
    expect(await tables(session)).toEqual([OVER, WAITS])

    const { status, lines } = await run(mysql, '--json')
    expect(status).toBe(0)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'dropped', table: OVER, deploymentId: 'd1', bytes: expect.any(Number) },
      { event: 'waiting', table: WAITS, keepUntil: '2100-01-01T00:00:00.000Z' },
    ])
    expect(await tables(session)).toEqual([WAITS])
  })

  test('drops what is named, and refuses what is not in quarantine', async ({ mysql }) => {
    const session = await quarantined(mysql)

    const refused = await run(mysql, '--drop-now', 'orders')
    expect(refused).toEqual({
      status: 1,
      lines: [expect.stringMatching(/^TABLE_MISSING: No table orders is in quarantine\./)],
    })
    expect(await run(mysql, '--drop-now', WAITS)).toMatchObject({ status: 0 })

    expect(await tables(session)).toEqual([OVER])
  })

  test('says when there is nothing to do, and what it needs', async ({ mysql }) => {
    expect(await run(mysql)).toEqual({ status: 0, lines: ['Nothing is in quarantine.'] })
    expect(await runAlone('janitor')).toMatchObject({ status: 2 })
    expect(await runAlone('janitor', '--help')).toMatchObject({ status: 0 })
  })
})

/** Two tables in quarantine, the first of which has been there long enough. */
async function quarantined(mysql: MysqlTest) {
  const session = await mysql.session()
  await prepareEngineSchema(session)
  for (const [name, until] of [
    [OVER, '2020-01-01'],
    [WAITS, '2100-01-01'],
  ] as const) {
    await session.run(sql`CREATE TABLE ${sql.id(name)} (id INT PRIMARY KEY)`)
    await session.run(sql`INSERT INTO _crossfade.quarantine
      VALUES (${mysql.schema}, ${name}, 'd1', ${until})`)
  }
  return session
}

async function tables(session: Awaited<ReturnType<typeof quarantined>>): Promise<string[]> {
  const rows = await session.rows(sql<{ name: string }>`
    SELECT TABLE_NAME AS name FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME`)
  return rows.map(({ name }) => name)
}

async function run({ url }: MysqlTest, ...args: readonly string[]) {
  return await runAlone('janitor', '--url', url, ...args)
}

async function runAlone(...args: readonly string[]) {
  const lines: string[] = []
  const status = await main(args, {
    out: (line) => lines.push(line),
    err: (line) => lines.push(line),
    lines: (async function* () {})(),
    onInterrupt: () => undefined,
    env: {},
  })
  return { status, lines }
}
