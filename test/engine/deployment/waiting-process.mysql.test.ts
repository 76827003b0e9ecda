import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { saveRevertImpossible } from '../../../src/engine/checkpoint.ts'
import { discardDeployment } from '../../../src/engine/leftover.ts'
import type { Session } from '../../../src/mysql/session.ts'
import { createOrders, Deployment, ordersTable } from '../../support/deployment.ts'
import { test } from '../../support/mysql.ts'

const CHANGE = 'ALTER TABLE orders ADD COLUMN status INT NOT NULL DEFAULT 0'

describe('a process that waits for a deployment until the one that works on it has ended it', () => {
  test('tells how that ended', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    const request = { cutover: 'auto', revertWindowMs: 600_000, id: 'in_turn' } as const
    const first = await Deployment.stage(mysql.target, [CHANGE], request)
    await first.reached('reverse_in_sync')

    const second = await Deployment.resume(mysql.target, 'in_turn')
    await claimWaits(session, 'in_turn')
    first.run.skipRevert()

    expect(await first.run.finished).toBe('complete')
    expect(await second.run.finished, second.story).toBe('complete')
    expect(second.story).toBe('cutover → complete')
  })

  test('REVERT-1: keeps a way back closed that was closed meanwhile', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    const crash = new AbortController()
    const request = { cutover: 'auto', revertWindowMs: 600_000, id: 'closed_meanwhile' } as const
    const options = { ...request, signal: crash.signal }
    const first = await Deployment.stage(mysql.target, [CHANGE], options)
    await first.reached('reverse_in_sync')

    const second = await Deployment.resume(mysql.target, 'closed_meanwhile')
    await claimWaits(session, 'closed_meanwhile')
    const impossible = { since: new Date(), reason: 'a row that does not fit' }
    await saveRevertImpossible(session, 'closed_meanwhile', impossible)
    crash.abort(new Error('killed'))
    await expect(first.run.finished).rejects.toThrow('killed')

    await second.reached('revert_impossible')
    expect(() => second.run.revert()).toThrow(
      expect.objectContaining({ code: 'REVERT_IMPOSSIBLE' }),
    )
    second.run.skipRevert()
    expect(await second.run.finished).toBe('complete')
  })

  test('discards nothing', async ({ mysql }) => {
    const session = await mysql.session()
    await createOrders(session, ordersTable(10))
    const request = { revertWindowMs: null, quarantineMs: 600_000, id: 'not_mine' } as const
    const first = await Deployment.stage(mysql.target, [CHANGE], request)
    await first.reached('ready_to_cutover')

    const refused = expect(discardDeployment(mysql.target, 'not_mine')).rejects.toMatchObject({
      code: 'CHECKPOINT_MISSING',
    })
    await claimWaits(session, 'not_mine')
    first.run.cutover()

    expect(await first.run.finished).toBe('complete')
    await refused
    const row = await session.row(
      sql`SELECT outcome FROM _crossfade.deployment WHERE id = 'not_mine'`,
    )
    expect(row).toEqual({ outcome: 'complete' })
  })
})

/** Resolves when somebody waits for the deployment that another has claimed. */
async function claimWaits(session: Session, id: string): Promise<void> {
  const waiting = () =>
    session.rows(sql`SELECT ID FROM information_schema.PROCESSLIST
      WHERE INFO LIKE ${`SELECT GET_LOCK(%${id}%`} AND ID <> CONNECTION_ID()`)
  await expect.poll(waiting, { interval: 10 }).not.toEqual([])
}
