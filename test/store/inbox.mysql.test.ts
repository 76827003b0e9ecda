import { describe, expect } from 'vitest'
import type { Store } from '../../src/store/database.ts'
import {
  claimDelivery,
  type Delivery,
  failDelivery,
  finishDelivery,
  type InboxItem,
  MAX_ATTEMPTS,
  receiveDelivery,
  renewDelivery,
  retryDelayMs,
} from '../../src/store/inbox.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { test } from './a-store.ts'

const LEASE = { leaseMs: 60_000 }
const LONG_AGO = new Date('2026-01-01T00:00:00Z')

describe('receiveDelivery', () => {
  test('takes a delivery once, by its id and by its body', async ({ store }) => {
    const first = aDelivery(1, { body: '{"action":"created"}' })

    expect(await receiveDelivery(store, first)).toBe(true)
    expect(await receiveDelivery(store, first)).toBe(false)
    expect(await receiveDelivery(store, { ...first, body: '{}' })).toBe(false)
    expect(await receiveDelivery(store, { ...first, deliveryId: 'played-back' })).toBe(false)
    expect(await receiveDelivery(store, aDelivery(2))).toBe(true)
  })

  test('takes one of many that come at once', async ({ store }) => {
    const taken = await Promise.all([1, 2, 3, 4, 5].map(() => receiveDelivery(store, aDelivery(1))))

    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  test('does not cut what does not fit', async ({ store }) => {
    const subject = 'x'.repeat(300)

    await expect(receiveDelivery(store, aDelivery(1, { subject }))).rejects.toThrow('too long')
  })
})

describe('claimDelivery', () => {
  test('gives it with its body, and to nobody else', async ({ store }) => {
    await receiveDelivery(store, aDelivery(1, { body: '{"text":"📦"}' }))

    const item = await claim(store, 'a')

    expect(item).toMatchObject({ ...aDelivery(1, { body: '{"text":"📦"}' }), attempts: 1 })
    expect(await claim(store, 'b')).toBeNull()
  })

  test('keeps the order of one subject and works on several subjects at once', async ({
    store,
  }) => {
    await receiveDelivery(store, aDelivery(1, { subject: 'pull_request:1' }))
    await receiveDelivery(store, aDelivery(2, { subject: 'pull_request:1' }))
    await receiveDelivery(store, aDelivery(3, { subject: 'pull_request:2' }))

    const first = await claim(store, 'a')
    const other = await claim(store, 'b')
    const none = await claim(store, 'c')
    await finish(store, first, 'a')
    const second = await claim(store, 'c')

    expect([first, other, none, second].map((item) => item?.deliveryId ?? null)).toEqual([
      'id-1',
      'id-3',
      null,
      'id-2',
    ])
  })

  test('gives each to one of many workers that claim together', async ({ store }) => {
    const ids = Array.from({ length: 12 }, (_, index) => index)
    for (const id of ids) {
      await receiveDelivery(store, aDelivery(id, { subject: `pull_request:${id % 6}` }))
    }

    const order: string[] = []
    await Promise.all(['a', 'b', 'c', 'd'].map((owner) => workOff(store, owner, order)))

    expect([...order].sort()).toEqual(ids.map((id) => `id-${id}`).sort())
    for (const id of ids.slice(0, 6)) {
      expect(order.indexOf(`id-${id}`)).toBeLessThan(order.indexOf(`id-${id + 6}`))
    }
  })

  test('does not wait for a row that another worker is just claiming', async ({ store }) => {
    await receiveDelivery(store, aDelivery(1, { subject: 'pull_request:1' }))
    await receiveDelivery(store, aDelivery(2, { subject: 'pull_request:2' }))

    await inTransaction(store, async (trx) => {
      const first = await claimDelivery(trx, { owner: 'a', ...LEASE })
      const second = await claim(store, 'b')
      expect([first?.deliveryId, second?.deliveryId]).toEqual(['id-1', 'id-2'])
    })
  })

  test('gives it to another worker when the lease is over, and no longer listens to the first', async ({
    store,
  }) => {
    await receiveDelivery(store, aDelivery(1))
    const lost = await claim(store, 'a')
    await store.updateTable('inbox').set({ lease_until: LONG_AGO }).execute()

    const item = await claim(store, 'b')

    expect(item).toMatchObject({ deliveryId: 'id-1', attempts: 2 })
    expect(await finish(store, lost, 'a')).toBe(false)
    expect(await renewDelivery(store, { id: item?.id ?? 0, owner: 'b', ...LEASE })).toBe(true)
    expect(await finish(store, item, 'b')).toBe(true)
    expect(await finish(store, item, 'b')).toBe(false)
  })
})

describe('failDelivery', () => {
  test('lets it rest and holds up its subject meanwhile', async ({ store }) => {
    await receiveDelivery(store, aDelivery(1))
    await receiveDelivery(store, aDelivery(2))
    const item = await claim(store, 'a')
    if (!item) throw new Error('nothing to claim')

    await failDelivery(store, { ...item, owner: 'a' }, 'GitHub answered 502')
    const resting = await claim(store, 'a')
    await store.updateTable('inbox').set({ available_at: LONG_AGO }).execute()
    const again = await claim(store, 'a')

    expect(resting).toBeNull()
    expect(again).toMatchObject({ deliveryId: 'id-1', attempts: 2 })
  })

  test('gives it up after the last attempt, and its subject goes on', async ({ store }) => {
    await receiveDelivery(store, aDelivery(1))
    await receiveDelivery(store, aDelivery(2))
    await store
      .updateTable('inbox')
      .set({ attempts: MAX_ATTEMPTS - 1 })
      .where('delivery_id', '=', 'id-1')
      .execute()
    const item = await claim(store, 'a')
    if (!item) throw new Error('nothing to claim')

    await failDelivery(store, { ...item, owner: 'a' }, 'x'.repeat(5000))

    const row = await store.selectFrom('inbox').selectAll().where('id', '=', item.id).execute()
    expect(row).toMatchObject([{ state: 'failed', finished_at: expect.any(Date) }])
    expect(await claim(store, 'a')).toMatchObject({ deliveryId: 'id-2' })
  })

  test('rests longer each time, at most five minutes', () => {
    expect([1, 2, 3, 8, 20].map(retryDelayMs)).toEqual([1000, 2000, 4000, 128_000, 300_000])
  })
})

function aDelivery(id: number, changes: Partial<Delivery> = {}): Delivery {
  return {
    deliveryId: `id-${id}`,
    event: 'issue_comment',
    subject: 'pull_request:7',
    body: `{"id":${id}}`,
    ...changes,
  }
}

async function claim(store: Store, owner: string): Promise<InboxItem | null> {
  return claimDelivery(store, { owner, ...LEASE })
}

async function finish(store: Store, item: InboxItem | null, owner: string): Promise<boolean> {
  if (!item) throw new Error('nothing was claimed')
  return finishDelivery(store, { id: item.id, owner })
}

/** Claims until nothing is left at all. */
async function workOff(store: Store, owner: string, order: string[]): Promise<void> {
  for (;;) {
    const item = await claim(store, owner)
    if (item) {
      order.push(item.deliveryId)
      await finish(store, item, owner)
      continue
    }
    const { left } = await store
      .selectFrom('inbox')
      .select(({ fn }) => fn.countAll<number>().as('left'))
      .where('state', '=', 'pending')
      .executeTakeFirstOrThrow()
    if (left === 0) return
  }
}
