import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { Deployment, productTables } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'
import { addRows, aServerWithLittleRoom, createTable, putTablesInto } from '../a-small-server.ts'
import { unfinished } from './leftovers.ts'

const ADD = ['ALTER TABLE t ADD COLUMN w INT']

describe('a server without room', () => {
  test('REFUSE-1: for the copy ends the deployment with DISK_FULL, and the copy goes away', async ({
    mysql,
  }) => {
    await using small = await aServerWithLittleRoom(mysql)
    const { root, session, target } = small
    await createTable(session, 'other')
    await addRows(session, 't', 5_000)
    await putTablesInto(root, 'what cannot grow')

    const deployment = await Deployment.stage(target, ADD)

    expect(await deployment.run.finished).toBe('failed')
    expect(deployment.failure).toMatchObject({
      code: 'DISK_FULL',
      message: 'The server has no room for the copy (error 1114).',
    })
    expect(await productTables(session)).toEqual([])
    expect(await unfinished(session, 'shop')).toBe(0)
    expect(await session.row(sql`SELECT COUNT(*) AS n FROM t`)).toEqual({ n: '5000' })
    // What the copy took is free again.
    await addRows(session, 'other', 100)
  })
})
