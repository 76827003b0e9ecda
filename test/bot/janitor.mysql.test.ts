import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { runJanitor } from '../../bot/janitor.ts'
import { createLog } from '../../bot/log.ts'
import { systemClock } from '../../src/clock.ts'
import { prepareEngineSchema } from '../../src/engine/engine-schema.ts'
import { test } from '../support/mysql.ts'

const OVER = 'orders__xf_drop_202001010000_a1b2c3'

describe('runJanitor', () => {
  test('drops what is over on every server that answers, and ends with the bot', async ({
    mysql,
  }) => {
    const session = await mysql.session()
    await prepareEngineSchema(session)
    await session.run(sql`CREATE TABLE ${sql.id(OVER)} (id INT PRIMARY KEY)`)
    await session.run(sql`INSERT INTO _crossfade.quarantine
      VALUES (${mysql.schema}, ${OVER}, 'd1', '2020-01-01')`)
    const stop = new AbortController()
    const lines: string[] = []
    const log = createLog((line) => lines.push(line), systemClock.now)

    const coming = runJanitor({
      // Nobody listens on the first one's port.
      targets: [{ ...mysql.target, port: 1 }, mysql.target],
      clock: systemClock,
      log,
      signal: stop.signal,
    })
    await expect.poll(() => lines.length, { timeout: 20_000 }).toBe(2)
    stop.abort(new Error('the bot is stopping'))
    await coming

    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', code: 'DATABASE_UNREACHABLE' },
      { level: 'info', table: OVER, deploymentId: 'd1' },
    ])
    const left = await session.rows(sql`SELECT 1 FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = DATABASE()`)
    expect(left).toEqual([])
  })
})
