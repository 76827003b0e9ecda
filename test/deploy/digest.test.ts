import { describe, expect, test } from 'vitest'
import {
  confirmCode,
  type DigestInput,
  digestOf,
  parsePlanDigest,
  shortDigest,
} from '../../src/deploy/digest.ts'
import { isDestructive, makePlan, type PlannedOperation } from '../../src/deploy/plan.ts'
import { parseCommitSha, parseDeployRequestNumber } from '../../src/deploy/request.ts'
import { OPERATION } from '../render/a-view.ts'

const INPUT: DigestInput = {
  statements: ['ALTER TABLE a ADD b INT', 'DROP TABLE c'],
  liveFingerprint: 'f1',
  engineOptions: { engine: 'shadow', version: 1 },
}

describe('digestOf', () => {
  test('stays the same for the same plan, whatever the order of the options', () => {
    const digest = digestOf({ ...INPUT, engineOptions: { version: 1, engine: 'shadow' } })

    expect(digest).toBe(digestOf(INPUT))
    expect(digest).toMatchInlineSnapshot(
      `"a9a8c54f0be8f68d35d626ac92fa03415870ad68292367a20bab47f33b32bb96"`,
    )
  })

  test.each<{ what: string; change: Partial<DigestInput> }>([
    { what: 'a statement', change: { statements: ['ALTER TABLE a ADD b INT', 'DROP TABLE d'] } },
    { what: 'the order', change: { statements: INPUT.statements.toReversed() } },
    { what: 'where one ends', change: { statements: [INPUT.statements.join('')] } },
    { what: 'the live schema', change: { liveFingerprint: 'f2' } },
    { what: 'an option', change: { engineOptions: { engine: 'shadow', version: 2 } } },
  ])('is another one when $what is another one', ({ change }) => {
    expect(digestOf({ ...INPUT, ...change })).not.toBe(digestOf(INPUT))
  })
})

describe('confirmCode', () => {
  test('is five characters that belong to one plan', () => {
    const other = digestOf({ ...INPUT, liveFingerprint: 'f2' })

    expect(confirmCode(digestOf(INPUT))).toMatch(/^[2-9A-HJ-NP-Z]{5}$/)
    expect(confirmCode(digestOf(INPUT))).toBe(confirmCode(digestOf(INPUT)))
    expect(confirmCode(other)).not.toBe(confirmCode(digestOf(INPUT)))
  })
})

describe('makePlan', () => {
  test('takes its digest from the statements in their order', () => {
    const { statements, ...live } = INPUT
    const plan = makePlan(statements.map(operation), live)

    expect(plan.digest).toBe(digestOf(INPUT))
    expect(isDestructive(plan)).toBe(false)
    expect(isDestructive({ ...plan, operations: [{ ...operation('x'), dropsData: true }] })).toBe(
      true,
    )
  })
})

describe('the brands', () => {
  test('are made from what they stand for and from nothing else', () => {
    expect(parseCommitSha('a'.repeat(40))).toBe('a'.repeat(40))
    expect(() => parseCommitSha('main')).toThrow('40 hexadecimal digits')
    expect(parseDeployRequestNumber(7)).toBe(7)
    expect(() => parseDeployRequestNumber(0)).toThrow('number from 1 on')
    expect(shortDigest(parsePlanDigest('b'.repeat(64)))).toBe('b'.repeat(12))
    expect(() => parsePlanDigest('b'.repeat(63))).toThrow('64 hexadecimal digits')
  })
})

function operation(statement: string): PlannedOperation {
  return { ...OPERATION, table: 'a', statement }
}
