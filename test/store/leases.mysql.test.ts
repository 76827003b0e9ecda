import { describe, expect } from 'vitest'
import { claimLease, releaseLease, renewLease } from '../../src/store/leases.ts'
import { useTokenOnce } from '../../src/store/oidc-tokens.ts'
import { findProjection, forgetProjection, saveProjection } from '../../src/store/projections.ts'
import { test } from './a-store.ts'

const LONG_AGO = new Date('2026-01-01T00:00:00Z')
const TTL = 60_000
const A = { name: 'deployment:1', owner: 'a' }
const B = { name: 'deployment:1', owner: 'b' }

describe('a lease', () => {
  test('belongs to one of many that claim it at once', async ({ store }) => {
    const owners = ['a', 'b', 'c', 'd', 'e', 'f']

    const claims = await Promise.all(
      owners.map((owner) => claimLease(store, { name: 'deployment:1', owner }, TTL)),
    )

    expect(claims.filter(Boolean)).toHaveLength(1)
  })

  test('stays with its owner until it is given back', async ({ store }) => {
    expect(await claimLease(store, A, TTL)).toBe(true)
    expect(await claimLease(store, A, TTL)).toBe(true)
    expect(await claimLease(store, B, TTL)).toBe(false)
    expect(await renewLease(store, B, TTL)).toBe(false)
    await releaseLease(store, B)
    expect(await renewLease(store, A, TTL)).toBe(true)
    await releaseLease(store, A)
    expect(await claimLease(store, B, TTL)).toBe(true)
  })

  test('goes to another when its time is over, and cannot be renewed then', async ({ store }) => {
    await claimLease(store, A, TTL)
    await store.updateTable('lease').set({ expires_at: LONG_AGO }).execute()

    expect(await renewLease(store, A, TTL)).toBe(false)
    expect(await claimLease(store, B, TTL)).toBe(true)
    expect(await claimLease(store, A, TTL)).toBe(false)
  })

  test('ends by the clock of the database', async ({ store }) => {
    expect(await claimLease(store, A, -1)).toBe(true)
    expect(await claimLease(store, B, TTL)).toBe(true)
  })
})

describe('a projection', () => {
  test('remembers the last thing written until it is forgotten', async ({ store }) => {
    const written = { subject: 'comment:42:7', githubId: 1, hash: 'a'.repeat(64) }
    const later = { ...written, githubId: 9_007_199_254_740, hash: 'b'.repeat(64) }

    await saveProjection(store, written)
    await saveProjection(store, later)

    expect(await findProjection(store, written.subject)).toEqual({
      ...later,
      writtenAt: expect.any(Date),
    })
    await forgetProjection(store, written.subject)
    expect(await findProjection(store, written.subject)).toBeNull()
  })
})

describe('useTokenOnce', () => {
  test('lets a token through once, and one of many at once', async ({ store }) => {
    const until = new Date('2100-01-01T00:00:00Z')

    const uses = await Promise.all([1, 2, 3, 4].map(() => useTokenOnce(store, 'jti-1', until)))

    expect(uses.filter(Boolean)).toHaveLength(1)
    expect(await useTokenOnce(store, 'jti-1', until)).toBe(false)
    expect(await useTokenOnce(store, 'jti-2', until)).toBe(true)
  })

  test('forgets tokens that have expired', async ({ store }) => {
    await useTokenOnce(store, 'old', LONG_AGO)
    await useTokenOnce(store, 'new', new Date('2100-01-01T00:00:00Z'))

    const rows = await store.selectFrom('oidc_token').select('jti').execute()

    expect(rows).toEqual([{ jti: 'new' }])
  })
})
