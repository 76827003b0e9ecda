import { sql } from 'kysely'
import { describe, expect, onTestFinished } from 'vitest'
import { connect } from '../../src/mysql/connect.ts'
import { killConnection } from '../../src/mysql/locks.ts'
import { test } from '../support/mysql.ts'

describe('killConnection', () => {
  test('ends a connection once, and says when there is none', async ({ mysql }) => {
    const session = await mysql.session()
    const other = await connect(mysql.target)

    expect(await killConnection(session, other.threadId)).toBe('killed')
    await expect(other.rows(sql`SELECT 1`)).rejects.toThrow()
    expect(await killConnection(session, 2 ** 31)).toBe('gone')
  })

  test('says when the account may not end it', async ({ mysql }) => {
    const session = await mysql.session()
    const user = `u${process.pid}_${mysql.schema.length}`
    await session.run(sql`CREATE USER ${sql.raw(`'${user}'@'%'`)} IDENTIFIED BY 'secret'`)
    onTestFinished(async () => {
      await using admin = await connect({ ...mysql.target, schema: null })
      await admin.run(sql`DROP USER ${sql.raw(`'${user}'@'%'`)}`)
    })
    await session.run(sql`GRANT SELECT ON ${sql.id(mysql.schema)}.* TO ${sql.raw(`'${user}'@'%'`)}`)
    const weak = await connect({ ...mysql.target, user, password: 'secret' })

    expect(await killConnection(weak, session.threadId)).toBe('denied')

    await weak[Symbol.asyncDispose]()
    expect(await session.row(sql`SELECT 'alive' AS state`)).toEqual({ state: 'alive' })
  })
})
