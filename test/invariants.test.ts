import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const ids = [...readFileSync('docs/invariants.md', 'utf8').matchAll(/^\| ([A-Z]+-\d+) \|/gm)].map(
  ([, id = '']) => id,
)
const tests = globSync('test/**/*.test.ts').map((file) => readFileSync(file, 'utf8'))

test('the list of invariants is read', () => {
  expect(ids.length).toBeGreaterThan(10)
})

test.each(ids.map((id) => ({ id })))('$id is named by a test that attacks it', ({ id }) => {
  const named = new RegExp(`['"\`]${id}: `)

  expect(tests.some((text) => named.test(text))).toBe(true)
})

test('every id in a test is one of the list', () => {
  const used = tests.flatMap((text) =>
    [...text.matchAll(/['"`]([A-Z]+-\d+): /g)].map(([, id]) => id),
  )

  expect([...new Set(used)].filter((id) => id !== undefined && !ids.includes(id))).toEqual([])
})
