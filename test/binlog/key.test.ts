import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Key, keyId } from '../../src/binlog/key.ts'

const value = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.string({ maxLength: 4 }),
  fc.uint8Array({ maxLength: 4 }),
  fc.constant(null),
)

test('keyId is equal exactly when all parts of two keys are', () => {
  const key: fc.Arbitrary<Key> = fc.array(value, { minLength: 1, maxLength: 3 })
  const print = (parts: Key) =>
    JSON.stringify(
      parts.map((part) =>
        part instanceof Uint8Array ? ['b', ...part] : [typeof part, String(part)],
      ),
    )
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(keyId(a) === keyId(b)).toBe(print(a) === print(b))
      expect(keyId(a)).toBe(
        keyId(a.map((part) => (part instanceof Uint8Array ? part.slice() : part))),
      )
    }),
    { numRuns: 2000 },
  )
})

test.each<readonly [string, Key, Key]>([
  ['a number from its text', [1n], ['1']],
  ['two texts from one', ['a', 'b'], ['a1:b']],
  ['two numbers from one', [1n, 2n], [12n]],
  ['a text from its bytes', ['ab'], [Buffer.from('ab')]],
  ['NULL from a number', [null, 1n], [1n, null]],
  ['NULL from its text', [null], ['z;']],
  ['zero bytes from fewer', [Buffer.of(0)], [Buffer.of(0, 0)]],
])('keyId tells %s', (_, a, b) => {
  expect(keyId(a)).not.toBe(keyId(b))
})
