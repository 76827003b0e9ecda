import { describe, expect, test } from 'vitest'
import { durationByDeploys, durationBySample } from '../../src/forecast/duration.ts'

describe('durationByDeploys', () => {
  const copy = (seconds: number) => ({ rows: 1, bytes: 1_000, seconds })

  test('takes the middle of what there was, and how far it went apart', () => {
    expect(durationByDeploys(10_000, [copy(30), copy(10), copy(12)])).toMatchObject({
      least: 102,
      seconds: 124,
      most: 315,
    })
  })

  test('trusts one or two deployments less', () => {
    expect(durationByDeploys(10_000, [copy(10)])).toMatchObject({
      least: 52,
      seconds: 104,
      most: 215,
    })
  })

  test('says nothing when nothing was copied', () => {
    expect(durationByDeploys(10_000, [])).toBeNull()
    expect(durationByDeploys(10_000, [{ rows: 1, bytes: 0, seconds: 9 }])).toBeNull()
  })
})

describe('durationBySample', () => {
  test('grows with the rows and the indexes', () => {
    const sample = { rows: 1_000, ms: 1_000 }
    const of = (rows: number, indexes: number) =>
      durationBySample({ rows, indexes }, sample).seconds

    expect(of(1_000_000, 0)).toBeGreaterThan(9 * of(100_000, 0))
    expect(of(1_000_000, 4)).toBeGreaterThan(2 * of(1_000_000, 0))
  })

  test('does not believe a server that reads faster than any writes', () => {
    const of = durationBySample({ rows: 6_000_000, indexes: 0 }, { rows: 20_000, ms: 1 })

    expect(of).toMatchObject({ least: 42, seconds: 104, most: 765 })
  })

  test('knows that an empty table takes no longer than the deployment itself', () => {
    expect(durationBySample({ rows: 0, indexes: 3 }, { rows: 0, ms: 2 })).toMatchObject({
      most: 15,
      from: 'the table is empty',
    })
  })
})
