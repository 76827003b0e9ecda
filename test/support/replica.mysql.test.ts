import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import { test } from './mysql.ts'
import { startReplicaPair } from './replica.ts'

describe('startReplicaPair', () => {
  test('replicates, lags when it is held up, and takes over', async ({ mysql }) => {
    await using pair = await startReplicaPair(mysql.flavour)
    await using primary = await connect(parseTarget(pair.primary.url()))
    await using replica = await connect(parseTarget(pair.replica.url()))
    const rows = async () => (await replica.rows(sql`SELECT id FROM shop.t`)).length

    await primary.run(sql`CREATE DATABASE shop`)
    await primary.run(sql`CREATE TABLE shop.t (id INT PRIMARY KEY)`)
    await primary.run(sql`INSERT INTO shop.t VALUES (1)`)
    await pair.caughtUp()
    expect(await rows()).toBe(1)

    await pair.holdUp()
    await primary.run(sql`INSERT INTO shop.t VALUES (2)`)
    expect(await rows()).toBe(1)

    await pair.goOn()
    await pair.caughtUp()
    expect(await rows()).toBe(2)

    await pair.primary.kill()
    await pair.promote()
    await replica.run(sql`INSERT INTO shop.t VALUES (3)`)
    expect(await rows()).toBe(3)
    expect(
      await replica.rows(sql`SHOW GLOBAL VARIABLES WHERE Variable_name = 'read_only'`),
    ).toMatchObject([{ Value: 'OFF' }])
  })
})
