import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connectLimited } from '../../src/mysql/scratch-account.ts'
import { startThrowaway } from '../../src/mysql/throwaway.ts'
import { canonicalise } from '../../src/schema/canonical.ts'
import { checkSchemaFile } from '../../src/schema/file/allow-list.ts'
import { test } from '../support/mysql.ts'

describe('connectLimited', () => {
  test('gives a session that can make scratch schemas and nothing else', async ({ mysql }) => {
    await using server = await startThrowaway(mysql.flavour, { env: process.env })
    await using session = await connectLimited(server.url())

    const files = 'CREATE TABLE t (id INT PRIMARY KEY); CREATE VIEW v AS SELECT id FROM t;'
    const schema = await canonicalise(session, checkSchemaFile(files, 'x.sql'))

    expect([...schema.tables.keys(), ...schema.views.keys()]).toEqual(['t', 'v'])
    for (const statement of [
      sql`CREATE DATABASE other`,
      sql`SELECT User FROM mysql.user`,
      sql`SET GLOBAL max_connections = 7`,
      sql`SELECT 1 INTO OUTFILE '/var/tmp/crossfade-canary'`,
      sql`CREATE USER intruder`,
    ]) {
      await expect(session.run(statement)).rejects.toThrow(/denied/i)
    }
  })
})
