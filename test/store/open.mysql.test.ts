import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { Refusal } from '../../src/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { test } from '../support/mysql.ts'

describe('openStore', () => {
  test('makes the tables once, however many processes start together', async ({ mysql }) => {
    const stores = await Promise.all([1, 2, 3].map(() => openStore(mysql.url)))
    await using again = await openStore(mysql.url)

    const rows = await again.selectFrom('migration').selectAll().execute()

    expect(rows).toEqual([
      { number: 1, name: 'first-tables', applied_at: expect.any(Date) },
      { number: 2, name: 'reviews', applied_at: expect.any(Date) },
    ])
    await Promise.all(stores.map((store) => store.destroy()))
  })

  test('goes on where a process that died had stopped', async ({ mysql }) => {
    const first = await openStore(mysql.url)
    await sql`DROP TABLE lease, oidc_token`.execute(first)
    await sql`DELETE FROM migration`.execute(first)
    await first.destroy()

    await using store = await openStore(mysql.url)

    expect(await store.selectFrom('lease').selectAll().execute()).toEqual([])
    expect(await store.selectFrom('oidc_token').selectAll().execute()).toEqual([])
  })

  test('brings a store of a former version up to date', async ({ mysql }) => {
    const former = await openStore(mysql.url)
    await sql`DROP TABLE review, submission_detail`.execute(former)
    await sql`DELETE FROM migration WHERE number = 2`.execute(former)
    await former.destroy()

    await using store = await openStore(mysql.url)

    expect(await store.selectFrom('review').selectAll().execute()).toEqual([])
    expect(await store.selectFrom('submission_detail').selectAll().execute()).toEqual([])
  })

  test('refuses a store that a newer version has written, and leaves it as it is', async ({
    mysql,
  }) => {
    const newer = await openStore(mysql.url)
    await sql`INSERT INTO migration VALUES (99, 'of-tomorrow', UTC_TIMESTAMP(3))`.execute(newer)
    await newer.destroy()

    expect(await refusalOf(openStore(mysql.url))).toEqual({
      code: 'STORE_NEWER',
      message: 'The store has migration 99, this version knows 2.',
    })
  })

  test('says what is wrong with the URL or the server', async ({ mysql }) => {
    const elsewhere = mysql.url.replace(mysql.schema, 'no_such_schema')

    expect(await refusalOf(openStore('mysql://127.0.0.1/'))).toMatchObject({ code: 'BAD_URL' })
    expect(await refusalOf(openStore('mysql://127.0.0.1:1/store'))).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    })
    expect(await refusalOf(openStore(elsewhere))).toMatchObject({ code: 'DATABASE_MISSING' })
  })

  test('works in UTC, strictly, and reads what is committed', async ({ mysql }) => {
    await using store = await openStore(mysql.url)

    const settings = await sql<{ zone: string; mode: string }>`
      SELECT @@time_zone AS zone, @@sql_mode AS mode`.execute(store)
    const isolation = await sql<{ Value: string }>`
      SHOW VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')`.execute(
      store,
    )

    expect(settings.rows[0]).toMatchObject({ zone: '+00:00' })
    expect(settings.rows[0]?.mode).toContain('STRICT_ALL_TABLES')
    expect(isolation.rows.map(({ Value }) => Value)).toEqual(['READ-COMMITTED'])
  })
})

async function refusalOf(opening: Promise<AsyncDisposable>) {
  try {
    await using _store = await opening
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('nothing was refused')
}
