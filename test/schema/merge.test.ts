import { describe, expect, test } from 'vitest'
import { fingerprintSchema } from '../../src/schema/fingerprint.ts'
import { mergeSchemas } from '../../src/schema/merge.ts'
import { schemaFromSql, schemaToSql } from '../../src/schema/parse.ts'

/** Tables by name, each with one column of the given type; its name is the type's. */
function schema(tables: Readonly<Record<string, string>>) {
  const sql = Object.entries(tables).map(([name, type]) => [
    name,
    `CREATE TABLE \`${name}\` (\n  \`c\` ${type} DEFAULT NULL\n) ENGINE=InnoDB`,
  ])
  return schemaFromSql(Object.fromEntries(sql))
}

describe('mergeSchemas', () => {
  test.each([
    ['nothing changed', { t: 'int' }, { t: 'int' }, { t: 'int' }, { t: 'int' }],
    ['ours changed it', { t: 'int' }, { t: 'int' }, { t: 'date' }, { t: 'date' }],
    ['theirs changed it', { t: 'int' }, { t: 'date' }, { t: 'int' }, { t: 'date' }],
    ['both changed it alike', { t: 'int' }, { t: 'date' }, { t: 'date' }, { t: 'date' }],
    ['ours made it', {}, {}, { t: 'int' }, { t: 'int' }],
    ['theirs made it: a stale base drops nothing', {}, { t: 'int' }, {}, { t: 'int' }],
    ['both made it alike', {}, { t: 'int' }, { t: 'int' }, { t: 'int' }],
    ['ours dropped it', { t: 'int' }, { t: 'int' }, {}, {}],
    ['theirs dropped it', { t: 'int' }, {}, { t: 'int' }, {}],
    ['both dropped it', { t: 'int' }, {}, {}, {}],
    [
      'each changed another',
      { t: 'int', u: 'int' },
      { t: 'date', u: 'int' },
      { t: 'int', u: 'time' },
      { t: 'date', u: 'time' },
    ],
  ] as const)('merges: %s', (...[, base, theirs, ours, merged]) => {
    const result = mergeSchemas(schema(base), schema(theirs), schema(ours))

    expect(result).toEqual({ kind: 'merged', schema: schema(merged) })
  })

  test.each([
    [
      'changed on both sides',
      { t: 'int' },
      { t: 'date' },
      { t: 'time' },
      'It was changed in production and, differently, here.',
    ],
    [
      'made on both sides',
      {},
      { t: 'date' },
      { t: 'time' },
      'Both sides created it, with different definitions.',
    ],
    [
      'dropped there',
      { t: 'int' },
      {},
      { t: 'time' },
      'It was dropped in production and changed here.',
    ],
    [
      'dropped here',
      { t: 'int' },
      { t: 'time' },
      {},
      'It was changed in production and dropped here.',
    ],
  ] as const)('finds a conflict: %s', (...[, base, theirs, ours, reason]) => {
    const result = mergeSchemas(schema(base), schema(theirs), schema(ours))

    expect(result).toEqual({ kind: 'conflict', conflicts: [{ table: 't', reason }] })
  })
})

describe('fingerprintSchema', () => {
  test('does not depend on the order of tables', () => {
    const one = schema({ a: 'int', b: 'date', '1': 'int' })
    const other = { ...one, tables: new Map([...one.tables].reverse()) }

    expect(fingerprintSchema(other)).toBe(fingerprintSchema(one))
    expect(fingerprintSchema(schemaFromSql(schemaToSql(one)))).toBe(fingerprintSchema(one))
  })

  test('is another one for every difference', () => {
    const prints = [{ a: 'int' }, { a: 'date' }, { b: 'int' }, {}, { a: 'int', b: 'int' }].map(
      (tables) => fingerprintSchema(schema(tables as Record<string, string>)),
    )

    expect(new Set(prints).size).toBe(5)
    for (const print of prints) expect(print).toMatch(/^[0-9a-f]{64}$/)
  })
})
