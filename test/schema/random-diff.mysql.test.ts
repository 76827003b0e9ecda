import { expect, inject } from 'vitest'
import { FLAVOUR, test } from '../support/mysql.ts'
import { type PairResult, PairServer } from './pairs/pair.ts'

/** `npm run pairs` plays thousands. */
const [FIRST_SEED, PAIRS] = [20_260_100, 15]

test('DIFF-1: the difference of any two schemas turns the one into the other, and back', {
  timeout: 120_000,
}, async ({ mysql }) => {
  await using pairs = await PairServer.open(inject('serverUrl'), FLAVOUR, mysql.schema)
  const results: PairResult[] = []
  for (let at = 0; at < PAIRS; at += 1) results.push(await pairs.play(FIRST_SEED + at))

  expect(results.flatMap(({ seed, problems }) => problems.map((text) => [seed, text]))).toEqual([])
  const sum = (count: (result: PairResult) => number) =>
    results.reduce((total, result) => total + count(result), 0)
  expect(sum(({ statements }) => statements)).toBeGreaterThan(PAIRS)
  expect(sum(({ refused }) => refused)).toBeLessThan(sum(({ drawn }) => drawn) / 2)
})
