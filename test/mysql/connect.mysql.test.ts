import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect } from '../../src/mysql/connect.ts'
import { readServer } from '../../src/mysql/server.ts'
import { test } from '../support/mysql.ts'

describe('connect', () => {
  test('opens a session with the settings that the proofs rely on', async ({ mysql }) => {
    const session = await mysql.session()

    const row = await session.row(
      sql<{ mode: string; zone: string }>`SELECT @@sql_mode AS mode, @@time_zone AS zone`,
    )

    expect(row?.mode).toContain('STRICT_ALL_TABLES')
    expect(row?.mode).toContain('NO_AUTO_VALUE_ON_ZERO')
    expect(row?.zone).toBe('+00:00')
    expect((await readServer(session)).flavour).toBe(mysql.flavour)
  })

  test('refuses a wrong password without repeating it', async ({ mysql }) => {
    const opening = connect({ ...mysql.target, password: 'hunter2' })

    const error = await opening.catch((caught: unknown) => caught)

    expect(error).toMatchObject({ code: 'ACCESS_DENIED' })
    expect(String(error)).not.toContain('hunter2')
  })

  test('refuses a schema that does not exist', async ({ mysql }) => {
    await expect(connect({ ...mysql.target, schema: 'nowhere' })).rejects.toMatchObject({
      code: 'DATABASE_MISSING',
    })
  })

  test('refuses a server that does not answer', async ({ mysql }) => {
    await expect(connect({ ...mysql.target, port: 1 })).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    })
  })
})
