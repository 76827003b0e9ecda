import { sql } from 'kysely'
import { expect } from 'vitest'
import { openEngineSchema, prepareEngineSchema } from '../../src/engine/engine-schema.ts'
import { connect, parseTarget } from '../../src/mysql/connect.ts'
import { ENGINE_SCHEMA } from '../../src/mysql/identifier.ts'
import type { Session } from '../../src/mysql/session.ts'
import { startThrowaway } from '../../src/mysql/throwaway.ts'
import { test } from '../support/mysql.ts'

test('the tables of an earlier version are completed before they are read', async ({ mysql }) => {
  // A server of its own: all deployments of a server share these tables.
  await using server = await startThrowaway(mysql.flavour, { env: process.env })
  await using session = await connect(parseTarget(server.url()))
  expect(await openEngineSchema(session)).toBe(false)
  await prepareEngineSchema(session)
  const wanted = await layout(session)
  await session.run(sql`ALTER TABLE ${sql.id(ENGINE_SCHEMA, 'deployment')}
    DROP COLUMN ending, DROP COLUMN revert_impossible, DROP COLUMN copy_ends`)
  for (const later of ['foreign_key', 'quarantine']) {
    await session.run(sql`DROP TABLE ${sql.id(ENGINE_SCHEMA, later)}`)
  }

  expect(await openEngineSchema(session)).toBe(true)

  expect(await layout(session)).toEqual(wanted)
})

async function layout(session: Session): Promise<readonly string[]> {
  const rows = await session.rows(sql<{ name: string }>`
    SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME, ' ', COLUMN_TYPE) AS name FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = ${ENGINE_SCHEMA} ORDER BY name`)
  return rows.map(({ name }) => name)
}
