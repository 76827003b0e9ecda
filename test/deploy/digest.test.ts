import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  confirmCode,
  type DigestInput,
  digestOf,
  parsePlanDigest,
  shortDigest,
} from '../../src/deploy/digest.ts'
import {
  circumstancesOf,
  isDestructive,
  makePlan,
  type PlannedOperation,
  planOperation,
} from '../../src/deploy/plan.ts'
import { parseCommitSha, parseDeployRequestNumber } from '../../src/deploy/request.ts'
import { constraintName, tableNames } from '../../src/mysql/identifier.ts'
import { diffSchemas } from '../../src/schema/diff/diff.ts'
import { FORECAST, OPERATION } from '../render/a-view.ts'
import { schema, TAIL, type Tables, t } from '../schema/a-schema.ts'

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
      `"74fef0b2a6cc79e056a462979ca6773da02ec54edd6bd31670c996409301199b"`,
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

/** The digest of what brings `live` to `wanted`, both by table: its columns and other lines. */
function digestBetween(live: Tables, wanted: Tables, method: 'shadow' | 'instant' = 'shadow') {
  const schemas = { live: schema(live), wanted: schema(wanted) }
  const operations = diffSchemas(schemas.live, schemas.wanted).map((change) =>
    planOperation(change),
  )
  return makePlan(operations, circumstancesOf(operations, { ...schemas, method })).digest
}

describe('PLAN-1: a plan’s digest', () => {
  const others = fc.uniqueArray(fc.stringMatching(/^x[a-z]{1,6}$/), { maxLength: 4 })
  const column = fc.constantFrom('c int', 'c date', 'd int')
  const option = fc.constantFrom("COMMENT='x'", 'ROW_FORMAT=DYNAMIC')

  test('is the same whatever else there is, and in whatever order', () => {
    fc.assert(
      fc.property(others, others, column, (before, behind, added) => {
        const around = (tables: Tables): Tables => ({
          ...Object.fromEntries(before.map((name) => [name, ['a int']])),
          ...tables,
          ...Object.fromEntries(behind.map((name) => [`${name}_`, ['a int']])),
        })

        expect(digestBetween(around(t()), around(t(added)))).toBe(digestBetween(t(), t(added)))
      }),
    )
  })

  test('is another one for another statement, option of the table, live definition or way', () => {
    fc.assert(
      fc.property(column, column, option, (one, other, setting) => {
        const digest = digestBetween(t(), t(one))
        const isOther = digestBetween(t(), t(other)) !== digest

        expect(isOther).toBe(one !== other)
        expect(digestBetween(t(), t(one, '---', TAIL, setting))).not.toBe(digest)
        expect(digestBetween(t('---', TAIL, setting), t(one, '---', TAIL, setting))).not.toBe(
          digest,
        )
        expect(digestBetween(t('live int'), t('live int', one))).not.toBe(digest)
        expect(digestBetween(t(), t(one), 'instant')).not.toBe(digest)
      }),
    )
  })

  test('does not hold the tags that deployments leave in names of constraints', () => {
    const check = (name: string) => `CONSTRAINT \`${name}\` CHECK (\`a\` > 1)`
    const tagged = constraintName('c', 't', tableNames('d1', 't').shadow)

    expect(tagged).not.toBe('c')
    expect(digestBetween(t(check(tagged)), t())).toBe(digestBetween(t(check('c')), t()))
    expect(digestBetween(t(check('d')), t())).not.toBe(digestBetween(t(check('c')), t()))
  })

  test('holds the statements of views, and what they read', () => {
    const view = (of: string): Tables => ({
      v: `CREATE VIEW \`v\` AS select \`t\`.\`${of}\` AS \`x\` from \`t\``,
    })
    const digest = digestBetween(t(), { ...t(), ...view('a') })

    expect(digestBetween(t(), { ...t(), ...view('b') })).not.toBe(digest)
    expect(digestBetween(t('c int'), { ...t('c int'), ...view('a') })).toBe(digest)
    expect(digestBetween({ ...t(), ...view('b') }, { ...t(), ...view('a') })).not.toBe(digest)
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

describe('PLAN-1: an estimate', () => {
  test('does not change the digest, so that an approval outlives it', () => {
    const { statements, ...live } = INPUT
    const looked = (changes: Partial<PlannedOperation>) =>
      makePlan(
        statements.map((statement) => ({ ...operation(statement), ...changes })),
        live,
      ).digest

    expect(looked({ forecast: FORECAST, rowsEstimated: 5, how: 'refused', why: 'w' })).toBe(
      looked({}),
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
