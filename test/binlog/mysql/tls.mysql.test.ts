import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { test } from '../../support/mysql.ts'
import { collect, keysOf, write } from '../collect.ts'

describe('the change stream over TLS', () => {
  test('gives the same keys', async ({ mysql }) => {
    const session = await mysql.session()
    await session.run(sql`CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(200))`)
    const ids = Array.from({ length: 2_000 }, (_, index) => index)

    const written = await write(session, mysql.target, async () => {
      const rows = ids.map((id) => sql`(${id}, ${'x'.repeat(200)})`)
      await session.run(sql`INSERT INTO orders VALUES ${sql.join(rows)}`)
    })

    const target = { ...mysql.target, tls: 'on' as const }
    const keys = keysOf((await collect({ ...written, target })).flat(), 'orders').flat()
    expect(keys.map(Number)).toEqual(ids)
  })
})
