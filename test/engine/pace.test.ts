import { describe, expect, test } from 'vitest'
import { Pace } from '../../src/engine/copy/pace.ts'

const QUICK = { commitMs: 5, othersWrite: true }
const SLOW = { commitMs: 50, othersWrite: true }
const BASELINE = [4, 5, 5, 6, 30]

describe('Pace', () => {
  test('fast works at its limits, however slow commits are', () => {
    const pace = new Pace('fast')
    pace.setBaseline(BASELINE)

    see(pace, SLOW, 100)

    expect(effortOf(pace)).toEqual({ workers: 4, chunkMs: 250 })
  })

  test('polite begins with one worker', () => {
    expect(effortOf(new Pace('polite'))).toEqual({ workers: 1, chunkMs: 30 })
  })

  test('polite goes up while commits are as quick as before the copy', () => {
    const pace = new Pace('polite')
    pace.setBaseline(BASELINE)

    see(pace, QUICK, 10)
    expect(pace.workers).toBe(2)

    see(pace, QUICK, 20)
    expect(effortOf(pace)).toEqual({ workers: 4, chunkMs: 100 })
  })

  test('polite comes down quickly when commits are slow, and never stops', () => {
    const pace = new Pace('polite')
    pace.setBaseline(BASELINE)
    see(pace, QUICK, 30)

    see(pace, SLOW, 4)
    expect(effortOf(pace)).toEqual({ workers: 1, chunkMs: 24 })

    see(pace, SLOW, 1000)
    expect(effortOf(pace)).toEqual({ workers: 1, chunkMs: 10 })
  })

  test('polite is polite to nobody while nobody writes', () => {
    const pace = new Pace('polite')
    pace.setBaseline(BASELINE)

    see(pace, { commitMs: 500, othersWrite: false }, 4)

    expect(effortOf(pace)).toEqual({ workers: 4, chunkMs: 100 })
  })

  test('polite takes a commit of a few milliseconds for quick, also where they took less before', () => {
    const pace = new Pace('polite')
    pace.setBaseline([0, 0, 1])

    see(pace, { commitMs: 4, othersWrite: true }, 30)

    expect(pace.workers).toBe(4)
  })

  test('sizes the next chunk by time, at most twofold and within bounds', () => {
    const pace = new Pace('fast')

    expect(pace.nextRows(1_000, 500)).toBe(500)
    expect(pace.nextRows(1_000, 200)).toBe(1_250)
    expect(pace.nextRows(1_000, 0)).toBe(2_000)
    expect(pace.nextRows(60, 10_000)).toBe(50)
    expect(pace.nextRows(15_000, 0)).toBe(20_000)
    expect(new Pace('polite').nextRows(4_000, 0)).toBe(5_000)
  })
})

function see(pace: Pace, sight: typeof QUICK, times: number): void {
  for (let time = 0; time < times; time += 1) pace.observe(sight)
}

function effortOf({ workers, chunkMs }: Pace) {
  return { workers, chunkMs: Math.round(chunkMs) }
}
