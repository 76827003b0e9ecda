import { describe, expect, test } from 'vitest'
import { Frontier } from '../../src/engine/copy/frontier.ts'

const range = (after: bigint | null, upTo: bigint | null) => ({
  after: after === null ? null : [after],
  upTo: upTo === null ? null : [upTo],
})

describe('Frontier', () => {
  test('forgets what no copier has reached, holds what one copies, lets through what is copied', () => {
    const frontier = new Frontier(true)
    const first = range(null, 10n)
    frontier.begin(first)
    frontier.end(first)
    frontier.begin(range(10n, 20n))

    expect(frontier.stateOf([10n])).toBe('copied')
    expect(frontier.stateOf([11n])).toBe('in_flight')
    expect(frontier.stateOf([20n])).toBe('in_flight')
    expect(frontier.stateOf([21n])).toBe('not_reached')
  })

  test('reaches every key with the last chunk, also keys that come later', () => {
    const frontier = new Frontier(true)
    const last = range(null, null)
    frontier.begin(last)

    expect(frontier.stateOf([2n ** 64n])).toBe('in_flight')

    frontier.end(last)
    expect(frontier.stateOf([2n ** 64n])).toBe('copied')
  })

  test('lets through the rows of a chunk that are committed before the rest', () => {
    const frontier = new Frontier(true)
    const chunk = range(10n, 20n)
    frontier.begin(chunk)

    const rest = frontier.advance(chunk, [15n])

    expect(frontier.stateOf([15n])).toBe('copied')
    expect(frontier.stateOf([16n])).toBe('in_flight')
    frontier.end(rest)
    expect(frontier.stateOf([16n])).toBe('copied')
  })

  test('goes on where an earlier process has proven the copy complete', () => {
    const frontier = new Frontier(true)

    frontier.resumeAt([10n])

    expect(frontier.stateOf([10n])).toBe('copied')
    expect(frontier.stateOf([11n])).toBe('not_reached')
  })

  test('compares composite keys column by column', () => {
    const frontier = new Frontier(true)

    frontier.resumeAt([5n, 7n])

    expect(frontier.stateOf([5n, 7n])).toBe('copied')
    expect(frontier.stateOf([4n, 99n])).toBe('copied')
    expect(frontier.stateOf([5n, 8n])).toBe('not_reached')
  })

  test('applies every change beyond the place where the copy ends, from the beginning on', () => {
    const frontier = new Frontier(true)
    frontier.endAt([20n])

    expect(frontier.stateOf([21n])).toBe('copied')
    expect(frontier.stateOf([20n])).toBe('not_reached')
    frontier.begin(range(null, 20n))
    expect(frontier.stateOf([20n])).toBe('in_flight')
    expect(frontier.stateOf([21n])).toBe('copied')
  })

  test('lets every key through where keys cannot be ordered here', () => {
    const frontier = new Frontier(false)
    frontier.begin(range(null, 10n))

    expect(frontier.stateOf([Buffer.from('é')])).toBe('copied')
  })
})
